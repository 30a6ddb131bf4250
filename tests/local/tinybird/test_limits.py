"""Requests per second by token name."""

import pytest

from clerk_tinybird_app.local.tinybird.access.rate_limits import RateLimits
from clerk_tinybird_app.local.tinybird.errors import ApiError
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(now=1_900_000_000.25)


def left(limits: RateLimits, name: str, rps: int) -> int:
    """Make a request; return how many are left in this second."""
    return int(limits.take(name, rps)["X-RateLimit-Remaining"])


def test_each_request_leaves_one_less(clock: Clock) -> None:
    limits = RateLimits(clock)
    assert [left(limits, "a", 3) for _ in range(3)] == [2, 1, 0]


def test_one_too_many_is_told_when_to_come_back(clock: Clock) -> None:
    limits = RateLimits(clock)
    limits.take("a", 1)
    with pytest.raises(ApiError) as caught:
        limits.take("a", 1)
    assert caught.value.status == 429
    assert caught.value.headers == {
        "X-RateLimit-Limit": "1",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "1",
        "Retry-After": "1",
    }


def test_the_next_second_starts_anew(clock: Clock) -> None:
    limits = RateLimits(clock)
    limits.take("a", 1)
    clock.now += 0.75
    assert left(limits, "a", 1) == 0


def test_names_do_not_use_up_each_others_requests(clock: Clock) -> None:
    limits = RateLimits(clock)
    limits.take("a", 1)
    assert left(limits, "b", 1) == 0


def test_two_tokens_of_one_name_share_it(clock: Clock) -> None:
    limits = RateLimits(clock)
    assert left(limits, "a", 5) == 4
    assert left(limits, "a", 3) == 1


def test_forgotten_names_are_not_kept(clock: Clock) -> None:
    limits = RateLimits(clock)
    for number in range(10_000):
        limits.take(f"name {number}", 1)
    clock.now += 1
    limits.take("a", 1)
    assert len(limits._counts) == 1
