"""Behind TLS: the files of deploy/ in a real nginx and a real Caddy, from sign-in to sign-out."""

import asyncio
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from playwright.sync_api import Browser, expect

from clerk_tinybird_app.check.addresses import address
from clerk_tinybird_app.reflex_internals.connections import MAX_UNPROVED_PER_ADDRESS
from clerk_tinybird_app.serving.security_headers import COMMON
from tests.chromium import FLAGS, find_chromium
from tests.e2e.board import RECENT, Board
from tests.e2e.test_every_page import SIGNED_IN, SIGNED_OUT
from tests.e2e.visitor import Visitor
from tests.running_app import RunningApp, free_port
from tests.web_servers import Authority, caddy, deployed, nginx, own_names

# Names of this machine: the embedded services answer no others.
APP: Final = "app.test.localhost"
PAGES: Final = "pages.test.localhost"
WITHOUT_PORT: Final = {"nginx": APP, "caddy": "caddy.test.localhost"}
"""The names under which a browser finds them at the port that an address need not name."""

PER_MINUTE: Final = 6
PER_ADDRESS: Final = PER_MINUTE * 10
TOKEN: Final = "/api/tinybird-token"


@dataclass(frozen=True)
class Fronts:
    """What stands before one app.

    Attributes:
        app: The app, on a port of its own.
        nginx: The port of nginx: the app, and its exported pages under another name.
        appending: The port of an nginx that appends to X-Forwarded-For.
        plain: The port of nginx without TLS.
        caddy: The port of Caddy.
        trusting: What a client uses that trusts the tests' authority.
        pin: What Chromium knows their certificate by.
    """

    app: RunningApp
    nginx: int
    appending: int
    plain: int
    caddy: int
    trusting: ssl.SSLContext
    pin: str

    def get(self, port: int, path: str, name: str = APP, **headers: str) -> httpx.Response:
        """Ask nginx or Caddy by a name that only browsers look up by themselves."""
        with httpx.Client(verify=self.trusting) as http:
            return http.get(
                f"https://127.0.0.1:{port}{path}",
                headers={"Host": f"{name}:{port}"}
                | {key.replace("_", "-"): value for key, value in headers.items()},
                extensions={"sni_hostname": name},
            )


