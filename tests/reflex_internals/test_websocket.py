"""The real app over a real websocket: what it does with many kinds of bad frames."""

from collections.abc import Iterator

import pytest

from clerk_tinybird_app.logs.log_budget import MAX_PER_MINUTE
from tests.reflex_internals.backend import Backend
from tests.reflex_internals.frames import (
    BAD,
    BAD_FIRST,
    GOOD,
    HYDRATE,
    PAGE_ERROR,
    REFRESH,
    SYNC,
    connect,
    event,
    fields,
    message,
)

FORGED = "forged\n[CRITICAL] forged\x9b31m\x85\u2028\u202e"


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    # The access log has a limit of its own.
    with Backend(tmp_path_factory.mktemp("backend") / "app", ACCESS_LOG="0") as backend:
        yield backend


@pytest.fixture
def written(backend: Backend) -> Iterator[list[str]]:
    """Return the log lines of a test; at the end the server must still work."""
    before = len(backend.log())
    lines: list[str] = []
    yield lines
    assert backend.serves_a_tab()
    lines += backend.log()[before:].splitlines()
    assert "Traceback" not in "\n".join(lines)
    assert [line for line in lines if "forged" in line and not line.isprintable()] == []
    assert [line for line in lines if line.lstrip().startswith("[CRITICAL]")] == []
    # Each logger has its own limit.
    assert len(lines) <= 3 * MAX_PER_MINUTE


@pytest.mark.usefixtures("written")
def test_no_bad_frame_reaches_the_log_or_keeps_the_app_from_answering(backend: Backend) -> None:
    for frame in BAD.values():
        backend.send([connect({"event": fields(HYDRATE)}), frame])
    for frame in BAD_FIRST.values():
        # This frame closes the websocket.
        backend.send([frame])


def test_a_page_is_sent_what_changed_on_its_dashboard_and_not_all_of_it(backend: Backend) -> None:
    view = {"number": 7, "path": "/dashboard", "search": "", "zone": "UTC"}
    with backend.tab() as websocket:
        websocket.send(event(REFRESH, view))
        heard = ""
        while '"finished_rx_state_":7' not in heard:
            heard += websocket.receive(timeout=10) or "nothing came"

    # No session was proved, which every panel says now.
    assert '"panels_rx_state_":{"$patch":' in heard.replace(": ", ":")


@pytest.mark.usefixtures("written")
def test_a_flood_of_unknown_events_writes_a_few_lines(backend: Backend) -> None:
    for number in range(30):
        backend.send([connect(), *[event(f"{FORGED}{number}")] * 30])


@pytest.mark.usefixtures("written")
def test_a_client_cannot_write_through_its_handshake(backend: Backend) -> None:
    for number in range(30):
        assert backend.handshake(f"token=forged%0a{number}") == 403
        assert backend.handshake("") == 403
        backend.send([connect()], subprotocol=f"forged-{number}")
        backend.send([connect({"state_schema": FORGED, "event": fields(HYDRATE)})])


@pytest.mark.usefixtures("written")
def test_a_client_cannot_write_through_errors_that_it_reports(backend: Backend) -> None:
    report = {"message": FORGED, "error_type": FORGED, "substate": FORGED}
    for _ in range(30):
        backend.send([connect(), *[message("client_error", report)] * 10])
        backend.send(
            [connect(), *[event(PAGE_ERROR, {"info": FORGED, "component_stack": FORGED})] * 10]
        )
        backend.send([connect(), event(SYNC, {"token": FORGED})])


@pytest.mark.usefixtures("written")
def test_good_frames_are_no_trouble(backend: Backend) -> None:
    for kind, frame in GOOD.items():
        if "goodbye" not in kind:
            backend.send([connect({"event": fields(HYDRATE)}), frame])
