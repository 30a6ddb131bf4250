"""The real app in production: its log tells what happens, and nothing that is secret."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from clerk_tinybird_app import __version__
from clerk_tinybird_app.local.clerk import EmbeddedClerk
from tests.clerk.tokens import token_with
from tests.reflex_internals.backend import Backend
from tests.reflex_internals.frames import (
    HYDRATE,
    PAGE_ERROR,
    REFRESH,
    SYNC,
    VIEW,
    connect,
    event,
    fields,
    message,
)
from tests.running_app import wait_until

METRICS_TOKEN = "a-token-for-the-metrics-0123"
SIGNING_KEY = "p.test.signing-key-of-no-workspace-at-all"
POISON = {
    "a foreign session": token_with(),
    "a Clerk key": "sk_live_poisonpoisonpoison",
    "a test key": "sk_test_poisonpoisonpoison",
    "a static token": "p.eyJ1IjogInBvaXNvbiJ9.cG9pc29ucG9pc29u",
    "a cookie": "__session=poisoned-cookie-of-somebody",
    "a client's cookie": "__client=poisoned-client-of-somebody",
    "a header": "Bearer poisoned0bearer1of2somebody",
}


def _values() -> list[str]:
    """Return what must not be found anywhere, without the names around it."""
    return [value.removeprefix("Bearer ").rpartition("=")[2] for value in POISON.values()]


class Seen:
    """What the app lets be seen of itself, since this was made.

    Attributes:
        answers: The texts and headers of all HTTP answers.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._before = len(backend.log())
        self.answers: list[str] = []

    def get(self, path: str, *, method: str = "GET", **options: Any) -> httpx.Response:
        answer = httpx.request(method, self._backend.app.origin + path, **options)
        self.answers.append(f"{answer.headers}{answer.text}")
        return answer

    def lines(self) -> list[dict[str, Any]]:
        """Return the log's lines, the server's own among them; each must be JSON of one form."""
        written, _, _unfinished = self._backend.log()[self._before :].rpartition("\n")
        lines = [json.loads(line) for line in written.splitlines()]
        for line in lines:
            assert line.keys() >= {"time", "level", "logger", "message"}, line
        return lines

    def lines_with(self, **fields: str) -> list[dict[str, Any]]:
        """Return the lines that have these fields, as soon as there is one."""
        found: list[dict[str, Any]] = []

        def has_come() -> bool:
            found[:] = [line for line in self.lines() if line.items() >= fields.items()]
            return bool(found)

        wait_until(has_come, seconds=10, what=f"no line with {fields}")
        return found

    def everything(self) -> str:
        """Return the log, the answers, and what the app has written to disk, but for its code."""
        states = "".join(
            file.read_text(errors="replace")
            for file in self._backend.app.folder.glob(".states/**/*")
            if file.is_file()
        )
        return self._backend.log() + "".join(self.answers) + states


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    folder = tmp_path_factory.mktemp("seen") / "app"
    env = {"LOG_FORMAT": "json", "METRICS_TOKEN": METRICS_TOKEN}
    with Backend(folder, **env) as backend:
        yield backend


@pytest.fixture
def seen(backend: Backend) -> Seen:
    return Seen(backend)


@pytest.fixture(scope="module")
def session_token(backend: Backend) -> str:
    """Return a genuine session token of the running app's own Clerk."""
    clerk = EmbeddedClerk(backend.app.folder / ".local", origins=[backend.app.origin])
    try:
        return clerk.issue("admin@acme.test", "acme")
    finally:
        clerk.close()


def _sync(backend: Backend, token: str) -> None:
    backend.send([connect({"event": fields(HYDRATE)}), event(SYNC, {"token": token})])


def test_every_line_from_the_first_on_is_json_the_servers_own_too(
    backend: Backend, seen: Seen
) -> None:
    upgrade = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    with socket.create_connection(("127.0.0.1", backend.app.port)) as connection:
        connection.sendall(upgrade)
        seen.lines_with(logger="uvicorn.error", level="WARNING")

    lines = [json.loads(line) for line in backend.log().splitlines()]
    assert lines[0]["message"] == "Starting 1 worker."


