"""The embedded Tinybird in a folder of its own, started and stopped as often as need be."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

import jwt

from benchmarks.kept_connection import KeptConnection, request
from clerk_tinybird_app.local.tinybird.access.static_tokens import kept_workspace
from clerk_tinybird_app.tinybird.token import ALGORITHM
from tests.running_app import ROOT, free_port

TRIVIAL: Final = "bench_trivial"
"""A pipe that reads nothing, beside those of the project."""

_MODULE: Final = "clerk_tinybird_app.local.tinybird"
_PRODUCT: Final = "clerk_tinybird_app.product"
_TRIVIAL_PIPE: Final = "NODE endpoint\nSQL >\n    SELECT 1 AS one\n\nTYPE ENDPOINT\n"
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.01
_TOKEN_SECONDS: Final = 600
_RPS: Final = 10_000_000
_OK: Final = 200


class TinybirdServer:
    """The embedded Tinybird on a copy of the project; a context that stops it.

    Args:
        folder: Where all of it goes; made when missing.

    Attributes:
        folder: The working directory of its process.
        project: The copy of the project, with `TRIVIAL`.
        port: Its port on this machine.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "tinybird"
        self.port = free_port()
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        shutil.copytree(ROOT / "tinybird", self.project)
        (self.project / "endpoints" / f"{TRIVIAL}.pipe").write_text(_TRIVIAL_PIPE)
        self._kept = kept_workspace(self._data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def chdb_folder(self) -> Path:
        """What chDB keeps; only for while the server is stopped."""
        return self._data / "chdb"

    def start(self, *, seeds: bool = False) -> float:
        """Start it; return the seconds until it answered.

        Raises:
            RuntimeError: It ended, or did not answer in a minute.
        """
        # It ends with its input too, so that it never outlives this process.
        options = ["--project", "tinybird", "--data", "data", "--ends-with-stdin"]
        options += ["--port", str(self.port), *(["--product", _PRODUCT] if seeds else [])]
        started = time.perf_counter()
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE, *options],
                cwd=self.folder, env={"PYTHONPATH": str(ROOT), "PATH": ""},
                stdin=subprocess.PIPE, stdout=log, stderr=log,
            )  # fmt: skip
        while not self._answers():
            if self._process.poll() is not None or time.perf_counter() - started > _START_SECONDS:
                raise RuntimeError(f"no embedded Tinybird: {self._last_line()}")
            time.sleep(_POLL_SECONDS)
        return time.perf_counter() - started

    def stop(self) -> None:
        """Stop it; harmless when it is not running."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        finally:
            if process.stdin:
                process.stdin.close()

    def token(self, pipe: str, tenant: str) -> str:
        """Sign a token that reads a pipe for a tenant, as the app mints them."""
        scope = {"type": "PIPES:READ", "resource": pipe, "fixed_params": {"tenant_id": tenant}}
        claims = {
            "workspace_id": self._kept.workspace_id,
            "name": f"bench_{pipe}_{tenant}",
            "exp": int(time.time()) + _TOKEN_SECONDS,
            "scopes": [scope],
            "limits": {"rps": _RPS},
        }
        return jwt.encode(claims, self._kept.signing_key, algorithm=ALGORITHM)

    def append_token(self) -> str:
        """Return the project's own token for adding rows."""
        found: str = self._as_admin("/v0/tokens/requests_append")["token"]
        return found

    def query(self, sql: str) -> list[Mapping[str, Any]]:
        """Return the rows of a query, asked as the admin."""
        path = f"/v0/sql?q={quote(sql + ' FORMAT JSON', safe='')}"
        rows: list[Mapping[str, Any]] = self._as_admin(path)["data"]
        return rows

    def _as_admin(self, path: str) -> Any:
        with KeptConnection(self.port) as connection:
            status, body = connection.ask(request("GET", path, self._kept.signing_key))
        if status != _OK:
            raise RuntimeError(f"{path} was answered {status}: {body[:200]!r}")
        return json.loads(body)

    def _answers(self) -> bool:
        with suppress(OSError), KeptConnection(self.port) as connection:
            return connection.ask(request("GET", "/tokens", ""))[0] == _OK
        return False

    def _last_line(self) -> str:
        lines = (self.folder / "server.log").read_text(errors="replace").splitlines()
        return lines[-1] if lines else "it said nothing"
