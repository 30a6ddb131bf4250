"""An error that ends a background task is logged."""

import asyncio
import gc
import logging

import pytest

from clerk_tinybird_app.background import in_background

pytestmark = pytest.mark.anyio


async def failing() -> None:
    raise RuntimeError("out of luck")


async def waiting(event: asyncio.Event) -> str:
    await event.wait()
    return "done"


async def test_an_error_is_logged_with_the_tasks_name_though_nobody_awaits_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    task = in_background(failing(), "the sample traffic")
    await asyncio.wait((task,))
    await asyncio.sleep(0)

    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage().startswith("The sample traffic ended with an error.")
    # In the message itself once the app's own redaction is in place.
    assert "RuntimeError: out of luck" in caplog.text


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_an_end_without_an_error_is_no_news(
    caplog: pytest.LogCaptureFixture, is_cancelled: bool
) -> None:
    event = asyncio.Event()
    task = in_background(waiting(event), "the watch")
    if is_cancelled:
        task.cancel()
    event.set()
    await asyncio.wait((task,))
    await asyncio.sleep(0)

    assert caplog.records == []


async def test_a_task_that_nobody_holds_goes_on() -> None:
    event, ended = asyncio.Event(), asyncio.Event()

    async def told() -> None:
        await event.wait()
        ended.set()

    in_background(told(), "the watch")
    await asyncio.sleep(0)
    gc.collect()
    event.set()

    async with asyncio.timeout(1):
        await ended.wait()
