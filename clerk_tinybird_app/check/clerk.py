"""The keys that verify sessions."""

from collections.abc import AsyncIterator, Callable
from typing import Final

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from clerk_tinybird_app.check.clock import clock_outcome
from clerk_tinybird_app.check.exchange import get
from clerk_tinybird_app.check.outcome import Outcome, failed, ok, warning
from clerk_tinybird_app.clerk.keys import PemKey, UnusableKeySetError, parse_jwks
from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.settings import Settings

KEYS: Final = "Clerk keys"


async def clerk(
    settings: Settings, http: httpx.AsyncClient, clock: Callable[[], float]
) -> AsyncIterator[Outcome]:
    """Check the keys of a real Clerk instance, and the clock by its answer."""
    key = PublishableKey.parse(settings.clerk_publishable_key)
    answer = await get(http, key.jwks_url)
    if isinstance(answer, str):
        yield _unreachable(settings, key.host, answer)
        return
    try:
        published = _published(answer)
    except UnusableKeySetError as error:
        yield failed(
            KEYS,
            f"{key.jwks_url}: {error}",
            "Check CLERK_PUBLISHABLE_KEY: it names the instance's address.",
        )
        return
    yield await _matching(settings, key.host, published)
    yield clock_outcome("Clerk", answer, clock())


def _published(answer: httpx.Response) -> dict[str, RSAPublicKey]:
    if answer.status_code != httpx.codes.OK:
        raise UnusableKeySetError(f"the answer is HTTP {answer.status_code}")
    return parse_jwks(answer.content)


async def _matching(settings: Settings, host: str, published: dict[str, RSAPublicKey]) -> Outcome:
    count = f"{host} publishes {len(published)} {'key' if len(published) == 1 else 'keys'}"
    if not settings.clerk_jwt_key:
        return ok(KEYS, count)
    own = await PemKey(settings.clerk_jwt_key).get(None)
    if any(each.public_numbers() == own.public_numbers() for each in published.values()):
        return ok(KEYS, f"{count}, CLERK_JWT_KEY among them")
    return failed(
        KEYS,
        f"{count}, but CLERK_JWT_KEY is not among them: every session would be refused.",
        "Copy the JWKS Public Key of this instance: Clerk dashboard > Configure > API keys.",
    )


def _unreachable(settings: Settings, host: str, reason: str) -> Outcome:
    if settings.clerk_jwt_key:
        return warning(
            KEYS,
            f"CLERK_JWT_KEY can be read; {host} cannot be reached ({reason}) to compare it",
            "Sessions are verified without it; the browser does need to reach Clerk.",
        )
    return failed(
        KEYS,
        f"{host} cannot be reached ({reason}), so no session can be verified.",
        "Check the network and CLERK_PUBLISHABLE_KEY, or set CLERK_JWT_KEY to need no network.",
    )
