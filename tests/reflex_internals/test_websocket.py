"""The real app over a real websocket: what it does with many kinds of bad frames."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from simple_websocket import Client

from clerk_tinybird_app.local.clerk.embedded_clerk import EmbeddedClerk
from clerk_tinybird_app.logs.log_budget import MAX_PER_MINUTE
from clerk_tinybird_app.reflex_internals.connections import (
    MAX_PER_SESSION,
    SESSION_AT_ONCE,
    SESSION_PER_SECOND,
)
from tests.redis_server import ADVICE, is_there, redis_server
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


def test_a_backend_alone_says_where_it_listens(backend: Backend) -> None:
    listens = rf"^Backend running at: http://[\d.]+:{backend.app.port} \(worker "
    assert re.search(listens, backend.log(), re.MULTILINE)


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


@pytest.fixture
def token(backend: Backend) -> str:
    return issued(backend)


def issued(backend: Backend) -> str:
    """Return the token of a session that nobody else has."""
    folder = backend.app.folder / ".local"
    with closing(EmbeddedClerk(folder, origins=(backend.app.origin,))) as clerk:
        return clerk.issue("admin@acme.test", "acme")


def push(websocket: Client, token: str) -> str:
    """Push a session, and return what the page is told of it."""
    websocket.send(event(SYNC, {"token": token}))
    while frame := websocket.receive(timeout=10):
        if '"accepted_rx_state_":"sess_' in frame or "session_tabs" in frame:
            return str(frame)
    raise TimeoutError("nothing is said of the session")


def test_a_session_has_so_many_tabs_and_the_next_one_goes_on_when_one_closes(
    backend: Backend, token: str
) -> None:
    before = backend.refused("push", "session_tabs")
    with ExitStack() as tabs, backend.tab() as last:
        first = tabs.enter_context(backend.tab())
        others = [tabs.enter_context(backend.tab()) for _ in range(MAX_PER_SESSION - 1)]
        for each in (first, *others):
            assert "sess_" in push(each, token)

        assert f"in {MAX_PER_SESSION} tabs" in push(last, token)
        assert backend.refused("push", "session_tabs") == before + 1
        # Who has a place keeps it.
        first.send(event(SYNC, {"token": token}))
        first.send(message("ping"))
        heard = ""
        while "pong" not in heard:
            heard += first.receive(timeout=10) or ""
        assert "session_tabs" not in heard

        first.close()
        deadline = time.monotonic() + 10
        while "session_tabs" in push(last, token):
            assert time.monotonic() < deadline


@pytest.mark.skipif(not is_there(), reason=ADVICE)
def test_with_redis_all_workers_together_have_the_tabs_of_a_session(tmp_path: Path) -> None:
    with redis_server() as server, ExitStack() as open_tabs:
        env = {"REFLEX_REDIS_URL": server.url, "REDIS_SECRET": "s" * 32, "WEB_CONCURRENCY": "2"}
        backend = open_tabs.enter_context(Backend(tmp_path / "app", ACCESS_LOG="0", **env))
        token = issued(backend)
        first, *others = (open_tabs.enter_context(backend.tab()) for _ in range(MAX_PER_SESSION))
        last = open_tabs.enter_context(backend.tab())
        for each in (first, *others):
            assert "session_tabs" not in push(each, token)

        assert "session_tabs" in push(last, token)
        first.close()
        deadline = time.monotonic() + 10
        while "session_tabs" in push(last, token):
            assert time.monotonic() < deadline


def test_a_session_sends_no_more_over_many_websockets_than_over_one(
    backend: Backend, token: str
) -> None:
    count, each = 40, 120
    before = backend.refused("websocket", "websocket_events")
    with ExitStack() as tabs:
        websockets = [tabs.enter_context(backend.tab()) for _ in range(count)]
        for websocket in websockets:
            push(websocket, token)
        began = time.monotonic()
        for websocket in websockets:
            for _ in range(each):
                websocket.send(message("ping"))
        time.sleep(2)
        answered = 0
        for websocket in websockets:
            while frame := websocket.receive(timeout=0):
                answered += '"pong"' in frame
        seconds = time.monotonic() - began

        assert answered <= SESSION_AT_ONCE + SESSION_PER_SECOND * seconds + count
        assert backend.serves_a_tab(), "others wait for nothing"
    assert backend.refused("websocket", "websocket_events") > before
