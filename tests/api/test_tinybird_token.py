"""``GET /api/tinybird-token``: a token for a session, a refusal for anything else."""

import io
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from clerk_tinybird_app import services
from clerk_tinybird_app.api import create_api
from clerk_tinybird_app.api.tinybird_token import guide_headers
from clerk_tinybird_app.clerk.session import ClerkSession, Organization
from clerk_tinybird_app.local.clerk import EmbeddedClerk
from clerk_tinybird_app.logs.lines import JsonLine
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.serving.proxies import BehindProxies
from clerk_tinybird_app.serving.requests import RequestLog
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.tinybird.policy import Scope
from tests.clerk.tokens import token_with
from tests.clock import Clock
from tests.conftest import CHOICE
from tests.product.policy import TENANT
from tests.sessions import NOW, minted, signed_in, workspace
from tests.test_settings import HOST_KEY, TINYBIRD

pytestmark = pytest.mark.anyio
PATH = "/api/tinybird-token"


@pytest.fixture
def seconds() -> Clock:
    """Return the seconds of the rate limits' clock, which a test moves."""
    return Clock(now=0)


@pytest.fixture
async def client(running: Services, seconds: Clock) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(BehindProxies(create_api(running, monotonic=seconds)))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as client:
        yield client


@pytest.fixture
def clerk(running: Services) -> EmbeddedClerk:
    assert running.embedded_clerk
    return running.embedded_clerk


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_session_gets_a_token_with_the_guides_two_headers(
    client: httpx.AsyncClient, clerk: EmbeddedClerk, running: Services, clock: Clock
) -> None:
    answer = await client.get(PATH, headers=_bearer(clerk.issue("admin@acme.test", "acme")))

    assert answer.status_code == 200
    body = answer.json()
    claims = jwt.decode(body["token"], running.workspace.signing_key, algorithms=["HS256"])
    assert body == {
        "token": body["token"],
        "name": claims["name"],
        "expires_at": int(clock.now) + 900,
        "workspace_id": running.workspace.workspace_id,
        "scopes": claims["scopes"],
    }
    assert answer.headers["x-tinybird-token"] == body["token"]
    assert answer.headers["x-org-name"] == "manage"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("suffixed", [False, True])
async def test_clerks_session_cookie_does_as_well(
    client: httpx.AsyncClient, clerk: EmbeddedClerk, running: Services, suffixed: bool
) -> None:
    name = f"__session_{running.publishable_key.cookie_suffix}" if suffixed else "__session"

    answer = await client.get(
        PATH, headers={"Cookie": f"{name}={clerk.issue('solo@example.test')}"}
    )

    assert answer.status_code == 200
    assert answer.headers["x-org-name"] == ""


async def test_nobody_signed_in_gets_401_without_an_anonymous_key(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get(PATH)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "session_missing"
    assert answer.headers["cache-control"] == "no-store"
    assert "x-tinybird-token" not in answer.headers


async def test_the_bearer_wins_over_the_cookie_even_when_it_is_wrong(
    client: httpx.AsyncClient, clerk: EmbeddedClerk
) -> None:
    good = clerk.issue("admin@acme.test", "acme")

    answer = await client.get(PATH, headers=_bearer("a.b.c") | {"Cookie": f"__session={good}"})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([("Authorization", "Bearer a.b.c")], "session_malformed"),
        ([("Authorization", "Basic dXNlcjpwYXNz")], "session_malformed"),
        ([("Authorization", "Bearer x"), ("Authorization", "Bearer y")], "session_malformed"),
        ([("Authorization", f"Bearer {'x' * 30_000}")], "session_malformed"),
        ([("Authorization", f"Bearer {token_with()}")], "session_signature"),
        ([("Cookie", "__session_evil=eyJhbGciOiJSUzI1NiJ9.e30.c2ln")], "session_missing"),
    ],
    ids=["garbage", "basic", "two headers", "30 KB", "another key", "planted cookie"],
)
async def test_anything_wrong_gets_401_and_a_stable_code(
    client: httpx.AsyncClient, headers: list[tuple[str, str]], code: str
) -> None:
    answer = await client.get(PATH, headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)


