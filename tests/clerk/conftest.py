"""Shared by the tests of sessions: a verifier, a clock, and a key server that counts requests."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from clerk_tinybird_app.clerk.keys import JwksKeys, PemKey
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.clerk.verifier import SessionVerifier
from tests.clerk.tokens import ISSUER, KID, NOW, ORIGIN, jwk, pem
from tests.clock import Clock

JWKS_URL = "https://clerk.example.com/.well-known/jwks.json"


class KeyServer:
    """Answers with a key set, counts its requests, and can be down, slow or wrong."""

    def __init__(self) -> None:
        self.requests = 0
        self.up = True
        self.ready = asyncio.Event()
        self.ready.set()
        self.answer: dict[str, Any] = {}
        self.publish(KID)

    def publish(self, *kids: str) -> None:
        self.answer = {"status_code": 200, "json": {"keys": [jwk(kid) for kid in kids]}}

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        await self.ready.wait()
        if not self.up:
            raise httpx.ConnectError("down", request=request)
        return httpx.Response(**self.answer)


@pytest.fixture
def clock() -> Clock:
    return Clock(now=1000.0)


@pytest.fixture
async def key_server(anyio_backend: Any) -> KeyServer:
    return KeyServer()


@pytest.fixture
async def keys(key_server: KeyServer, clock: Clock) -> AsyncIterator[JwksKeys]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(key_server)) as http:
        yield JwksKeys(JWKS_URL, http=http, clock=clock)


def verifier_with(keys: Any) -> SessionVerifier:
    return SessionVerifier(issuer=ISSUER, authorized_parties={ORIGIN}, keys=keys, clock=lambda: NOW)


@pytest.fixture(scope="session")
def verify() -> Callable[[Any], ClerkSession]:
    """Verify a token with the instance's key from the settings, at the time NOW."""
    verifier = verifier_with(PemKey(pem()))
    return lambda token: asyncio.run(verifier.verify(token))
