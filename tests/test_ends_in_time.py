"""The end of a process takes no longer than it may."""

import asyncio
import logging
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from clerk_tinybird_app.serving.ends_in_time import EndsInTime

pytestmark = pytest.mark.anyio


async def _told(app: ASGIApp) -> list[str]:
    """Run an app from its start to its end; return what it tells the server."""
    told: list[str] = []
    coming = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, Any]:
        return {"type": next(coming)}

    async def send(message: Any) -> None:
        told.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    return told


def _app(ending: Any) -> ASGIApp:
    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        try:
            await ending()
        except asyncio.CancelledError:
            await send({"type": "lifespan.shutdown.failed"})
            raise
        await send({"type": "lifespan.shutdown.complete"})

    return app


async def test_what_hangs_at_the_end_is_cut_off_and_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    told = await _told(EndsInTime(_app(asyncio.Event().wait), seconds=0.05))

    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert "cut off" in caplog.text


async def test_what_does_not_even_let_itself_be_cancelled_is_left() -> None:
    released = asyncio.Event()

    async def stubborn() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    told = await _told(EndsInTime(_app(stubborn), seconds=0.05))
    released.set()

    assert told[-1] == "lifespan.shutdown.complete"


async def test_what_ends_in_time_ends_by_itself(caplog: pytest.LogCaptureFixture) -> None:
    ended: list[str] = []

    async def ending() -> None:
        await asyncio.sleep(0.01)
        ended.append("all")

    told = await _told(EndsInTime(_app(ending), seconds=30))

    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert ended == ["all"]
    assert caplog.text == ""


async def test_an_error_of_the_start_is_the_servers_to_tell() -> None:
    async def failing(*_: Any) -> None:
        raise ValueError("no start")

    with pytest.raises(ValueError, match="no start"):
        await _told(EndsInTime(failing))
