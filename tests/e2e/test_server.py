"""The real server over HTTP: origins, files, logs, and what it refuses to start with."""

import json
import socket
import subprocess
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page

from tests.e2e.visitor import Visitor
from tests.running_app import REFLEX, RunningApp, wait_until

FOREIGN = "https://evil.example"


def _preflight(app: RunningApp, origin: str) -> httpx.Response:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    return httpx.options(f"{app.origin}/api/tinybird-token", headers=headers)


def test_the_apps_own_origin_may_call_the_api_from_a_browser(app: RunningApp) -> None:
    answer = httpx.get(f"{app.origin}/api/health", headers={"Origin": app.origin})

    assert answer.headers["access-control-allow-origin"] == app.origin
    assert _preflight(app, app.origin).status_code == 200


@pytest.mark.parametrize("path", ["/api/health", "/api/tinybird-token", "/__clerk/v1/environment"])
def test_no_other_origin_may(app: RunningApp, path: str) -> None:
    answer = httpx.get(f"{app.origin}{path}", headers={"Origin": FOREIGN})

    assert "access-control-allow-origin" not in answer.headers
    assert _preflight(app, FOREIGN).status_code == 400


def _upgrade(app: RunningApp, origin: str) -> str:
    """Open a websocket by hand and return the status line."""
    with socket.create_connection(("127.0.0.1", app.port), timeout=10) as connection:
        connection.sendall(
            "GET /_event/?EIO=4&transport=websocket&token=x HTTP/1.1\r\n"
            f"Host: localhost:{app.port}\r\nOrigin: {origin}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        return connection.recv(1024).decode(errors="replace").split("\r\n")[0]


def test_a_websocket_is_open_to_the_apps_own_origin_alone(app: RunningApp) -> None:
    assert " 101 " in _upgrade(app, app.origin)
    assert " 101 " not in _upgrade(app, FOREIGN)


def test_the_browsers_cookie_is_enough_for_the_api(
    visitor: Visitor, page: Page, app: RunningApp
) -> None:
    visitor.sign_in("admin@acme.test")

    body = page.evaluate("async () => (await fetch('/api/tinybird-token')).json()")

    assert body["name"].startswith("frontend_jwt_user_user_")


def test_tokens_are_in_no_log_no_file_and_no_address(visitor: Visitor, app: RunningApp) -> None:
    addresses: list[str] = []
    visitor.page.on("request", lambda request: addresses.append(request.url))
    visitor.page.on("websocket", lambda opened: addresses.append(opened.url))
    minted = visitor.sign_in("admin@acme.test")
    session = visitor.page.evaluate("window.Clerk.session.getToken()")

    secrets = [minted, session, app.signing_key]
    kept_on_purpose = app.folder / ".local" / "tinybird-workspace.json"
    files = [
        file
        for file in app.folder.rglob("*")
        if file.is_file() and "node_modules" not in file.parts and file != kept_on_purpose
    ]
    assert app.log in files
    found = [
        (secret[:8], file.name)
        for file in files
        for secret in secrets
        if secret.encode() in file.read_bytes()
    ]
    assert found == []
    assert any(url.startswith("ws") for url in addresses)
    assert not [url for url in addresses for secret in secrets if secret in url]
    assert not (app.folder / ".states").exists()


def test_an_event_that_does_not_exist_leaves_no_credential_in_the_log(
    visitor: Visitor, app: RunningApp
) -> None:
    visitor.sign_in("admin@acme.test")
    cookie = next(c["value"] for c in visitor.context.cookies() if c["name"] == "__client")

    visitor.page.evaluate(
        """() => new Promise((resolve, reject) => {
            const socket = new WebSocket(
                `${location.origin.replace('http', 'ws')}/_event/?EIO=4&transport=websocket&token=t`
            );
            const payload = { token: 'eyJhbGciOiJIUzI1NiJ9.e30.c2' };
            const event = { name: 'no.such.handler', payload, router_data: {} };
            socket.onerror = reject;
            socket.onmessage = ({ data }) => {
                if (data.startsWith('0')) socket.send('40/_event,');
                else if (data.startsWith('40')) {
                    socket.send('42/_event,' + JSON.stringify(['event', event]));
                    resolve();
                }
            };
        })"""
    )

    wait_until(
        lambda: "no.such.handler" in app.log.read_text(errors="replace"),
        what="the refusal of the unknown event was not logged",
    )
    log = app.log.read_text(errors="replace")
    assert cookie not in log
    assert "eyJhbGciOiJIUzI1NiJ9.e30" not in log


def test_a_normal_session_logs_no_traceback(visitor: Visitor, app: RunningApp) -> None:
    before = app.log.stat().st_size
    visitor.sign_in("admin@acme.test")
    visitor.sign_out()
    visitor.expect_signed_out()

    assert "Traceback" not in app.log.read_text(errors="replace")[before:]


@pytest.mark.parametrize(
    ("env", "flags", "words"),
    [
        ({"REFLEX_BACKEND_HOST": "0.0.0.0"}, [], "CLERK_PUBLISHABLE_KEY"),
        ({}, ["--backend-host", "0.0.0.0"], "CLERK_PUBLISHABLE_KEY"),
        ({"REFLEX_DEPLOY_URL": "https://app.example.com"}, [], "TINYBIRD_WORKSPACE_ID"),
        ({"TINYBIRD_WORKSPACE_ID": "w"}, [], "TINYBIRD_JWT_SECRET"),
    ],
    ids=["bind address", "bind address as a flag", "deploy URL", "half a Tinybird"],
)
def test_a_configuration_that_must_not_serve_ends_with_its_reason_and_no_traceback(
    tmp_path: Path, env: dict[str, str], flags: list[str], words: str
) -> None:
    app = RunningApp(tmp_path / "app", env)

    ended = subprocess.run(
        [REFLEX, "run", *flags],
        cwd=app.folder, env=app.env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert ended.returncode != 0
    assert words in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


def test_the_exported_frontend_holds_no_secret(app: RunningApp) -> None:
    built = app.pages
    workspace = json.loads((app.folder / ".local" / "tinybird-workspace.json").read_text())
    text = b"".join(file.read_bytes() for file in built.rglob("*") if file.is_file())

    assert b"clerk.localhost.test" in text or b"pk_test_" in text
    for secret in workspace.values():
        assert secret.encode() not in text