def test_what_the_server_refuses_is_one_line_with_its_code_and_counted(
    backend: Backend, seen: Seen
) -> None:
    before = backend.refused("server", "request_malformed")
    with socket.create_connection(("127.0.0.1", backend.app.port)) as connection:
        connection.sendall(b"no HTTP\r\n\r\n")
        answer = connection.recv(4096).decode()

    (line,) = seen.lines_with(place="server", code="request_malformed")
    assert f"x-request-id: {line['request_id']}\r\n" in answer
    assert backend.refused("server", "request_malformed") == before + 1
    assert "Invalid HTTP request" not in backend.log()


@pytest.mark.parametrize("brought", [{}, {"X-Request-ID": "this-websocket"}], ids=["", "its own"])
def test_a_websocket_that_is_refused_is_answered_with_the_id_and_the_code_of_its_line(
    seen: Seen, brought: dict[str, str]
) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    answer = seen.get("/_event/?EIO=4&transport=websocket", headers=upgrade | brought)

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "websocket_handshake"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    request_id = answer.headers["X-Request-ID"]
    assert request_id == brought.get("X-Request-ID", request_id)
    (line,) = seen.lines_with(code="websocket_handshake", request_id=request_id)
    assert line["place"] == "websocket"
    (access,) = seen.lines_with(method="WEBSOCKET", request_id=request_id)
    assert access["status"] == 403


def test_a_push_that_is_refused_is_a_line_with_its_code_and_its_event(
    backend: Backend, seen: Seen
) -> None:
    _sync(backend, "a.b.c")

    (line,) = seen.lines_with(place="push")
    assert line["code"] == "session_malformed"
    assert len(line["event_id"]) == 12
    assert "request_id" not in line


def test_a_query_that_is_not_answered_is_a_line_that_says_whose_it_was(
    backend: Backend, seen: Seen, session_token: str
) -> None:
    with backend.websocket() as websocket:
        websocket.send(connect({"event": fields(HYDRATE)}))
        websocket.send(event(SYNC, {"token": session_token}))
        # A refresh before that would find nothing to ask with.
        while '"accepted_rx_state_":"sess_' not in (websocket.receive(timeout=10) or ""):
            pass
        websocket.send(event(REFRESH, VIEW))
        while '"finished_rx_state_":1' not in (websocket.receive(timeout=10) or ""):
            pass

    lines = seen.lines_with(place="query")
    assert {line["code"] for line in lines} == {"tinybird_unreachable"}
    assert all(line["pipe"].isidentifier() for line in lines)
    assert len({line["event_id"] for line in lines}) == 1
    assert all(line["session_id"].startswith("sess_") for line in lines)
    assert all(line["tenant_id"].startswith("org_") for line in lines)


def test_an_answer_and_its_lines_have_the_same_request_id(seen: Seen) -> None:
    answer = seen.get("/api/tinybird-token", headers={"X-Request-ID": "from-the-proxy-1"})

    assert answer.headers["x-request-id"] == "from-the-proxy-1"
    # The access log's comes when the answer is sent, so perhaps a moment after it.
    (told,) = seen.lines_with(request_id="from-the-proxy-1", method="GET")
    assert told["path"] == "/api/tinybird-token"
    assert told["status"] == 401
    (refused,) = seen.lines_with(request_id="from-the-proxy-1", place="api")
    assert refused["code"] == "session_missing"


def test_a_session_is_named_in_the_lines_of_its_request(seen: Seen, session_token: str) -> None:
    headers = {"Authorization": f"Bearer {session_token}", "X-Request-ID": "of-a-session"}
    seen.get("/api/tinybird-token", headers=headers)

    (line,) = seen.lines_with(request_id="of-a-session")
    assert line["session_id"].startswith("sess_")
    assert line["tenant_id"].startswith("org_")


def metrics(backend: Backend) -> dict[str, float]:
    """Return each sample of ``/api/metrics``, by its name with its labels."""
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    lines = httpx.get(f"{backend.app.origin}/api/metrics", headers=headers).text.splitlines()
    return {
        name: float(value)
        for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }


def test_the_metrics_say_which_version_runs_what_pages_report_and_how_long_answers_take(
    backend: Backend, seen: Seen
) -> None:
    report = {"info": "boom\n  at x", "component_stack": "\n"}
    errors, health = 'app_errors_total{code="page_error"}', '{route="/api/health"}'
    before = metrics(backend)

    backend.send([connect({"event": fields(HYDRATE)}), event(PAGE_ERROR, report)])
    seen.lines_with(code="page_error")
    seen.get("/api/health")

    after = metrics(backend)
    assert [after[name] for name in after if name.startswith("app_info{")] == [1]
    assert after[f'app_info{{version="{__version__}"}}'] == 1
    assert after[errors] == before.get(errors, 0) + 1
    assert after[f"app_http_seconds_count{health}"] == before[f"app_http_seconds_count{health}"] + 1
    took = after[f"app_http_seconds_sum{health}"] - before[f"app_http_seconds_sum{health}"]
    assert 0 < took < 5
    wait_until(lambda: metrics(backend)["app_events_under_way"] == 0, what="one has not ended")


