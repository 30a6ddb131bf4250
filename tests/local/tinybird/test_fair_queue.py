"""Whose query runs next."""

import asyncio

import pytest

from clerk_tinybird_app.local.tinybird.engine.fair_queue import ClientGone, FairQueue
from clerk_tinybird_app.local.tinybird.errors import ApiError

pytestmark = pytest.mark.anyio


class Waiting:
    """A query that waits for its turn, whose client can leave."""

    def __init__(self, queue: FairQueue, name: str, log: list[str]) -> None:
        self.leaving: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._wait(queue, name, log))

    async def _wait(self, queue: FairQueue, name: str, log: list[str]) -> None:
        await queue.wait(name, self.leaving)
        log.append(name)


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def waiting(queue: FairQueue, *names: str) -> tuple[list[str], list[Waiting]]:
    """Return the names that get a turn from now on, in order, and what waits."""
    log: list[str] = []
    queries = [Waiting(queue, name, log) for name in names]
    await settled()
    return log, queries


async def test_one_name_gets_its_share_and_another_name_the_rest() -> None:
    queue = FairQueue(4, 2)
    assert [queue.take_at_once("a") for _ in range(3)] == [True, True, False]
    assert [queue.take_at_once("b") for _ in range(3)] == [True, True, False]


async def test_all_names_together_get_no_more_than_there_are() -> None:
    queue = FairQueue(2, 2)
    assert [queue.take_at_once(name) for name in "abc"] == [True, True, False]


async def test_who_waits_gets_the_turn_that_is_given_back() -> None:
    queue = FairQueue(2, 1)
    queue.take_at_once("a")
    log, _ = await waiting(queue, "a")
    assert log == []
    queue.give_back("a")
    await settled()
    assert log == ["a"]


async def test_names_alternate_however_many_queries_each_has_waiting() -> None:
    queue = FairQueue(1, 1)
    queue.take_at_once("a")
    log, _ = await waiting(queue, "a", "a", "a", "b", "b", "c")
    for name in ("a", "a", "b", "c", "a", "b"):
        queue.give_back(name)
        await settled()
    assert log == ["a", "b", "c", "a", "b", "a"]


async def test_a_name_that_has_its_share_is_passed_over() -> None:
    queue = FairQueue(3, 2)
    for name in "aab":
        queue.take_at_once(name)
    log, _ = await waiting(queue, "a", "b")
    queue.give_back("b")
    await settled()
    assert log == ["b"]


async def test_a_name_that_runs_nothing_goes_before_those_that_do() -> None:
    queue = FairQueue(4, 3)
    for name in "aabb":
        queue.take_at_once(name)
    log, _ = await waiting(queue, "a", "b", "c")
    for name in "aab":
        queue.give_back(name)
        await settled()
    assert log == ["c", "a", "b"]


async def test_too_many_waiting_of_one_name_are_told_when_to_come_back() -> None:
    queue = FairQueue(2, 1)
    queue.take_at_once("a")
    _, queries = await waiting(queue, *"a" * 33)
    error = queries[-1].task.exception()
    assert isinstance(error, ApiError)
    assert (error.status, error.headers["Retry-After"]) == (429, "1")
    assert "1 running and 32 waiting" in error.message
    assert not any(query.task.done() for query in queries[:-1])
    assert queue.take_at_once("b")


async def test_too_many_waiting_of_all_names_are_told_so_too() -> None:
    queue = FairQueue(1, 1)
    queue.take_at_once("a")
    _, queries = await waiting(queue, *(f"name {number}" for number in range(513)))
    assert [query.task.done() for query in queries] == [False] * 512 + [True]
    assert isinstance(queries[-1].task.exception(), ApiError)


async def test_who_leaves_gets_no_turn_and_the_next_one_does() -> None:
    queue = FairQueue(1, 1)
    queue.take_at_once("a")
    log, (first, _) = await waiting(queue, "a", "b")
    first.leaving.set_result(None)
    await settled()
    assert isinstance(first.task.exception(), ClientGone)
    queue.give_back("a")
    await settled()
    assert log == ["b"]


async def test_a_turn_that_comes_as_its_client_leaves_is_passed_on() -> None:
    queue = FairQueue(1, 1)
    queue.take_at_once("a")
    log, (first, _) = await waiting(queue, "a", "b")
    queue.give_back("a")
    first.leaving.set_result(None)
    await settled()
    assert (log, type(first.task.exception())) == (["b"], ClientGone)


@pytest.mark.parametrize("is_given", [False, True])
async def test_a_request_that_is_cancelled_takes_no_turn_with_it(is_given: bool) -> None:
    queue = FairQueue(1, 1)
    queue.take_at_once("a")
    log, (first, _) = await waiting(queue, "a", "b")
    if is_given:
        queue.give_back("a")
    first.task.cancel()
    await settled()
    if not is_given:
        queue.give_back("a")
        await settled()
    assert log == ["b"]
    queue.give_back("b")
    assert queue.take_at_once("c")


async def test_at_the_end_who_waits_is_refused_and_so_is_who_would_have_to() -> None:
    queue = FairQueue(1, 1)
    queue.take_at_once("a")
    _, queries = await waiting(queue, "a", "b")
    queue.close()
    await settled()
    _, late = await waiting(queue, "c")
    errors = [query.task.exception() for query in (*queries, *late)]
    assert [getattr(error, "status", 0) for error in errors] == [503] * 3
    queue.give_back("a")
    assert queue._free == 1


async def test_who_leaves_at_the_end_takes_no_turn_with_it() -> None:
    queue = FairQueue(1, 1)
    queue.take_at_once("a")
    _, (query,) = await waiting(queue, "b")
    queue.close()
    query.leaving.set_result(None)
    await settled()
    assert isinstance(query.task.exception(), ClientGone)
    assert queue._free == 0


async def test_nothing_is_kept_of_names_that_are_done() -> None:
    queue = FairQueue(1, 1)
    queue.take_at_once("a")
    await waiting(queue, "b")
    queue.give_back("a")
    queue.give_back("b")
    assert (queue._running, queue._lines, queue._free) == ({}, {}, 1)
