"""Finds dotenv files with secrets in them that other users of this machine can read."""

import stat
from dataclasses import fields
from pathlib import Path
from typing import Final

from clerk_tinybird_app.settings.dotenv_files import read_dotenv
from clerk_tinybird_app.settings.environment import canonical
from clerk_tinybird_app.settings.settings import DOTENV_FILES, Settings

_PUBLIC: Final = ("CLERK_JWT_KEY", "TINYBIRD_API_KEY")
"""What is kept out of logs as well, and is public by nature."""

_BY_OTHERS: Final = stat.S_IRGRP | stat.S_IROTH


def exposed(folder: Path | None = None) -> list[str]:
    """Return a sentence for each dotenv file with a secret that others can read.

    Args:
        folder: Where the files are, the working directory when None.

    Raises:
        SettingsError: A dotenv file cannot be read.
    """
    secret = {item.metadata["env"] for item in fields(Settings) if item.metadata["secret"]}
    told = []
    for name in DOTENV_FILES:
        file = (folder or Path.cwd()) / name
        held = sorted(secret.difference(_PUBLIC) & canonical(read_dotenv(file)).keys())
        if held and (mode := file.stat().st_mode) & _BY_OTHERS:
            who = "this machine" if mode & stat.S_IROTH else "its group"
            told.append(f"{name} holds {', '.join(held)}, and all users of {who} can read it")
    return told
