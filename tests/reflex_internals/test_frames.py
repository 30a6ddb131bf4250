"""Only the frames of a page pass; addresses of the app always fit in a frame."""

import json

import pytest

from clerk_tinybird_app.dashboard import view
from clerk_tinybird_app.reflex_internals.frames import (
    MAX_ADDRESS,
    MAX_FRAME,
    MAX_TEXT,
    FrameCheck,
    RefusedFrameError,
)
from clerk_tinybird_app.reflex_internals.handlers import event_refusal
from clerk_tinybird_app.tinybird import pipe_request
from tests.reflex_internals.frames import (
    BAD,
    BAD_FIRST,
    CHOOSE,
    GOOD,
    GOOD_FIRST,
    HYDRATE,
    NAMESPACE,
    connect,
    event,
    fields,
)
from tests.state import tab  # noqa: F401 # one app a process, whose states these are

SHARE_OF_A_FRAME = 4
"""An address is in an event's arguments once and in its router data twice; the rest needs room."""


@pytest.fixture
def fresh() -> FrameCheck:
    return FrameCheck(NAMESPACE, event_refusal)


@pytest.fixture
def check(fresh: FrameCheck) -> FrameCheck:
    fresh.passed(connect())
    return fresh


@pytest.mark.parametrize("frame", GOOD_FIRST.values(), ids=GOOD_FIRST)
def test_a_page_connects(fresh: FrameCheck, frame: str) -> None:
    assert fresh.passed(frame).startswith(f"40{NAMESPACE},")


@pytest.mark.parametrize("frame", GOOD.values(), ids=GOOD)
def test_a_frame_of_a_page_passes(check: FrameCheck, frame: str) -> None:
    assert check.passed(frame)


@pytest.mark.parametrize("frame", BAD.values(), ids=BAD)
def test_a_frame_of_no_page_is_refused(check: FrameCheck, frame: str | bytes) -> None:
    with pytest.raises(RefusedFrameError):
        check.passed(frame)


@pytest.mark.parametrize("frame", BAD_FIRST.values(), ids=BAD_FIRST)
def test_a_websocket_does_not_begin_with_anything_else(
    fresh: FrameCheck, frame: str | bytes
) -> None:
    with pytest.raises(RefusedFrameError):
        fresh.passed(frame)


def test_a_refused_connection_can_be_made_right(fresh: FrameCheck) -> None:
    with pytest.raises(RefusedFrameError):
        fresh.passed(connect({"event": fields("no.such.handler")}))

    assert fresh.passed(connect({"event": fields(HYDRATE)}))


def test_nothing_passes_after_a_goodbye(check: FrameCheck) -> None:
    check.passed(f"41{NAMESPACE},")

    for frame in (event(CHOOSE, {"pipe": "x"}), connect()):
        with pytest.raises(RefusedFrameError):
            check.passed(frame)


def test_reflex_reads_just_what_was_checked(check: FrameCheck) -> None:
    twice = (
        f'42{NAMESPACE},["event",{{"name":"no.such.handler","router_data":{{}},"payload":{{}},'
        f'"n\\u0061me":"{CHOOSE}","payload":{{"pipe":"a\\tb"}},"unknown":[1,2,3]}}]'
    )

    passed = check.passed(twice).removeprefix(f"42{NAMESPACE},")

    assert json.loads(passed) == [
        "event",
        {"name": CHOOSE, "payload": {"pipe": "a\tb"}, "router_data": {}},
    ]


def test_a_reason_says_which_argument_of_which_handler(check: FrameCheck) -> None:
    with pytest.raises(RefusedFrameError, match=r"playground_state\.choose .*`int`.*pipe"):
        check.passed(event(CHOOSE, {"pipe": 5}))


def test_an_address_of_a_view_or_a_request_fits_a_frame_as_often_as_a_page_sends_it() -> None:
    for most in (view.MOST_CHARACTERS, pipe_request.MOST_CHARACTERS):
        assert most <= min(MAX_TEXT, MAX_ADDRESS)
        assert most * SHARE_OF_A_FRAME <= MAX_FRAME
