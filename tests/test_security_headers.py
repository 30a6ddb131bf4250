"""The headers of every answer."""

from collections.abc import Mapping

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from clerk_tinybird_app.serving.content_security import FOR_OTHER_ANSWERS, Inline, page_policy
from clerk_tinybird_app.serving.security_headers import SecurityHeaders, headers_file
from clerk_tinybird_app.settings import Settings

pytestmark = pytest.mark.anyio

LOCAL = Settings.from_environ({})
PUBLIC = Settings.from_environ({"REFLEX_DEPLOY_URL": "https://app.example.com"})
INLINE = Inline(scripts=("'sha256-abc='",))
OTHER = Inline(styles=("'sha256-def='",))
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "server": "",
}
EMBEDDED = ("/embed", "/embed/route")
PAGES = {**dict.fromkeys(("/", *EMBEDDED), INLINE), "/404": OTHER}
HASHED = "/assets/root-BY1bhBiL.js"


async def _page(request: Request) -> Response:
    return HTMLResponse("<h1>page</h1>")


async def _fails(request: Request) -> Response:
    raise ZeroDivisionError


async def _any(request: Request) -> Response:
    return PlainTextResponse("text", status_code=int(request.query_params.get("status", "200")))


async def _some_page(request: Request) -> Response:
    return HTMLResponse("", status_code=int(request.query_params.get("status", "200")))


async def _own(request: Request) -> Response:
    return PlainTextResponse("", headers={"Cache-Control": "no-store", "Server": "named"})


APP = Starlette(
    routes=[
        Route("/", _page),
        *(Route(path, _page) for path in (*EMBEDDED, "/embed/", "/embed/nothing", "/embed/../x")),
        Route("/fails", _fails),
        Route("/page", _some_page),
        Route("/away", lambda request: RedirectResponse("/")),
        Route("/own", _own),
        Route("/{path:path}", _any),
    ]
)