async def test_an_expired_session_gets_401(
    client: httpx.AsyncClient, clerk: EmbeddedClerk, clock: Clock
) -> None:
    token = clerk.issue("admin@acme.test", "acme")
    clock.now += 60

    answer = await client.get(PATH, headers=_bearer(token))

    assert answer.json()["error"]["code"] == "session_expired"


async def test_a_session_that_asks_too_often_is_told_when_to_come_back_and_others_are_not(
    client: httpx.AsyncClient, clerk: EmbeddedClerk, seconds: Clock
) -> None:
    ada, bea = clerk.issue("admin@acme.test", "acme"), clerk.issue("solo@example.test")
    for _ in range(60):
        assert (await client.get(PATH, headers=_bearer(ada))).status_code == 200

    refused = await client.get(PATH, headers=_bearer(ada))

    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "too_many_requests"
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["cache-control"] == "no-store"
    assert "x-tinybird-token" not in refused.headers
    assert (await client.get(PATH, headers=_bearer(bea))).status_code == 200
    seconds.advance(1)
    assert (await client.get(PATH, headers=_bearer(ada))).status_code == 200


async def test_an_address_that_asks_too_often_is_refused_before_its_session_is_looked_at(
    client: httpx.AsyncClient, clerk: EmbeddedClerk
) -> None:
    for _ in range(600):
        assert (await client.get(PATH, headers=_bearer("a.b.c"))).status_code == 401

    good = _bearer(clerk.issue("solo@example.test"))
    refused = await client.get(PATH, headers=good)
    elsewhere = await client.get(PATH, headers=good | {"X-Forwarded-For": "203.0.113.7"})

    assert refused.status_code == 429
    # A proxy on this machine names its client; the proxy's other clients are still served.
    assert elsewhere.status_code == 200


@pytest.mark.parametrize("name", ["Authorization", "Cookie", "X-Anything"])
async def test_headers_that_are_too_large_are_refused_unread(
    client: httpx.AsyncClient, clerk: EmbeddedClerk, name: str
) -> None:
    cookie = {"Cookie": f"__session={clerk.issue('solo@example.test')}"}

    answer = await client.get(PATH, headers=cookie | {name: "x" * 33_000})

    assert answer.status_code == 431
    assert answer.json()["error"]["code"] == "headers_too_large"


def test_an_answers_headers_hold_no_more_than_proxies_pass_on() -> None:
    session = signed_in(
        organization=Organization(id="org_1", slug="", role="org:x"),
        permissions=("org:posts:lesen→é",),
    )
    token = minted(session, workspace(), now=NOW)

    assert guide_headers(token, session)["x-org-name"] == "lesen%E2%86%92%C3%A9"
    assert guide_headers(replace(token, value="x" * 3073), session).keys() == {"x-org-name"}
    assert guide_headers(token, replace(session, permissions=("x" * 3073,))).keys() == {
        "x-tinybird-token"
    }
    both = replace(token, value="x" * 2000), replace(session, permissions=("x" * 2000,))
    assert guide_headers(*both).keys() == {"x-org-name"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_only_get_is_answered(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, PATH)).status_code == 405


async def test_health_names_the_services_and_no_secret(
    client: httpx.AsyncClient, running: Services
) -> None:
    answer = await client.get("/api/health")

    assert answer.json() == {
        "status": "ok",
        "version": "0.1.0",
        "clerk": "local",
        "tinybird": "local",
    }
    assert running.workspace.signing_key not in answer.text


async def _real_services(tmp_path: Path, handler: httpx.MockTransport) -> httpx.AsyncClient:
    """Return a client of an app with real keys, whose Clerk is ``handler``."""
    key = {"CLERK_PUBLISHABLE_KEY": HOST_KEY, "TINYBIRD_API_KEY": "p.anonymous-key"}
    built = services.build(
        Settings.from_environ(CHOICE | key | TINYBIRD), folder=tmp_path, transport=handler
    )
    transport = httpx.ASGITransport(create_api(built))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:3000")


