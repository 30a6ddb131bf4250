"""Who the client is, when proxies say it and when others pretend to be proxies."""

import logging

import pytest
from starlette.types import Receive, Scope, Send

from clerk_tinybird_app.logs.reminders import DAY
from clerk_tinybird_app.serving.proxies import BehindProxies, client_of, customer_of
from tests.clock import Clock

pytestmark = pytest.mark.anyio

ADA = "203.0.113.7"
FORGED = "198.51.100.99"
NGINX = "127.0.0.1"
BALANCER = "10.0.0.2"


async def seen(
    peer: str | None,
    *forwarded: str,
    proto: str = "",
    trusted: tuple[str, ...] = (),
    kind: str = "http",
    server: tuple[str, int | None] = ("127.0.0.1", 3000),
) -> Scope:
    """Return the scope that the app gets of a request from ``peer`` with these headers."""
    scopes: list[Scope] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        scopes.append(scope)

    async def receive() -> dict[str, str]:
        return {}

    async def send(_message: object) -> None: ...

    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    headers += [(b"x-forwarded-proto", proto.encode())] if proto else []
    scope = {
        "type": kind,
        "scheme": "ws" if kind == "websocket" else "http",
        "headers": headers,
        "client": None if peer is None else (peer, 1),
        "server": server,
    }
    await BehindProxies(app, trusted)(scope, receive, send)
    return scopes[0]


async def test_without_a_proxy_the_peer_is_the_client() -> None:
    assert client_of(await seen(ADA)) == ADA


@pytest.mark.parametrize(
    ("peer", "forwarded"),
    [(ADA, (FORGED,)), (ADA, (f"{FORGED}, {NGINX}",)), (ADA, (NGINX,)), ("nobody", (FORGED,))],
)
async def test_a_client_that_comes_directly_cannot_say_to_be_another(
    peer: str, forwarded: tuple[str, ...]
) -> None:
    scope = await seen(peer, *forwarded, proto="https")

    assert client_of(scope) == peer
    assert scope["scheme"] == "http"


async def test_a_proxy_that_replaces_the_header_is_believed() -> None:
    assert client_of(await seen(NGINX, ADA)) == ADA


@pytest.mark.parametrize(
    "forwarded",
    [(f"{FORGED}, {ADA}",), (FORGED, ADA), (f"{NGINX}, {ADA}",), (f"made up,{ADA}",), (f",{ADA}",)],
)
async def test_behind_a_proxy_that_appends_what_the_client_sent_does_not_count(
    forwarded: tuple[str, ...],
) -> None:
    assert client_of(await seen(NGINX, *forwarded)) == ADA


async def test_of_several_proxies_each_must_be_trusted() -> None:
    chain = f"{FORGED}, {ADA}, {BALANCER}"

    assert client_of(await seen(NGINX, chain)) == BALANCER
    assert client_of(await seen(NGINX, chain, trusted=("10.0.0.0/8",))) == ADA
    assert client_of(await seen(BALANCER, ADA, trusted=(BALANCER,))) == ADA
    assert client_of(await seen("10.0.0.3", ADA, trusted=(BALANCER,))) == "10.0.0.3"


@pytest.mark.parametrize(
    "nonsense",
    [
        *("", "unknown", "_hidden", "1.2.3", "<script>", "a" * 9_000),
        *("fe80::1%eth0", "2001:db8::1%<script>", "[fe80::1%eth0]:50123"),
    ],
)
async def test_an_entry_that_is_no_address_leaves_the_proxy_that_sent_it(nonsense: str) -> None:
    assert client_of(await seen(NGINX, nonsense)) == NGINX
    assert client_of(await seen(NGINX, f"{ADA}, {nonsense}")) == NGINX


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (f"{ADA}:50123", ADA),
        ("[2001:db8::1]:50123", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        (f"::ffff:{ADA}", ADA),
    ],
)
async def test_proxies_write_one_client_in_several_ways(written: str, meant: str) -> None:
    assert client_of(await seen(NGINX, written)) == meant


@pytest.mark.parametrize("peer", [NGINX, "::1", "::ffff:127.0.0.1"])
async def test_the_programs_of_this_machine_are_trusted(peer: str) -> None:
    scope = await seen(peer, ADA, proto="https")

    assert client_of(scope) == ADA
    assert scope["scheme"] == "https"


async def test_what_comes_by_a_unix_socket_is_of_this_machine() -> None:
    scope = await seen(None, ADA, proto="https", server=("/run/app.sock", None))

    assert client_of(scope) == ADA
    assert scope["scheme"] == "https"


@pytest.mark.parametrize(
    ("proto", "kind", "scheme"),
    [
        ("https", "http", "https"),
        ("HTTPS", "http", "https"),
        ("https", "websocket", "wss"),
        ("wss", "websocket", "wss"),
        ("http", "http", "http"),
        ("ftp", "http", "http"),
        # The client has sent the first.
        ("https, http", "http", "http"),
        ("http, https", "http", "https"),
    ],
)
async def test_the_nearest_proxy_says_whether_it_was_https(
    proto: str, kind: str, scheme: str
) -> None:
    assert (await seen(NGINX, proto=proto, kind=kind))["scheme"] == scheme


async def test_a_request_without_a_client_is_nobodys() -> None:
    assert client_of(await seen(None, FORGED)) == ""


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        (ADA, ADA),
        (f"::ffff:{ADA}", ADA),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (None, ""),
    ],
)
async def test_all_addresses_of_a_customer_are_counted_as_one(
    peer: str | None, counted: str
) -> None:
    assert customer_of(await seen(peer)) == counted


async def test_an_unknown_proxy_is_told_once_a_day_with_what_to_do(
    caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None: ...

    async def receive() -> dict[str, str]:
        return {}

    async def send(_message: object) -> None: ...

    behind = BehindProxies(app, clock=clock)

    async def come(*peers: str) -> None:
        for peer in peers:
            headers = [(b"x-forwarded-for", ADA.encode())]
            scope = {"type": "http", "scheme": "http", "headers": headers, "client": (peer, 1)}
            await behind(scope, receive, send)

    await come(*[BALANCER] * 3, *(f"10.1.0.{number}" for number in range(99)))

    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3
    said = caplog.records[0].getMessage()
    assert said.startswith(f"{BALANCER} sends X-Forwarded-For")
    assert "TRUSTED_PROXIES" in said

    # Somebody has mended it, and days later undone that.
    clock.advance(DAY)
    await come(BALANCER, BALANCER)
    assert [record.getMessage() for record in caplog.records[3:]] == [said]
