"""The app's backend in a process of its own, without its pages, and a tab at it."""

import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

import httpx
from simple_websocket import Client, ConnectionClosed

from tests.reflex_internals.frames import HYDRATE, NAMESPACE, connect, event, fields, message
from tests.running_app import RunningApp

# No Tinybird is started, because websockets do not need it.
_ENV: Final = {
    "WEB_CONCURRENCY": "1",
    "TINYBIRD_API_URL": "http://127.0.0.1:9",
    "TINYBIRD_WORKSPACE_ID": "8d1c4d1a-6f0e-4f4c-9a57-0a3a4f5b6c7d",
    "TINYBIRD_JWT_SECRET": "p.test.signing-key-of-no-workspace-at-all",
}


class Backend:
    """A context that serves the app as in production.

    Args:
        folder: Where the copy of the project goes.
        env: More variables.

    Attributes:
        app: The copy of the project, its ports and its log.
    """

    def __init__(self, folder: Path, **env: str) -> None:
        self.app = RunningApp(folder, _ENV | env)
        self.app.env["REFLEX_BACKEND_PORT"] = str(self.app.port)

    def __enter__(self) -> Self:
        try:
            self.app.backend_alone()
        except BaseException:
            self.app.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.app.stop()

    def log(self) -> str:
        """Return everything that the server has written."""
        return self.app.log.read_text(encoding="utf-8", errors="replace")

    def refused(self, place: str, code: str) -> int:
        """Return how often something was refused."""
        token = self.app.env.get("METRICS_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        said = httpx.get(f"http://127.0.0.1:{self.app.port}/api/metrics", headers=headers).text
        found = re.search(rf'app_refusals_total{{code="{code}",place="{place}"}} (\d+)', said)
        return int(found[1]) if found else 0

    @contextmanager
    def websocket(self, *, subprotocol: str = "") -> Iterator[Client]:
        """Open a websocket. At the end, close it if the server has not closed it."""
        websocket = Client.connect(
            f"ws://127.0.0.1:{self.app.port}{self._path(f'token={uuid.uuid4()}')}",
            headers={"Origin": self.app.origin},
            subprotocols=[subprotocol] if subprotocol else None,
        )
        try:
            yield websocket
            with suppress(ConnectionClosed):
                websocket.close()
        finally:
            websocket.sock.close()

    def send(self, frames: Iterable[str | bytes], **handshake: str) -> None:
        """Open a websocket, send frames as long as it is open, and close it."""
        # The client closes its socket from another thread when the server does: hence OSError, but
        # not of connecting.
        with (
            suppress(ConnectionClosed),
            self.websocket(**handshake) as websocket,
            suppress(OSError),
        ):
            for frame in frames:
                websocket.send(frame)
            # When this is answered, the server has read all frames before it.
            websocket.send(message("ping"))
            _until(websocket, '"pong"')

    @contextmanager
    def tab(self) -> Iterator[Client]:
        """Open a websocket as a page does, which then has its first state."""
        with self.websocket() as websocket:
            websocket.send(connect({"event": fields(HYDRATE)}))
            if not _until(websocket, '"is_hydrated'):
                raise TimeoutError("the tab got no state")
            yield websocket

    def handshake(self, query: str) -> int:
        """Ask for a websocket that the server refuses; return the status."""
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        url = f"{self.app.origin}{self._path(query)}"
        return httpx.get(url, headers=headers, verify=False).status_code

    def serves_a_tab(self) -> bool:
        """Tell whether a page that is opened now gets its state, and an answer to an event."""
        with self.tab() as websocket:
            websocket.send(event(f"{HYDRATE.rpartition('.')[0]}.hydrate"))
            return _until(websocket, '"is_hydrated')

    @staticmethod
    def _path(query: str) -> str:
        return f"{NAMESPACE}/?EIO=4&transport=websocket&{query}"


def _until(websocket: Client, sign: str) -> bool:
    while frame := websocket.receive(timeout=5):
        if sign in frame:
            return True
    return False
