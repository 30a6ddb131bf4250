"""The real app in a process of its own, the ways a user runs it, for browser tests and benchmarks.

Each app runs in a copy of the project, on ports of its own, so that it touches neither the
developer's ``.web`` nor their ``.local`` accounts.
"""

import fcntl
import http.server
import json
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx

ROOT = Path(__file__).parent.parent
REFLEX = Path(sys.executable).with_name("reflex")
_VENV = REFLEX.parent.parent
_MAKE = ("make", "-f", str(ROOT / "Makefile"), f"VENV={_VENV}", "-o", f"{_VENV}/run.stamp")
"""The project's own recipes, without setting up Python packages."""

_COMMANDS = (sys.executable, "-m", "clerk_tinybird_app")
_COPIED = (
    "assets",
    "clerk_tinybird_app",
    "examples",
    "reflex.lock",
    "requirements.txt",
    "requirements-serve.txt",
    "rxconfig.py",
    "tinybird",
)
_START_SECONDS = 240.0
_STOP_SECONDS = 20.0
_FOREIGN = (
    *("APP_", "CLERK_", "TINYBIRD_", "TB_", "NEXT_PUBLIC_", "REFLEX_", "TRUSTED_"),
    "_CLERK_TINYBIRD_APP_",
)


def free_port() -> int:
    """Return a port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Tell whether something on this machine listens on ``port``."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(ready: Callable[[], bool], *, what: str, seconds: float = 15) -> None:
    """Poll ``ready`` until it is true.

    Raises:
        TimeoutError: It did not become true in ``seconds``; the text says ``what``.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Tell whether ``url`` answers 200 at the moment."""
    # Without TLS: to read the certificates anew for each look takes longer than the look.
    try:
        return httpx.get(url, timeout=5, verify=False).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def stop_group(process: subprocess.Popen[bytes]) -> None:
    """Stop a process that was started in a session of its own, with all that it started."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


