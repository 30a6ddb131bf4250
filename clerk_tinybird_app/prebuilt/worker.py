"""One worker of the server. It is imported in the worker's own process, when that begins."""

import os
import signal
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clerk_tinybird_app.logs.told import tell

_begun = time.monotonic()

# Until the worker serves, it has the handlers of the process that it was forked from, which would
# not end it. A Ctrl+C goes to all processes; the one that started this one then ends it.
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.SIG_IGN)


def app() -> ASGIApp:
    """Return the app, which says when this worker serves."""
    # It takes most of the time of a start, and needs the signals as they are set above.
    from clerk_tinybird_app.clerk_tinybird_app import app as assembled  # noqa: PLC0415
    from clerk_tinybird_app.clerk_tinybird_app import settings  # noqa: PLC0415

    served = assembled()

    async def announced(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await served(scope, receive, send)
            return

        async def send_and_tell(message: Message) -> None:
            await send(message)
            if message["type"] == "lifespan.startup.complete":
                seconds = time.monotonic() - _begun
                mine = f"worker {os.getpid()}, ready after {seconds:.1f} s"
                tell(f"App running at: {settings.origins[0]} ({mine})")

        await served(scope, receive, send_and_tell)

    return announced