async def _get(
    path: str,
    settings: Settings = LOCAL,
    inline: Mapping[str, Inline] | None = PAGES,
    origin: str = "http://localhost",
) -> httpx.Response:
    transport = httpx.ASGITransport(
        SecurityHeaders(APP, settings, inline, EMBEDDED), raise_app_exceptions=False
    )
    async with httpx.AsyncClient(transport=transport, base_url=origin) as client:
        return await client.get(path)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/fails", 500), ("/away", 307), ("/own", 200), ("/x?status=404", 404)],
)
async def test_every_answer_carries_them(path: str, status: int) -> None:
    answer = await _get(path)

    assert answer.status_code == status
    assert {name: answer.headers[name] for name in ALWAYS} == ALWAYS
    assert "geolocation=()" in answer.headers["permissions-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_only_a_page_has_the_pages_policy() -> None:
    page, text = await _get("/"), await _get("/text")

    assert page.headers["content-security-policy"] == page_policy(INLINE, LOCAL)
    assert text.headers["content-security-policy"] == FOR_OTHER_ANSWERS


async def test_each_page_has_the_policy_of_its_own_inline_parts() -> None:
    policies = {
        path: (await _get(path)).headers["content-security-policy"]
        for path in ("/", "/embed/", "/page?status=404", "/page", "/embed/nothing")
    }

    of_all = page_policy(Inline.of_all(PAGES.values()), LOCAL)
    assert policies["/"] == policies["/embed/"] == page_policy(INLINE, LOCAL)
    assert policies["/page?status=404"] == page_policy(OTHER, LOCAL)
    # A path at which no page is built, such as one with a part that is chosen freely.
    assert policies["/page"] == policies["/embed/nothing"] == of_all
    assert "sha256-abc=" in of_all
    assert "sha256-def=" in of_all


async def test_only_the_pages_that_are_made_for_it_may_be_framed_by_those_that_are_named() -> None:
    framed = Settings.from_environ(
        {"EMBED_ANCESTORS": "https://www.example.com,http://localhost:1"}
    )
    allowed = "frame-ancestors https://www.example.com http://localhost:1"

    for path in ("/embed", "/embed/", "/embed/route"):
        answer = await _get(path, framed)
        assert answer.headers["content-security-policy"] == page_policy(
            INLINE, framed, is_embedded=True
        )
        assert answer.headers["content-security-policy"].endswith(f"; {allowed}")
        assert "x-frame-options" not in answer.headers
    near = ("/embed/nothing", "/embed/..%2fx", "/embed//", "/embed/route/x")
    for path in ("/", "/embedded", "/x/embed", *near):
        answer = await _get(path, framed)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
    # By default nobody may.
    answer = await _get("/embed")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"


async def test_html_of_a_server_without_pages_runs_nothing() -> None:
    page = await _get("/", inline=None)

    assert page.headers["content-security-policy"] == FOR_OTHER_ANSWERS


async def test_a_page_that_has_not_been_modified_keeps_the_policy_it_came_with() -> None:
    assert "content-security-policy" not in (await _get("/x?status=304")).headers


@pytest.mark.parametrize(
    ("path", "caching"),
    [
        (HASHED, "public, max-age=31536000, immutable"),
        ("/assets/inter-latin-wght-normal-Dx4kXJAl.woff2", "public, max-age=31536000, immutable"),
        (f"{HASHED}?status=304", "public, max-age=31536000, immutable"),
        (f"{HASHED}?status=404", "no-cache"),
        ("/", "no-cache"),
        ("/look/tokens.css", "no-cache"),
        ("/assets/logo.svg", "no-cache"),
        ("/other/root-BY1bhBiL.js", "no-cache"),
        ("/own", "no-store"),
    ],
)
async def test_only_what_is_named_by_its_content_is_kept_forever(path: str, caching: str) -> None:
    assert (await _get(path)).headers["cache-control"] == caching


@pytest.mark.parametrize(
    ("settings", "origin", "is_promised"),
    [
        (LOCAL, "http://localhost", False),
        (LOCAL, "https://app.example.com", True),
        (PUBLIC, "http://app.example.com", True),
        # Browsers would refuse all other apps of the machine.
        (LOCAL, "https://localhost:8443", False),
        (LOCAL, "https://app.localhost", False),
        (PUBLIC, "http://[::1]:3000", False),
    ],
    ids=["plain", "as seen", "as configured", "this machine", "one of its names", "health check"],
)
async def test_https_is_promised_only_behind_tls_and_never_for_this_machine(
    settings: Settings, origin: str, is_promised: bool
) -> None:
    answer = await _get("/", settings, origin=origin)

    assert ("strict-transport-security" in answer.headers) is is_promised


def test_a_static_host_gets_the_same_as_a_file() -> None:
    everywhere, _, hashed = headers_file(INLINE, PUBLIC).partition("/assets/*")

    assert everywhere.startswith("/*\n  X-Content-Type-Options: nosniff\n")
    assert f"Content-Security-Policy: {page_policy(INLINE, PUBLIC)}" in everywhere
    assert "Strict-Transport-Security" in everywhere
    assert "immutable" in hashed
    assert "Strict-Transport-Security" not in headers_file(INLINE, LOCAL)


def test_a_static_host_frames_the_same_pages() -> None:
    named = {"REFLEX_DEPLOY_URL": "https://app.example.com", "EMBED_ANCESTORS": "https://a.example"}
    pages = ["/", "/dashboard", "/embed", "/embed/route"]

    everywhere, *pages_lines = headers_file(INLINE, Settings.from_environ(named), pages).split(
        "\n/"
    )

    assert "frame-ancestors" not in everywhere
    # What is at none of these paths exactly has no policy of frames.
    assert "X-Frame-Options: DENY" in everywhere
    assert "script-src 'self'" in everywhere
    assert pages_lines[:-1] == [
        "\n  Content-Security-Policy: frame-ancestors 'none'",
        "dashboard\n  Content-Security-Policy: frame-ancestors 'none'",
        "embed\n  Content-Security-Policy: frame-ancestors https://a.example",
        "embed/route\n  Content-Security-Policy: frame-ancestors https://a.example",
    ]
