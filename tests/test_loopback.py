"""The embedded services never serve another machine; nor does a server share a port with another.

The tests of ``::1`` need a machine that has it.
"""

import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from clerk_tinybird_app.serving.loopback_only import LoopbackOnly
from clerk_tinybird_app.settings import Settings, SettingsError
from clerk_tinybird_app.settings.loopback import is_loopback, listener
from clerk_tinybird_app.settings.settings import require_loopback
from tests.test_settings import HOST_KEY, TINYBIRD


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.8.9.1", "[::1]", "::ffff:127.0.0.1"]
)
def test_this_machines_names_are_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "192.168.1.7", "localhost.evil.example", "127.0.0.1.nip.io"]
)
def test_every_other_name_is_not(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("host", "other", "taken"),
    [
        *(("127.0.0.1", "127.0.0.1", "127.0.0.1"), ("::1", "::1", "::1")),
        # What is opened as localhost goes to either.
        *(("127.0.0.1", "::1", "::1"), ("localhost", "::1", "::1"), ("0.0.0.0", "::1", "::1")),
        *(("::1", "127.0.0.1", "127.0.0.1"), ("127.0.0.1", "0.0.0.0", "127.0.0.1")),
        # Nobody means this one by localhost.
        *(("127.0.0.1", "127.8.9.1", ""), ("127.8.9.1", "::1", "")),
    ],
)
def test_who_listens_where_a_server_would_be_opened_is_seen(
    host: str, other: str, taken: str
) -> None:
    family = socket.AF_INET6 if ":" in other else socket.AF_INET
    try:
        running = socket.create_server((other, 0), family=family)
    except OSError:
        pytest.skip(f"there is no {other} here")
    with running:
        assert listener(host, running.getsockname()[1]) == taken


def test_an_address_of_another_machine_cannot_be_listened_on() -> None:
    with pytest.raises(OSError, match="assign"):
        listener("192.0.2.1", 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REFLEX_BACKEND_HOST", "0.0.0.0"),
        ("CLERK_AUTHORIZED_PARTIES", "http://localhost:3000,https://app.example.com"),
        ("REFLEX_DEPLOY_URL", "https://app.example.com"),
        ("REFLEX_API_URL", "https://api.example.com"),
    ],
)
def test_embedded_services_refuse_a_public_address_and_name_the_keys_to_set(
    name: str, value: str
) -> None:
    with pytest.raises(SettingsError) as refusal:
        require_loopback(Settings.from_environ({name: value}))

    for wanted in (name, "CLERK_PUBLISHABLE_KEY", "TINYBIRD_WORKSPACE_ID"):
        assert wanted in str(refusal.value)


def test_one_embedded_service_is_enough_to_refuse() -> None:
    settings = Settings.from_environ(TINYBIRD | {"REFLEX_BACKEND_HOST": "0.0.0.0"})

    with pytest.raises(SettingsError, match="CLERK_PUBLISHABLE_KEY"):
        require_loopback(settings)


def test_real_services_may_listen_anywhere() -> None:
    whole = {"CLERK_PUBLISHABLE_KEY": HOST_KEY, "REFLEX_BACKEND_HOST": "0.0.0.0"} | TINYBIRD

    require_loopback(Settings.from_environ(whole))


async def _served(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("served")


async def _status(client_host: str, headers: dict[str, str], http_version: str = "1.1") -> int:
    guarded = LoopbackOnly(Starlette(routes=[Route("/", _served)]))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await guarded({**scope, "http_version": http_version}, receive, send)

    transport = httpx.ASGITransport(app, client=(client_host, 5000))
    raw = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return (await client.get("/", headers=raw)).status_code


@pytest.mark.anyio
@pytest.mark.parametrize(
    "headers",
    [{}, {"host": "127.0.0.1:3000"}, {"x-forwarded-for": "::1", "x-forwarded-host": "localhost:1"}],
)
async def test_a_request_from_this_machine_is_served(headers: dict[str, str]) -> None:
    assert await _status("127.0.0.1", headers) == 200


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("client_host", "headers"),
    [
        ("192.168.1.7", {}),
        ("127.0.0.1", {"host": "app.example.com"}),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1, 203.0.113.9"}),
        ("127.0.0.1", {"x-forwarded-host": "app.example.com"}),
        ("127.0.0.1", {"x-real-ip": "203.0.113.9"}),
        ("127.0.0.1", {"forwarded": "for=203.0.113.9"}),
        ("127.0.0.1", {"host": "["}),
        ("127.0.0.1", {"host": ""}),
        ("127.0.0.1", {"host": "evil.example@localhost:3000"}),
        ("127.0.0.1", {"host": "localhost/evil"}),
        ("127.0.0.1", {"via": "1.1 proxy"}),
        ("127.0.0.1", {"x-forwarded-for": "\xa0127.0.0.1"}),
        ("127.0.0.1", {"x-forwarded-for": "127.0.0.1,\x1c127.0.0.1"}),
        ("127.0.0.1", {"x-forwarded-host": "localhost\x85"}),
        ("127.0.0.1", {"host": "localhost\xa0"}),
        ("127.0.0.1", {"cf-connecting-ip": "203.0.113.9"}),
    ],
)
async def test_a_request_from_elsewhere_is_refused_even_through_a_local_proxy(
    client_host: str, headers: dict[str, str]
) -> None:
    assert await _status(client_host, headers) == 403


@pytest.mark.anyio
@pytest.mark.parametrize(("http_version", "status"), [("1.0", 403), ("1", 403), ("2", 200)])
async def test_http_1_0_is_refused_as_only_a_proxy_that_hides_its_client_speaks_it(
    http_version: str, status: int
) -> None:
    assert await _status("127.0.0.1", {}, http_version) == status
