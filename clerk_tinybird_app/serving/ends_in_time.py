"""ASGI middleware that bounds how long the end of a process takes, whatever hangs."""

import asyncio
import logging
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

END_SECONDS: Final = 4.25
"""How long the app may take to end, once requests have. See ``prebuilt/supervisor.py``."""

_CUT_OFF_SECONDS: Final = 0.5
_logger = logging.getLogger(__name__)


class EndsInTime:
    """Lets the app close what it has open, for a while.

    A process that is killed instead flushes no log and no trace.

    Args:
        app: The app.
        seconds: How long it may take to end.
    """

    def __init__(self, app: ASGIApp, seconds: float = END_SECONDS) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and answer the server's message of the end for an app that does not."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        ending, is_cut_off = asyncio.Event(), False

        async def received() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                ending.set()
            return message

        async def sent(message: Message) -> None:
            if not is_cut_off:
                await send(message)

        living = asyncio.ensure_future(self._app(scope, received, sent))
        told = asyncio.create_task(ending.wait())
        await asyncio.wait({living, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        _, late = await asyncio.wait({living}, timeout=self._seconds)
        if not late:
            await living
            return
        _logger.warning("This process was cut off: its end took over %.0f s.", self._seconds)
        is_cut_off = True
        living.cancel()
        await asyncio.wait({living}, timeout=_CUT_OFF_SECONDS)
        await send({"type": "lifespan.shutdown.complete"})
