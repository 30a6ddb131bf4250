"""How often a caller may ask, and which requests count for the same caller."""

import pytest
from starlette.requests import Request

from clerk_tinybird_app.api.rate_limit import RateLimit, client_address
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


def _request(peer: str | None, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    client = (peer, 1) if peer else None
    return Request({"type": "http", "headers": headers, "client": client})


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("198.51.100.1", (), "198.51.100.1"),
        ("198.51.100.1", ("203.0.113.7",), "198.51.100.1"),
        ("127.0.0.1", ("203.0.113.7",), "203.0.113.7"),
        ("127.0.0.1", ("made up, 203.0.113.7",), "203.0.113.7"),
        ("127.0.0.1", ("192.0.2.1", "203.0.113.7"), "203.0.113.7"),
        ("::1", ("nonsense",), "::1"),
        ("2001:db8:1:2:3:4:5:6", (), "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.1", (), "198.51.100.1"),
        (None, (), ""),
    ],
)
def test_a_request_counts_for_the_address_that_nobody_can_make_up(
    peer: str | None, forwarded: tuple[str, ...], counted: str
) -> None:
    assert client_address(_request(peer, *forwarded)) == counted