def _down(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("down", request=request)


async def test_signed_out_with_an_anonymous_key_gets_that_key_marked_anonymous(
    tmp_path: Path,
) -> None:
    async with await _real_services(tmp_path, httpx.MockTransport(_down)) as client:
        answer = await client.get(PATH)

    assert answer.status_code == 200
    assert answer.json() == {"token": "p.anonymous-key", "anonymous": True}
    assert answer.headers["x-tinybird-token"] == "p.anonymous-key"


async def test_an_error_never_falls_back_to_the_anonymous_key(tmp_path: Path) -> None:
    async with await _real_services(tmp_path, httpx.MockTransport(_down)) as client:
        malformed = await client.get(PATH, headers=_bearer("a.b.c"))
        unreachable = await client.get(PATH, headers=_bearer(token_with()))

    assert malformed.status_code == 401
    assert unreachable.status_code == 503
    assert unreachable.json()["error"]["code"] == "keys_unavailable"
    assert unreachable.headers["retry-after"]
    for answer in (malformed, unreachable):
        assert "p.anonymous-key" not in answer.text
        assert "x-tinybird-token" not in answer.headers


async def test_with_a_real_clerk_the_embedded_one_does_not_exist(tmp_path: Path) -> None:
    async with await _real_services(tmp_path, httpx.MockTransport(_down)) as client:
        answer = await client.get("/__clerk/v1/environment")

    assert answer.status_code == 404
    assert not (tmp_path / "clerk.sqlite3").exists()


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/tinybird-token/x"])
async def test_an_address_of_the_api_where_nothing_is_answers_json(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert answer.json()["error"]["message"]


async def test_another_method_answers_json_and_says_which_are_allowed(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/api/health")

    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert answer.headers["allow"] == "GET, HEAD"


def _broken_tenant(_session: ClerkSession) -> str:
    raise LookupError("no such tenant: a secret of ours")


def _broken_grant(_session: ClerkSession) -> list[Scope]:
    raise LookupError("no such tenant: a secret of ours")


def _foreign_grant(_session: ClerkSession) -> list[Scope]:
    return [Scope("total", {TENANT.parameter: "org_of_somebody_else"})]


@pytest.mark.parametrize(
    "broken",
    [{"tenant_of": _broken_tenant}, {"granted": _broken_grant}, {"granted": _foreign_grant}],
    ids=["tenant", "scopes", "unsafe scopes"],
)
async def test_a_policy_that_fails_gives_nobody_a_token_and_the_log_says_where(
    running: Services,
    clerk: EmbeddedClerk,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    broken: dict[str, Any],
) -> None:
    policy = replace(running.product.policy, **broken)
    services = replace(running, product=replace(running.product, policy=policy))
    transport = httpx.ASGITransport(create_api(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as client:
        answer = await client.get(PATH, headers=_bearer(clerk.issue("admin@acme.test", "acme")))

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "policy_failed")
    assert "x-tinybird-token" not in answer.headers
    assert "secret" not in answer.text
    (record,) = [each for each in caplog.records if "policy_failed" in each.getMessage()]
    assert record.levelno == logging.ERROR
    assert ".py:" in record.getMessage()


async def test_a_refusal_is_logged_with_its_code_and_a_session_by_its_ids(
    running: Services,
    clerk: EmbeddedClerk,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "clerk_tinybird_app")
    log = RequestLog(create_api(running), is_on=True)
    written = logging.StreamHandler(lines := io.StringIO())
    written.setFormatter(JsonLine())
    logging.getLogger("clerk_tinybird_app").addHandler(written)
    transport = httpx.ASGITransport(log)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as api:
            await api.get(PATH, headers=_bearer(clerk.issue("admin@acme.test", "acme")))
            await api.get(PATH, headers=_bearer("a.b.c"))
    finally:
        logging.getLogger("clerk_tinybird_app").removeHandler(written)

    granted, *refused = map(json.loads, lines.getvalue().splitlines())
    assert granted["session_id"].startswith("sess_")
    assert granted["tenant_id"].startswith("org_")
    assert granted["status"] == 200
    assert {line["request_id"] for line in refused} == {refused[0]["request_id"]}
    assert refused[0]["code"] == "session_malformed"
    assert "session_id" not in refused[-1]
