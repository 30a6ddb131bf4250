"""The embedded Tinybird in a process of its own, on a free port, as a program sees it."""

import copy
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import jwt

ROOT = Path(__file__).parents[3]
START_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(ready: Callable[[], bool], what: str, seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


def play(module: str, scene: str, folder: Path) -> Any:
    """Play a scene of a module in a process of its own; return what it tells."""
    done = subprocess.run(
        [sys.executable, "-m", module, scene, str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        timeout=180,
    )
    return json.loads(done.stdout)


class Tinybird:
    """Runs ``python -m clerk_tinybird_app.local.tinybird`` and speaks HTTP to it."""

    def __init__(self, project: Path, data: Path, *arguments: str) -> None:
        self.project = project
        self.data = data
        self.port = free_port()
        self.arguments = arguments
        self.log = data.with_name(f"{data.name}.log")
        self.http = httpx.Client(base_url=f"http://localhost:{self.port}", timeout=30)
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log
            )
        until(self.answers, f"no answer: {self.log.read_text()}")
        kept = json.loads(self.data.with_name(f"{self.data.name}-workspace.json").read_text())
        self.workspace_id, self.key = kept["workspace_id"], kept["signing_key"]

    def command(self) -> list[str]:
        module = "clerk_tinybird_app.local.tinybird"
        places = ["--project", str(self.project), "--data", str(self.data)]
        return [
            *(sys.executable, "-m", module, *places),
            *("--port", str(self.port), "--ends-with-stdin", *self.arguments),
        ]

    def answers(self) -> bool:
        if self.process.poll() is not None:
            raise RuntimeError(self.log.read_text())
        try:
            return self.http.get("/tokens").is_success
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.release()

    def release(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        if self.process.poll() is None:
            self.stop()
        self.release()

    @contextmanager
    def serving(self, project: Path) -> Iterator[Self]:
        """Serve another project as well, in a workspace of its own: no process has to start."""
        files = {
            file.relative_to(project).as_posix(): file.read_text() for file in project.rglob("*.*")
        }
        with self.workspace(str(project)) as made:
            answer = self.build(files, made["token"])
            assert answer["result"] == "success", answer
            other = copy.copy(self)
            other.project, other.workspace_id, other.key = project, made["id"], made["token"]
            yield other

    @contextmanager
    def workspace(self, name: str) -> Iterator[dict[str, str]]:
        """Make a workspace, which the API describes, and remove it at the end."""
        made = self.post("/v1/workspaces", params={"name": name}).json()
        try:
            yield made
        finally:
            self.http.delete(f"/v1/workspaces/{made['id']}", headers=self.bearer(None))

    def build(self, files: Mapping[str, str], key: str | None = None) -> Any:
        """Build files, by their names; return what the API answers."""
        parts = [("data_project://", one) for one in files.items()]
        return self.post("/v1/build", key, files=parts).json()

    def token(self, *scopes: Mapping[str, Any], **changes: Any) -> str:
        """Return a JWT; ``changes`` replace claims, None removes one."""
        claims: dict[str, Any] = {
            "workspace_id": self.workspace_id,
            "name": "someone",
            "exp": int(time.time()) + 60,
            "scopes": list(scopes),
            **changes,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, self.key, algorithm="HS256")

    def get(self, path: str, token: str | None = None, **params: Any) -> httpx.Response:
        return self.http.get(path, params=params, headers=self.bearer(token))

    def post(self, path: str, token: str | None = None, **request: Any) -> httpx.Response:
        headers = {**self.bearer(token), **request.pop("headers", {})}
        return self.http.post(path, headers=headers, **request)

    def bearer(self, token: str | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {token or self.key}"}

    def sql(self, query: str) -> str:
        answer = self.get("/v0/sql", q=query)
        assert answer.status_code == 200, answer.text
        return answer.text.strip()

    def add(self, *rows: Mapping[str, Any], name: str = "visits") -> None:
        body = "\n".join(map(json.dumps, rows))
        answer = self.post(f"/v0/events?name={name}&wait=true", content=body)
        assert answer.json() == {"successful_rows": len(rows), "quarantined_rows": 0}


def running(own: Tinybird) -> list[str]:
    """Return the slow queries that run."""
    found = own.sql(
        "SELECT query FROM system.processes "
        "WHERE match(query, '^SELECT (sum.sleepEachRow|count.. AS found)') FORMAT JSONEachRow"
    )
    return [json.loads(line)["query"] for line in found.splitlines()]


def reads(pipe: str, **fixed: Any) -> dict[str, Any]:
    return {"type": "PIPES:READ", "resource": pipe, "fixed_params": fixed}
