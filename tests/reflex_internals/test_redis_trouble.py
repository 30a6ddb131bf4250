"""What goes wrong with Redis is one line a minute, whoever would tell of it."""

import asyncio
import logging

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError
from reflex_base.utils.exceptions import LockExpiredError

from clerk_tinybird_app.reflex_internals.redis_trouble import (
    _OF_EVENTS,
    _OF_REDIS_ALONE,
    SILENT_SECONDS,
    RedisTrouble,
)
from clerk_tinybird_app.telemetry import refusals
from tests.clock import Clock


@pytest.fixture
def seconds() -> Clock:
    return Clock(1000)


@pytest.fixture
def trouble(seconds: Clock) -> RedisTrouble:
    return RedisTrouble(seconds)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    codes = [vars(each).get("code") for each in caplog.records]
    assert set(codes) <= {refusals.REDIS_FAILED}
    return [each.getMessage() for each in caplog.records]


def test_failures_are_told_once_a_minute_with_their_number(
    trouble: RedisTrouble, seconds: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        trouble.note(RedisConnectionError("redis://:hunter2@host"))
    seconds.advance(SILENT_SECONDS - 1)
    trouble.note(OutOfMemoryError())
    trouble.sum_up()
    assert told(caplog) == ["Redis fails, so tabs wait. Failures: 1, the last ConnectionError."]

    seconds.advance(1)
    trouble.sum_up()
    trouble.sum_up()

    (said,) = told(caplog)[1:]
    assert said == "Redis fails, so tabs wait. Failures: 3, the last OutOfMemoryError."


@pytest.mark.parametrize("name", [*_OF_REDIS_ALONE, *_OF_EVENTS])
def test_what_reflex_would_log_of_redis_is_counted_instead(
    name: str, trouble: RedisTrouble, caplog: pytest.LogCaptureFixture
) -> None:
    trouble.hear()
    logger, error = logging.getLogger(name), RedisConnectionError("text of the error")
    try:
        for _ in range(20):
            try:
                raise error
            except RedisConnectionError:
                logger.exception("Redis error: text of the error")
    finally:
        for each in list(logging.root.manager.loggerDict):
            logging.getLogger(each).removeFilter(trouble)

    assert told(caplog) == ["Redis fails, so tabs wait. Failures: 1, the last ConnectionError."]


def test_an_event_that_failed_of_redis_is_counted_and_others_are_logged_as_ever(
    trouble: RedisTrouble, caplog: pytest.LogCaptureFixture
) -> None:
    others: list[Exception] = []
    handle = trouble.instead_of(others.append)
    of_redis = (RedisConnectionError(), LockExpiredError())
    mixed = ExceptionGroup("", [RedisConnectionError(), ValueError()])

    for error in (*of_redis, ExceptionGroup("", of_redis), ValueError(), mixed):
        handle(error)

    assert len(others) == 2
    assert len(told(caplog)) == 1


@pytest.mark.anyio
async def test_the_error_of_a_task_that_has_ended_is_counted_and_not_asyncios_to_tell(
    trouble: RedisTrouble, caplog: pytest.LogCaptureFixture
) -> None:
    async def gives_up() -> None:
        raise RedisConnectionError

    task = asyncio.create_task(gives_up())
    await asyncio.wait({task})
    trouble.take(task)
    del task

    assert told(caplog) == ["Redis fails, so tabs wait. Failures: 1, the last ConnectionError."]
