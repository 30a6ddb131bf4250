"""One worker of the server, a process of its own. The supervisor starts it and tells it to end."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
from types import FrameType
from typing import Any, Final

import uvicorn
from uvicorn.main import main as uvicorn_command

from clerk_tinybird_app.prebuilt.http_protocol import HttpProtocol
from clerk_tinybird_app.prebuilt.refusing import SaidHere
from clerk_tinybird_app.prebuilt.websocket_protocol import WebsocketProtocol
from clerk_tinybird_app.reflex_internals.frames import MAX_FRAME
from clerk_tinybird_app.settings.environment import TUNABLE, UVICORN

READY: Final = b"."

_COLLECT_AFTER: Final = (10_000, 10, 10)
"""How many more objects begin a collection of the youngest, and so on; Python's own is 700.

With 5,000 tabs a collection of all stops a worker for a second and a half. Python's own numbers
begin one every 40 seconds, these after about a thousand tabs were opened.
"""

FINISH_SECONDS: Final = 3
"""How long requests that are under way may take at the end; then the app has its own time."""


def tuned() -> dict[str, Any]:
    """Return the tunable options, as uvicorn's own command reads them from the environment.

    Raises:
        click.BadParameter: The value of a variable cannot be used.
    """
    context = uvicorn_command.make_context("uvicorn", [""], auto_envvar_prefix=UVICORN.strip("_"))
    return {name: context.params[name] for name in TUNABLE}


class _Server(uvicorn.Server):
    """Tells the supervisor when it serves, and ends when that says so alone.

    Args:
        config: uvicorn's.
        supervisor: The supervisor's end of it closes when that ends, however it does.
    """

    def __init__(self, config: uvicorn.Config, supervisor: socket.socket) -> None:
        super().__init__(config)
        self._supervisor = supervisor

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        self._supervisor.send(READY)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle a signal. A Ctrl+C goes to the supervisor too, which then stops this one."""
        # Not noted either: uvicorn would send itself the signal again at the end.
        self.should_exit |= sig == signal.SIGTERM


def _ends_with(supervisor: socket.socket) -> None:
    supervisor.recv(1)
    os.kill(os.getpid(), signal.SIGTERM)


def main(target: str, *numbers: str) -> None:
    """Serve until SIGTERM or the end of the supervisor.

    Args:
        target: The module and the name of the function that makes the app.
        numbers: The descriptors of the socket to listen on, and of the way to the supervisor.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    for number in (signal.SIGINT, signal.SIGHUP):
        # Not ignored: what this process starts would ignore it too.
        signal.signal(number, lambda *_: None)
    listening, supervisor = (socket.socket(fileno=int(number)) for number in numbers)
    threading.Thread(target=_ends_with, args=(supervisor,), daemon=True).start()
    config = uvicorn.Config(
        target,
        factory=True,
        interface="asgi3",
        lifespan="on",
        http=HttpProtocol,
        ws=WebsocketProtocol,
        ws_max_size=MAX_FRAME,
        ws_per_message_deflate=False,
        # Engine.IO has pings of its own.
        ws_ping_interval=None,
        # The app has its own log, access log, and way to read what proxies say.
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        workers=1,
        timeout_graceful_shutdown=FINISH_SECONDS,
        **tuned(),
    )
    # Before the app's own filters, which count what they see.
    logging.getLogger("uvicorn.error").addFilter(SaidHere())
    config.load()
    gc.set_threshold(*_COLLECT_AFTER)
    # Not by asyncio.run, which cancels what still hangs at the end, and that is logged as a fault.
    loop = asyncio.new_event_loop()
    loop.run_until_complete(_Server(config, supervisor).serve([listening]))


if __name__ == "__main__":
    main(*sys.argv[1:])