class RunningApp:
    """A copy of the project that ``reflex`` runs.

    Args:
        folder: Where the copy goes; must not exist.
        env: Variables for the app, beside a clean environment.

    Attributes:
        origin: The address of the pages.
        log: Everything the processes print.
    """

    def __init__(self, folder: Path, env: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.log = folder / "app.log"
        self.port, self.backend_port = free_port(), free_port()
        self.tinybird_port = free_port()
        self.origin = f"http://localhost:{self.port}"
        self.backend = self.origin
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)},
            "REFLEX_FRONTEND_PORT": str(self.port),
            "REFLEX_BACKEND_PORT": str(self.backend_port),
            "TB_LOCAL_PORT": str(self.tinybird_port),
            **(env or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._last: tuple[Sequence[str | Path], *tuple[str, ...]] = ([],)
        self._static: http.server.ThreadingHTTPServer | None = None
        self._copy()

    def dev(self) -> Self:
        """Serve with hot reload: pages on one port, the backend on another."""
        self.backend = f"http://localhost:{self.backend_port}"
        return self._start([REFLEX, "run"], f"{self.origin}/api/health", self.origin)

    def dev_backend(self) -> Self:
        """Serve the backend with hot reload, without pages."""
        self.backend = f"http://localhost:{self.backend_port}"
        # Reflex refuses the port of a frontend that it does not run.
        del self.env["REFLEX_FRONTEND_PORT"]
        return self._start([REFLEX, "run", "--backend-only"], f"{self.backend}/api/health")

    def prod(self, kept: Path | None = None, *arguments: str) -> Self:
        """Build what is not built, then serve everything on one port, as ``make prod`` does.

        Args:
            kept: Where builds are kept, so that apps with the same pages build them only once.
            arguments: More arguments of the command.
        """
        if kept is not None:
            kept.mkdir(parents=True, exist_ok=True)
            (self.folder / ".built").symlink_to(kept)
        command = (*_COMMANDS, "serve", *arguments)
        return self._start(command, f"{self.origin}/api/health", self.origin)

    def reflex_prod(self) -> Self:
        """Build and serve everything on one port by Reflex alone."""
        # In the file it may stay: it is for development.
        self.env.pop("REFLEX_BACKEND_PORT", None)
        command = (REFLEX, "run", "--env", "prod")
        return self._start(command, f"{self.origin}/api/health", self.origin)

    @property
    def pages(self) -> Path:
        """The folder of the newest build."""
        return max(
            (self.folder / ".built").glob("*/build/client"), key=lambda path: path.stat().st_mtime
        )

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the app to its end."""
        return subprocess.run(
            [*_COMMANDS, *arguments], cwd=self.folder, env=self.env | env, capture_output=True,
            text=True, timeout=_START_SECONDS, check=False,
        )  # fmt: skip

    def exported(self, kept: Path) -> Self:
        """Build a static frontend, serve it with a plain file server, and the backend elsewhere.

        Args:
            kept: Where the export is kept, which fits every backend.
        """
        export = self.export(kept)
        # Reflex refuses the port of a frontend that it does not run.
        del self.env["REFLEX_FRONTEND_PORT"]
        self.backend = f"http://localhost:{self.backend_port}"
        self.env["CLERK_AUTHORIZED_PARTIES"] = self.origin
        for name in ("backend.js", "_headers"):
            text = (export / name).read_text()
            for scheme in ("http", "ws"):
                address = f"{scheme}://localhost:{self.backend_port}"
                text = text.replace(f"{scheme}s://backend.invalid", address)
            (export / name).write_text(text)
        self._serve_static(export)
        return self.backend_alone()

    def export(self, kept: Path) -> Path:
        """Return the folder of a static frontend, as `make export` builds it for any backend.

        Args:
            kept: Where such an export is kept, so that it is built only once.
        """
        kept.mkdir(parents=True, exist_ok=True)
        with (kept / "lock").open("w") as lock, self.log.open("ab") as log:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (kept / "export").exists():
                # Reflex refuses the port of a frontend that it does not run.
                env = {k: v for k, v in self.env.items() if k != "REFLEX_FRONTEND_PORT"}
                subprocess.run(
                    [*_MAKE, "export"],
                    cwd=self.folder, env=env, stdout=log, stderr=log, check=True, timeout=300,
                )  # fmt: skip
                shutil.copytree(self.folder / "export", kept / "export")
        export = self.folder / "own-export"
        shutil.copytree(kept / "export", export)
        return export

    def backend_alone(self) -> Self:
        """Serve the backend alone, as beside an exported frontend."""
        return self._start([*_COMMANDS, "serve", "--backend-only"], f"{self.backend}/api/health")

    def restart(self) -> None:
        """Stop everything and start it again the same way."""
        self.stop_process()
        self._start(*self._last)

    def workers(self) -> list[int]:
        """Return the processes that the main one has started, such as the server's workers."""
        assert self._process is not None
        found = subprocess.run(
            ["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in found.stdout.split()]

    def end(self, number: signal.Signals, *, is_typed: bool = False) -> None:
        """Send a signal to the main process, or to all as a terminal does, and do not wait."""
        assert self._process is not None
        (os.killpg if is_typed else os.kill)(self._process.pid, number)

    def ended(self) -> int:
        """Wait until the main process has ended and return its status."""
        assert self._process is not None
        return self._process.wait(_STOP_SECONDS)

    def stop_process(self) -> None:
        """Stop what ``reflex`` started, workers included."""
        if self._process is not None:
            stop_group(self._process)
        self._process = None

    def wait_for_tinybird(self) -> None:
        """Wait until the embedded Tinybird answers: the pages do not wait for it."""
        wait_until(
            lambda: answers(f"http://localhost:{self.tinybird_port}/tokens"),
            seconds=60,
            what="the embedded Tinybird did not start",
        )

    def kill_tinybird(self) -> None:
        """Kill the embedded Tinybird as the system does when memory is low."""
        self._signal(self.tinybird_pids(), signal.SIGKILL)

    def tinybird_pids(self) -> list[int]:
        """Return the embedded Tinybird's process, which ends with its backend."""
        found = subprocess.run(
            ["pgrep", "-f", f"local.tinybird .*--port {self.tinybird_port}"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return [int(pid) for pid in found.stdout.split()]

    @staticmethod
    def _signal(pids: list[int], number: signal.Signals) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    @contextmanager
    def without_tinybird(self) -> Iterator[None]:
        """Stop the embedded Tinybird for the block: nothing answers at its port."""
        deadline = time.monotonic() + _STOP_SECONDS
        while True:
            self.kill_tinybird()
            with suppress(OSError):
                # Its place is taken, so that the next one cannot start.
                silence = _Silence(
                    ("127.0.0.1", self.tinybird_port), socketserver.BaseRequestHandler
                )
                break
            if time.monotonic() > deadline:
                raise TimeoutError("the embedded Tinybird's port did not become free")
        with silence:
            threading.Thread(target=silence.serve_forever, args=(0.05,), daemon=True).start()
            try:
                yield
            finally:
                silence.shutdown()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze every process of the app for the block: connections stay, nothing answers."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self._process.pid, signal.SIGCONT)

    @contextmanager
    def frozen_tinybird(self) -> Iterator[None]:
        """Freeze the embedded Tinybird alone for the block."""
        pids = self.tinybird_pids()
        self._signal(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            self._signal(pids, signal.SIGCONT)

    def stop(self) -> None:
        """Stop everything that was started."""
        self.stop_process()
        if self._static:
            self._static.shutdown()
            self._static.server_close()

    @property
    def signing_key(self) -> str:
        """The key that Tinybird would check this app's tokens with."""
        kept = (self.folder / ".local" / "tinybird-workspace.json").read_text()
        key: str = json.loads(kept)["signing_key"]
        return key

    def _copy(self) -> None:
        # What is compiled comes along, so that no process of the copy has to compile it again; not
        # what another test is writing at the moment.
        ignore = shutil.ignore_patterns("*.pyc.*", "external")
        self.folder.mkdir(parents=True)
        for name in _COPIED:
            source, target = ROOT / name, self.folder / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=ignore)
            else:
                shutil.copy(source, target)
        # As a new user would have it: the example, not yet filled in.
        shutil.copy(ROOT / ".env.example", self.folder / ".env")
        sdk = ROOT / ".local" / "clerk-sdk"
        if sdk.exists():
            (self.folder / ".local").mkdir(mode=0o700)
            shutil.copytree(sdk, self.folder / ".local" / "clerk-sdk")

    def _start(self, command: Sequence[str | Path], *ready: str) -> Self:
        self._last = (command, *ready)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=self.env, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        wait_until(
            lambda: self._process_lives() and all(answers(url) for url in ready),
            seconds=_START_SECONDS,
            what=f"the app did not answer; its log: {self.log}",
        )
        return self

    def _process_lives(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"the app ended with {self._process.returncode}:\n{tail}")
        return True

    def _serve_static(self, built: Path) -> None:
        everywhere, _, _ = (built / "_headers").read_text().partition("/assets/*")
        headers = [line.strip().split(": ", 1) for line in everywhere.splitlines()[1:]]
        handler = partial(_StaticHost, headers, directory=str(built))
        self._static = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        threading.Thread(target=self._static.serve_forever, daemon=True).start()


class _Silence(socketserver.TCPServer):
    """Closes every connection without an answer."""

    allow_reuse_address = True


class _StaticHost(http.server.SimpleHTTPRequestHandler):
    """A plain host: it finds ``/sign-in`` in ``sign-in.html`` and sends the given headers."""

    def __init__(self, headers: list[list[str]], *args: Any, **kwargs: Any) -> None:
        self._headers = headers
        super().__init__(*args, **kwargs)

    def end_headers(self) -> None:
        for name, value in self._headers:
            self.send_header(name, value)
        super().end_headers()

    def translate_path(self, path: str) -> str:
        file = super().translate_path(path)
        return f"{file}.html" if not Path(file).suffix and Path(f"{file}.html").exists() else file

    def log_message(self, *args: object) -> None:
        pass
