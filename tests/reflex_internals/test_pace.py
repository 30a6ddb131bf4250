"""How fast somebody may send, over however many websockets."""

import pytest

from clerk_tinybird_app.reflex_internals import pace
from clerk_tinybird_app.reflex_internals.pace import Pace
from tests.clock import Clock


def test_so_much_goes_at_once_and_each_more_waits_for_a_moment_of_its_own(clock: Clock) -> None:
    paced = Pace(at_once=3, per_second=10, clock=clock)

    assert [paced.wait("a") for _ in range(6)] == [0, 0, 0, 0.1, 0.2, 0.3]
    assert paced.wait("b") == 0


def test_who_is_quiet_may_send_at_once_again(clock: Clock) -> None:
    paced = Pace(at_once=3, per_second=10, clock=clock)
    for _ in range(4):
        paced.wait("a")

    clock.advance(0.2)
    assert [paced.wait("a") for _ in range(2)] == [0, 0.1]
    clock.advance(60)
    assert [paced.wait("a") for _ in range(4)] == [0, 0, 0, 0.1]


def test_it_keeps_a_bounded_number_of_senders(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "_MOST_SENDERS", 2)
    paced = Pace(at_once=1, per_second=1, clock=clock)
    for sender in ("a", "b", "a", "c"):
        paced.wait(sender)

    assert list(paced._regained_at) == ["a", "c"]
