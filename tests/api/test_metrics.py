"""``GET /api/metrics``: for its token, or for this machine alone; nobody's data is in it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from clerk_tinybird_app.api import create_api
from clerk_tinybird_app.services import Services

pytestmark = pytest.mark.anyio
TOKEN = "a-token-for-the-metrics"


def _client(
    running: Services, peer: str = "127.0.0.1", host: str = "localhost:3000"
) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_api(running), client=(peer, 5))
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}")


@pytest.fixture
async def guarded(running: Services) -> AsyncIterator[httpx.AsyncClient]:
    settings = replace(running.settings, metrics_token=TOKEN)
    async with _client(replace(running, settings=settings), "203.0.113.7", "app.test") as client:
        yield client


async def test_who_has_the_token_gets_them_from_anywhere(guarded: httpx.AsyncClient) -> None:
    answer = await guarded.get("/api/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "# TYPE app_refusals_total counter" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("Authorization", "Bearer another-token-for-it")],
        [("Authorization", "Bearer ")],
        [("Authorization", TOKEN)],
        [("Authorization", f"Basic {TOKEN}")],
        [("Authorization", f"Bearer {TOKEN}"), ("Authorization", f"Bearer {TOKEN}")],
        [("Authorization", "Bearer é".encode())],
    ],
    ids=repr,
)
async def test_nobody_else_does(guarded: httpx.AsyncClient, headers: list[tuple[str, str]]) -> None:
    answer = await guarded.get("/api/metrics", headers=headers)

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "metrics_refused"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in answer.text


async def test_without_a_token_this_machine_gets_them(running: Services) -> None:
    async with _client(running) as client:
        assert (await client.get("/api/metrics")).status_code == 200


@pytest.mark.parametrize(
    ("peer", "host", "headers"),
    [
        ("203.0.113.7", "localhost:3000", {}),
        ("127.0.0.1", "app.example.com", {}),
        ("127.0.0.1", "localhost:3000", {"X-Forwarded-For": "203.0.113.7"}),
        ("127.0.0.1", "localhost:3000", {"Forwarded": "for=203.0.113.7"}),
    ],
    ids=["elsewhere", "a public name", "through a proxy", "through another proxy"],
)
async def test_without_a_token_nobody_else_does(
    running: Services, peer: str, host: str, headers: dict[str, str]
) -> None:
    async with _client(running, peer, host) as client:
        answer = await client.get("/api/metrics", headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "metrics_refused")


async def test_no_label_names_a_session_a_user_or_a_tenant(running: Services) -> None:
    assert running.embedded_clerk
    async with _client(running) as client:
        token = running.embedded_clerk.issue("admin@acme.test", "acme")
        granted = await client.get(
            "/api/tinybird-token", headers={"Authorization": f"Bearer {token}"}
        )
        await client.get("/api/tinybird-token", headers={"Authorization": "Bearer a.b.c"})
        metrics = (await client.get("/api/metrics")).text

    assert granted.status_code == 200
    assert 'app_tokens_minted_total{place="api"}' in metrics
    assert 'app_refusals_total{code="session_malformed",place="api"}' in metrics
    for beginning in ("sess_", "user_", "org_2", "eyJ"):
        assert beginning not in metrics
