"""Queries run beside each other, as many a second as a token may make."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from clerk_tinybird_app.state.queries import ask_side_by_side

pytestmark = pytest.mark.anyio


def query(
    name: str, started: list[str], until: asyncio.Event | None = None
) -> Callable[[], Awaitable[str]]:
    async def ask() -> str:
        started.append(name)
        if until:
            await until.wait()
        return name

    return ask


async def test_what_comes_soon_is_shown_as_one_and_nobody_waits_for_the_slow() -> None:
    shown: list[tuple[list[str], bool]] = []
    started: list[str] = []
    slow = asyncio.Event()

    async def show(answers: list[str], are_more: bool) -> None:
        shown.append((sorted(answers), are_more))
        slow.set()

    await ask_side_by_side(
        [query("a", started), query("slow", started, slow), query("b", started)],
        show,
        per_second=10,
    )

    assert started == ["a", "slow", "b"]
    assert shown == [(["a", "b"], True), (["slow"], False)]


async def test_what_comes_later_is_shown_together_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clerk_tinybird_app.state.queries.TOGETHER_SECONDS", 0.3)
    shown: list[list[str]] = []
    late = asyncio.Event()

    async def show(answers: list[str], _are_more: bool) -> None:
        shown.append(sorted(answers))
        if answers == ["first"]:
            late.set()

    # Each is done a turn of the loop after the one before it.
    async def after(turns: int, name: str) -> str:
        await late.wait()
        for _ in range(turns):
            await asyncio.sleep(0)
        return name

    later = [partial(after, turns, str(turns)) for turns in (1, 2, 3)]
    await ask_side_by_side([query("first", []), *later], show, per_second=10)

    assert shown == [["first"], ["1", "2", "3"]]


async def test_no_more_start_within_a_second_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    delays: list[float] = []

    async def sleep(seconds: float) -> None:
        delays.append(seconds)

    monkeypatch.setattr("clerk_tinybird_app.state.queries.asyncio.sleep", sleep)
    shown: list[str] = []

    async def show(answers: list[str], _are_more: bool) -> None:
        shown.extend(answers)

    await ask_side_by_side([query(name, []) for name in "abcde"], show, per_second=2)

    assert sorted(delays) == [0, 0, 1, 1, 2]
    assert sorted(shown) == list("abcde")


async def test_when_stopped_every_query_is_stopped() -> None:
    running: list[str] = []
    stopped: list[str] = []

    async def ask() -> str:
        running.append("one")
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append("one")
        return ""

    async def show(_: list[str], _are_more: bool) -> None:
        raise AssertionError

    task = asyncio.create_task(ask_side_by_side([ask, ask], show, per_second=10))
    while len(running) < 2:
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert stopped == ["one", "one"]
