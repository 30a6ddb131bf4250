"""Builds the pages when what they are made of has changed, and keeps each build whole.

A build is a folder below ``.built/`` that is named by its ingredients and never changes. It is put
there at the end, so a folder that is there is complete, and a server that runs keeps its own pages
while the next ones are built.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from clerk_tinybird_app.bun import BUN
from clerk_tinybird_app.prebuilt.ingredients import Ingredients
from clerk_tinybird_app.reflex_internals import as_built
from clerk_tinybird_app.settings import Settings

BUILDS: Final = Path(".built")
_MADE_OF: Final = "made-of.json"
_LOCK: Final = "lock"
_KEPT: Final = 3
"""How many builds stay: the newest, and those that servers may still be using."""

_COMMAND: Final = "python -m clerk_tinybird_app build"

Say = Callable[[str], None]


class NotBuiltError(Exception):
    """There are no pages to serve; the text says why and what to do."""


def built(settings: Settings, folder: Path) -> Path:
    """Return the folder of the pages that are built for ``settings``.

    Args:
        settings: The configuration.
        folder: Where the app is.

    Raises:
        NotBuiltError: They are not built, or something has changed since.
    """
    ingredients = Ingredients.of(settings, folder)
    place = folder / BUILDS / ingredients.stamp
    if place.is_dir():
        return place
    told = _why(ingredients, folder / BUILDS)
    raise NotBuiltError(
        f"There are no pages to serve: {told}. Build them with `{_COMMAND}`, where bun is and with "
        f"the configuration of this start, and bring the folder {BUILDS}/ here."
    )


def build(settings: Settings, folder: Path, say: Say) -> Path:
    """Return the folder of the pages for ``settings``, built now unless they are there.

    Args:
        settings: The configuration.
        folder: Where the app is.
        say: Gets a sentence about each step that takes long.

    Raises:
        NotBuiltError: They cannot be built.
    """
    begun = time.monotonic()
    builds = folder / BUILDS
    ingredients = Ingredients.of(settings, folder)
    place = builds / ingredients.stamp
    if place.is_dir():
        say("The pages are built, and nothing has changed since.")
        return place
    if not BUN.is_file():
        raise NotBuiltError(
            f"The pages must be built ({_why(ingredients, builds)}), and bun, which builds them, "
            "is not installed: pip install -r requirements.txt. Or build them elsewhere, and bring "
            f"the folder {BUILDS}/ here."
        )
    builds.mkdir(exist_ok=True)
    with _locked(builds / _LOCK, say):
        if place.is_dir():
            say("They are built now.")
            return place
        say(f"Building the pages: {_why(ingredients, builds)}.")
        _export(folder)
        _publish(folder / os.environ.get(as_built.WEB_VARIABLE, as_built.WEB), ingredients, place)
        _forget_old(builds)
    say(f"Built in {time.monotonic() - begun:.1f} s.")
    return place


def _why(ingredients: Ingredients, builds: Path) -> str:
    """Say why there is no build of these ingredients."""
    for latest in _newest_first(builds):
        if before := Ingredients.load(latest / _MADE_OF):
            return f"changed since the last build: {ingredients.changed_since(before)}"
    return "none are built yet"


def _newest_first(builds: Path) -> list[Path]:
    found = [path for path in builds.glob("[!.]*") if path.is_dir()]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def _export(folder: Path) -> None:
    """Let Reflex build.

    Raises:
        NotBuiltError: It cannot; it has said why.
    """
    env = {**os.environ, as_built.BACKEND_PORT_VARIABLE: ""}
    # In a session of its own, so that a stop ends also what it starts.
    process = subprocess.Popen(  # noqa: S603 - a fixed command, no shell
        as_built.EXPORT, cwd=folder, env=env, start_new_session=True
    )
    try:
        status = process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if status:
        raise NotBuiltError("The pages could not be built. What was said before this tells why.")


def _publish(web: Path, ingredients: Ingredients, place: Path) -> None:
    """Copy what serving needs out of ``web``, and put it at its place when it is complete."""
    with TemporaryDirectory(dir=place.parent, prefix=".") as name:
        draft = Path(name) / place.name
        ignored = shutil.ignore_patterns(*as_built.NOT_SERVED)
        for part in as_built.SERVED:
            shutil.copytree(web / part, draft / part, ignore=ignored)
        ingredients.save(draft / _MADE_OF)
        draft.rename(place)


def _forget_old(builds: Path) -> None:
    for old in _newest_first(builds)[_KEPT:]:
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _locked(file: Path, say: Say) -> Iterator[None]:
    """Hold a lock on ``file``; it ends with the process, however that ends."""
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another process is building the pages. Waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