def test_the_metrics_say_what_is_open_and_what_was_refused(
    backend: Backend, seen: Seen, session_token: str
) -> None:
    accepted = 'app_session_pushes_total{result="accepted"}'
    before = metrics(backend)
    with backend.websocket() as websocket:
        websocket.send(connect({"event": fields(HYDRATE)}))
        websocket.send(event(SYNC, {"token": session_token}))
        while '"accepted_rx_state_":"sess_' not in (websocket.receive(timeout=5) or ""):
            pass
        during = metrics(backend)

    assert during[accepted] == before.get(accepted, 0) + 1
    assert during["app_sessions_open"] == 1
    assert during["app_websockets_open"] == 1
    assert during["app_events_total"] >= before["app_events_total"] + 2
    assert during["app_memory_bytes"] > 10_000_000
    assert METRICS_TOKEN not in seen.everything()


def test_nothing_secret_is_seen_wherever_it_is_sent(
    backend: Backend, seen: Seen, session_token: str
) -> None:
    for secret in POISON.values():
        quoted = httpx.QueryParams({"x": secret, "token": secret, "__clerk_ticket": secret})
        for path in ("/api/tinybird-token", "/sign-in", "/api/ready", "/api/metrics", "/x"):
            seen.get(f"{path}?{quoted}")
            seen.get(f"{path}/{httpx.URL(path='/' + secret).raw_path.decode()}")
            seen.get(path, headers={"Authorization": secret, "Cookie": secret})
            seen.get(path, headers={"Authorization": f"Bearer {secret}"})
            seen.get(path, headers=dict.fromkeys(("X-Request-ID", "Referer", "User-Agent"), secret))
            seen.get(path, headers=dict.fromkeys(("X-Forwarded-For", "Origin", "Host"), secret))
        seen.get("/api/tinybird-token", method="POST", json={"token": secret})
        seen.get("/__clerk/v1/client/sign_ins", method="POST", data={"password": secret})
        seen.get("/__clerk/v1/me", headers={"Authorization": secret, "Cookie": secret})
        with suppress(httpx.HTTPError):
            seen.get("/api/health", method=secret[:20])
        backend.handshake(f"token={quoted}")
        _sync(backend, secret)
        report = dict.fromkeys(("message", "error_type", "substate"), secret)
        broken = {"info": secret, "component_stack": secret}
        backend.send(
            [
                connect({"event": fields(HYDRATE)}),
                event(f"state.{secret}", {secret: secret}),
                event(SYNC, {"token": secret, secret: secret}),
                event(SYNC, {"token": {secret: secret}}),
                message("client_error", report),
                event(PAGE_ERROR, broken),
                f"42{secret}",
                secret,
            ]
        )
        backend.send([connect({"event": fields(HYDRATE), "cookie": secret})])
    granted = httpx.get(
        f"{backend.app.origin}/api/tinybird-token",
        headers={"Authorization": f"Bearer {session_token}"},
    ).json()
    _sync(backend, session_token)

    everything = seen.everything()
    assert seen.lines()
    for secret in (*_values(), session_token, granted["token"], SIGNING_KEY, METRICS_TOKEN):
        assert secret not in everything, secret
    assert not any(backend.app.folder.glob(".states/*"))


def test_nobody_fills_the_log_with_refusals_and_the_rest_is_summed_up(
    backend: Backend, tmp_path: Path
) -> None:
    before = backend.log().count('"session_malformed"')
    with httpx.Client(base_url=backend.app.origin) as client:
        for _ in range(100):
            client.get("/api/tinybird-token", headers={"Authorization": "Bearer a.b.c"})
    backend.app.stop_process()

    assert backend.log().count('"code": "session_malformed"') - before <= 20
    last = json.loads(backend.log().rpartition("Refused without a line")[0].splitlines()[-1] + '"}')
    assert last["level"] == "WARNING"