@pytest.fixture(scope="module")
def fronts(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> Iterator[Fronts]:
    folder = tmp_path_factory.mktemp("tls")
    ports = {name: free_port() for name in ("nginx", "appending", "plain", "caddy")}
    authority = Authority(folder, [APP, PAGES, WITHOUT_PORT["caddy"]])
    origins = [f"https://{APP}:{ports[name]}" for name in ("nginx", "caddy")]
    origins += [f"https://{name}" for name in WITHOUT_PORT.values()]
    origins += [f"https://{PAGES}:{ports['nginx']}"]
    env = {
        "CLERK_AUTHORIZED_PARTIES": ",".join(origins),
        "TINYBIRD_TOKENS_PER_MINUTE": str(PER_MINUTE),
        # As the other tests' app, whose pages this one serves.
        "EMBED_ANCESTORS": "https://elsewhere.test",
    }
    app = RunningApp(folder / "app", env)
    try:
        app.prod(kept)
        # In a folder of its own: the app serves what is built in its.
        export = RunningApp(folder / "pages").export(kept.with_name("kept-export"))
        app.wait_for_tinybird()
        app_port = {"127.0.0.1:3000": f"127.0.0.1:{app.port}"}
        own = own_names(authority, APP, ports["nginx"], ports["plain"])
        # nginx takes a client's address from the tests: all of them are on this machine.
        clients = "set_real_ip_from 127.0.0.1; real_ip_header X-Test-Client;\n"
        front = deployed("nginx.conf", app_port | own)
        appending = (
            front[front.rindex("server {") :]
            .replace(f"listen 127.0.0.1:{ports['nginx']}", f"listen 127.0.0.1:{ports['appending']}")
            .replace("X-Forwarded-For $remote_addr", "X-Forwarded-For $proxy_add_x_forwarded_for")
        )
        static = deployed(
            "nginx-static.conf",
            {name.replace("app.", "www."): value for name, value in own.items()}
            | {"www.example.com": PAGES, "/srv/pages": str(export)}
            | {"api.example.com": f"{APP}:{ports['nginx']}"},
        )
        # A TLS of its own, as Caddy's certificates are for names on the internet.
        sites = f"{APP}:{ports['caddy']}, {WITHOUT_PORT['caddy']}:{ports['caddy']}"
        tls = f"{sites} {{\n\ttls {authority.certificate} {authority.key}\n"
        caddyfile = deployed("Caddyfile", app_port | {"app.example.com {\n": tls})
        for name in ("nginx", "caddy"):
            (folder / name).mkdir()
        with (
            nginx(folder / "nginx", ports["nginx"], clients + front, appending, static),
            caddy(folder / "caddy", ports["caddy"], caddyfile),
        ):
            yield Fronts(app, **ports, trusting=authority.trusting, pin=authority.pin)
    finally:
        app.stop()


@pytest.fixture(scope="module")
def chromium(browser: Browser, fronts: Fronts) -> Iterator[Browser]:
    """A Chromium that takes this one certificate, and no other that it does not know."""
    rules = [
        f"MAP {name}:443 127.0.0.1:{getattr(fronts, where)}" for where, name in WITHOUT_PORT.items()
    ]
    flags = [
        f"--ignore-certificate-errors-spki-list={fronts.pin}",
        f"--host-resolver-rules={','.join(rules)}",
    ]
    trusting = browser.browser_type.launch(executable_path=find_chromium(), args=[*FLAGS, *flags])
    yield trusting
    trusting.close()


@pytest.fixture
def visit(chromium: Browser, fronts: Fronts) -> Iterator[Callable[..., Visitor]]:
    """Opens a browser at an origin; at the end it must have seen no fault."""
    visitors: list[Visitor] = []

    def open_one(origin: str, *others: str) -> Visitor:
        visitors.append(Visitor(chromium.new_context(), origin, *others))
        return visitors[-1]

    yield open_one
    faults = [fault for visitor in visitors for fault in visitor.faults]
    for visitor in visitors:
        visitor.context.close()
    assert faults == []


def sockets_of(visitor: Visitor) -> set[str]:
    """Return the addresses of the page's websockets, without their queries."""
    opened: set[str] = set()
    visitor.page.on("websocket", lambda one: opened.add(one.url.partition("?")[0]))
    visitor.page.reload()
    visitor.token()
    return opened


def walk(visitor: Visitor, app: RunningApp) -> None:
    """Open every page by its address, sign in, look on, switch and sign out."""
    page = visitor.page
    for path, content in SIGNED_OUT.items():
        visitor.open(path)
        expect(page.locator(content).first).to_be_visible()
        assert page.url == visitor.origin + path
    token = visitor.sign_in_by_form("admin@acme.test")
    for path, content in SIGNED_IN.items():
        visitor.open(path)
        expect(page.locator(content)).to_be_visible()
    visitor.open("/dashboard")
    board = Board(visitor, app)
    board.expect_filled()
    tenant = page.evaluate("window.Clerk.organization.id")
    board.post_event(tenant, "/over-tls")
    expect(page.locator(f"#panel-{RECENT}").get_by_text("GET /over-tls").first).to_be_visible()
    visitor.open()
    visitor.token()
    visitor.switch_to("Globex")
    visitor.wait_for_another_token(token)
    visitor.sign_out()
    visitor.expect_signed_out()
    visitor.forgive("status of 404")


@pytest.mark.parametrize("where", ["nginx", "caddy"])
def test_the_whole_app_works_on_one_port_behind_tls(
    fronts: Fronts, visit: Callable[..., Visitor], where: str
) -> None:
    walk(visit(f"https://{APP}:{getattr(fronts, where)}"), fronts.app)


@pytest.mark.parametrize("where", ["nginx", "caddy"])
def test_an_address_without_a_port_works_as_well(visit: Callable[..., Visitor], where: str) -> None:
    visitor = visit(f"https://{WITHOUT_PORT[where]}")

    visitor.sign_in_by_form("solo@example.test")

    assert sockets_of(visitor) == {f"wss://{WITHOUT_PORT[where]}/_event/"}


def test_an_export_finds_the_backend_that_its_host_names_when_it_starts(
    fronts: Fronts, visit: Callable[..., Visitor]
) -> None:
    backend = f"https://{APP}:{fronts.nginx}"

    walk(visit(f"https://{PAGES}:{fronts.nginx}", backend), fronts.app)


@pytest.mark.parametrize(
    "answer",
    [{"status": 404}, {"body": 'window.backend = "https://backend.invalid";'}],
    ids=["no file", "the file as it was exported"],
)
def test_an_export_whose_host_names_no_backend_says_what_is_missing(
    fronts: Fronts, visit: Callable[..., Visitor], answer: dict[str, Any]
) -> None:
    visitor = visit(f"https://{PAGES}:{fronts.nginx}")
    visitor.page.route("**/backend.js", lambda route: route.fulfill(**answer))

    page = visitor.open()

    expect(page.locator("#trouble")).to_contain_text("were not told where their backend is")
    visitor.faults.clear()


def test_nginx_sends_an_exports_pages_as_the_app_sends_its_own(fronts: Fronts) -> None:
    for path in ("/", "/dashboard", "/sign-in", "/dashboard/route?x=1", "/nowhere"):
        own = fronts.get(fronts.nginx, path)
        exported = fronts.get(fronts.nginx, path, PAGES, Accept_Encoding="gzip")

        assert exported.status_code == own.status_code
        assert exported.headers["content-encoding"] == "gzip"
        for name in (*COMMON, "cache-control"):
            assert exported.headers[name] == own.headers[name]
        policy = exported.headers["content-security-policy"]
        backend = f"{APP}:{fronts.nginx}"
        assert f" https://{backend} wss://{backend}; worker-src" in policy
        assert policy.endswith("; frame-ancestors 'none'")
    script = re.search(r"/assets/root-[\w-]+\.js", fronts.get(fronts.nginx, "/", PAGES).text)
    assert script
    kept = fronts.get(fronts.nginx, script[0], PAGES)
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["content-type"] == "application/javascript"
    for hidden in ("/_headers", "/_nginx.conf"):
        assert fronts.get(fronts.nginx, hidden, PAGES).status_code == 404


@pytest.mark.parametrize("where", ["nginx", "caddy"])
def test_no_page_is_redirected_and_its_compression_stays(fronts: Fronts, where: str) -> None:
    for path in ("/", "/dashboard", "/dashboard/route?range=7d", "/sign-in"):
        answer = fronts.get(getattr(fronts, where), path, Accept_Encoding="br")

        assert answer.status_code == 200
        assert answer.headers["content-encoding"] == "br"


def test_the_headers_of_every_page_pass_an_nginx_that_keeps_4_kb_for_them(fronts: Fronts) -> None:
    """More than that is answered 502. A real Clerk's hosts take some 300 bytes more."""
    for path in (*SIGNED_OUT, "/nowhere"):
        answer = httpx.get(fronts.app.origin + path)

        assert sum(len(name) + len(value) + 4 for name, value in answer.headers.raw) < 3_700, path


def test_plain_http_is_sent_to_https_with_the_whole_address(fronts: Fronts) -> None:
    answer = httpx.get(f"http://127.0.0.1:{fronts.plain}/dashboard?range=7d", headers={"Host": APP})

    assert answer.status_code == 308
    assert answer.headers["location"] == f"https://{APP}/dashboard?range=7d"


def test_a_name_that_nobody_gave_the_app_is_not_answered(fronts: Fronts) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://127.0.0.1:{fronts.plain}/", headers={"Host": "other.example"})
    with pytest.raises(httpx.ConnectError):
        fronts.get(fronts.nginx, "/", "other.example")


@pytest.mark.parametrize("where", ["nginx", "caddy"])
def test_the_metrics_are_not_for_everybody(fronts: Fronts, where: str) -> None:
    for path in ("/api/metrics", "/api/ready"):
        assert fronts.get(getattr(fronts, where), path).status_code == 404


@pytest.mark.parametrize("where", ["nginx", "caddy"])
def test_a_body_that_no_page_sends_is_refused_by_the_proxy(fronts: Fronts, where: str) -> None:
    with httpx.Client(verify=fronts.trusting) as http:
        answer = http.post(
            f"https://127.0.0.1:{getattr(fronts, where)}/__clerk/v1/client",
            headers={"Host": f"{APP}:{getattr(fronts, where)}"},
            extensions={"sni_hostname": APP},
            content=b"x" * 100_000,
        )

    assert answer.status_code in {413, 502}


class _Mapped(httpx.AsyncHTTPTransport):
    """Finds names of this machine as a browser does."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = request.url.host
        request.url = request.url.copy_with(host="127.0.0.1")
        return await super().handle_async_request(request)


def test_the_doctor_sees_the_app_and_its_websocket_through_each_proxy(fronts: Fronts) -> None:
    async def codes() -> dict[str, str]:
        async with httpx.AsyncClient(transport=_Mapped(verify=fronts.trusting)) as http:
            return {origin: (await address(http, origin)).code for origin in origins}

    origins = (
        *(f"https://{APP}:{port}" for port in (fronts.nginx, fronts.caddy, fronts.appending)),
        f"https://{PAGES}:{fronts.nginx}",
    )
    # In another thread: Playwright's own loop runs in this one.
    with ThreadPoolExecutor() as threads:
        found = threads.submit(asyncio.run, codes()).result(60)

    assert list(found.values()) == [
        *("address/answers", "address/answers"),
        # Of this one the app was told nothing.
        "address/refused",
        "address/answers",
    ]


def test_pages_at_an_address_that_the_app_does_not_know_are_in_its_log_once(
    fronts: Fronts, chromium: Browser
) -> None:
    strange = f"https://{APP}:{fronts.appending}"
    with chromium.new_context() as context:
        page = Visitor(context, strange).open()
        expect(page.locator("#trouble")).to_contain_text("server does not answer")
        page.reload()
        expect(page.locator("#trouble")).to_contain_text("server does not answer")

    log = fronts.app.log.read_text()
    assert log.count(f"pages were opened at {strange}") == 1
    assert "CLERK_AUTHORIZED_PARTIES" in log


@pytest.mark.parametrize("how", ["nginx", "appending"])
def test_a_client_cannot_be_others_by_a_header_behind_nginx(fronts: Fronts, how: str) -> None:
    """nginx replaces what the client says of itself, or appends to it."""
    own = {"nginx": "203.0.113.7", "appending": "203.0.113.8"}[how]

    def ask(number: int, client: str = own) -> int:
        # As if somebody forged another address each time, and a chain of proxies.
        forged = f"198.51.100.{number}, 127.0.0.1"
        answer = fronts.get(
            getattr(fronts, how), TOKEN, X_Forwarded_For=forged, X_Test_Client=client
        )
        return answer.status_code

    assert {ask(number) for number in range(PER_ADDRESS)} == {401}
    # A slow machine takes longer than a second, in which one more is allowed.
    assert 429 in {ask(number) for number in range(PER_ADDRESS)}
    # Others who come through the same proxy are still served.
    assert ask(0, "203.0.113.99") == 401


def test_one_address_has_its_share_of_websockets_and_others_have_theirs(fronts: Fronts) -> None:
    with ExitStack() as opened:

        def handshake(client: str, number: int) -> str:
            """Open a websocket through nginx and keep it open; return the status."""
            plain = opened.enter_context(socket.create_connection(("127.0.0.1", fronts.nginx), 10))
            tls = opened.enter_context(fronts.trusting.wrap_socket(plain, server_hostname=APP))
            host = f"{APP}:{fronts.nginx}"
            headers = {
                "Host": host,
                "Origin": f"https://{host}",
                "X-Test-Client": client,
                # As if each came from elsewhere.
                "X-Forwarded-For": f"9.9.9.{number}",
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            }
            lines = [f"{name}: {value}" for name, value in headers.items()]
            path = "/_event/?EIO=4&transport=websocket&token=t"
            tls.sendall("\r\n".join([f"GET {path} HTTP/1.1", *lines, "\r\n"]).encode())
            return tls.recv(1_000).decode(errors="replace").split(" ")[1]

        statuses = [handshake("8.8.8.8", number) for number in range(MAX_UNPROVED_PER_ADDRESS + 1)]
        assert statuses == ["101"] * MAX_UNPROVED_PER_ADDRESS + ["403"]
        assert handshake("8.8.4.4", 0) == "101"


def test_a_client_cannot_be_others_by_a_header_behind_caddy(fronts: Fronts) -> None:
    def ask(number: int) -> int:
        return fronts.get(fronts.caddy, TOKEN, X_Forwarded_For=f"198.51.100.{number}").status_code

    assert {ask(number) for number in range(2 * PER_ADDRESS)} == {401, 429}
