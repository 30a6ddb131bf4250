"""The server answers a browser that asks whether it is there."""

from typing import Any

from clerk_tinybird_app.components.pulse import PulseState


def test_the_server_sends_back_the_number_that_it_was_asked_with() -> None:
    state = PulseState()
    answer: Any = PulseState.answer

    answer.fn(state, 1_764_000_000_000)

    assert state.answered == 1_764_000_000_000
