"""How often a caller may ask."""

from clerk_tinybird_app.api.rate_limit import RateLimit
from tests.clock import Clock


def test_a_minutes_requests_may_come_at_once_and_then_as_many_a_minute() -> None:
    clock = Clock(now=1_000)
    limit = RateLimit(6, clock)

    assert [limit.take("ada") for _ in range(7)] == [0, 0, 0, 0, 0, 0, 10]
    clock.advance(10)
    assert [limit.take("ada") for _ in range(2)] == [0, 10]
    clock.advance(600)
    assert [limit.take("ada") for _ in range(7)] == [0, 0, 0, 0, 0, 0, 10]


def test_a_refused_request_costs_nothing_so_that_waiting_as_told_is_enough() -> None:
    clock = Clock(now=0)
    limit = RateLimit(1, clock)
    limit.take("ada")

    waits = [limit.take("ada") for _ in range(100)]
    clock.advance(waits[-1])

    assert set(waits) == {60}
    assert limit.take("ada") == 0


def test_one_callers_requests_are_not_anothers() -> None:
    limit = RateLimit(1, Clock(now=0))
    limit.take("ada")

    assert limit.take("bea") == 0
    assert limit.take("ada") > 0


def test_no_number_of_callers_fills_the_memory_and_the_latest_stay_limited() -> None:
    limit = RateLimit(1, Clock(now=0))

    for caller in range(30_000):
        limit.take(str(caller))

    assert len(limit._regained_at) == 10_000
    assert limit.take("29999") > 0
