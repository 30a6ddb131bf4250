"""The real ``tb`` command, in a project folder, with a home of its own and nothing but loopback."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

SECONDS: Final = 60.0
NOWHERE: Final = "http://127.0.0.1:9"
"""The discard port: what would leave this machine fails at once."""


def quiet(home: Path) -> Mapping[str, str]:
    """Return the variables of a client that reports to nobody and reads nobody's settings."""
    return {
        "HOME": str(home),
        "PATH": os.defpath,
        "PYTHONUTF8": "1",
        "TB_CLI_TELEMETRY_OPTOUT": "1",
        "TB_VERSION_WARNING": "0",
        "GIT_PYTHON_REFRESH": "quiet",  # its import of GitPython fails where there is no git
        "HTTP_PROXY": NOWHERE,
        "HTTPS_PROXY": NOWHERE,
        "NO_PROXY": "localhost,127.0.0.1",
    }


@dataclass(frozen=True)
class Said:
    """What a command wrote, and its exit status."""

    status: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout + self.stderr


@dataclass(frozen=True)
class Tb:
    """``tb`` against the Tinybird at a port of this machine.

    Attributes:
        program: The command.
        project: The Tinybird project that it is run in.
        home: Where it keeps its settings.
        port: Where Tinybird answers.
        token: The token of its commands for the cloud.
        more: More variables of its environment.
    """

    program: Path
    project: Path
    home: Path
    port: int
    token: str = field(repr=False)
    more: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> Said:
        here = {"TB_LOCAL_HOST": "localhost", "TB_LOCAL_PORT": str(self.port)}
        done = subprocess.run(
            [str(self.program), *arguments],
            cwd=self.project,
            env={**quiet(self.home), **here, **self.more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=SECONDS,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def local(self, *arguments: str) -> Said:
        return self.run("--local", *arguments)

    def cloud(self, *arguments: str) -> Said:
        host = f"http://localhost:{self.port}"
        return self.run("--cloud", "--host", host, "--token", self.token, *arguments)

    def edit(self, file: str, old: str, new: str) -> int:
        """Replace the first ``old`` in a file of the project; return the line it is in."""
        path = self.project / file
        text = path.read_text(encoding="utf-8")
        before, found, after = text.partition(old)
        assert found, f"{file} does not contain {old!r}"
        path.write_text(before + new + after, encoding="utf-8")
        return before.count("\n") + 1
