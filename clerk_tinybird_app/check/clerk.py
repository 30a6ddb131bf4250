"""Clerk's keys: the ones that verify sessions, and the secret one."""

from collections.abc import AsyncIterator, Callable
from typing import Final

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from clerk_tinybird_app.check.answers import clock_finding, get
from clerk_tinybird_app.check.finding import Finding, failed, ok, warning
from clerk_tinybird_app.clerk.keys import PemKey, UnusableKeySetError, parse_jwks
from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.settings import Settings

BACKEND_JWKS: Final = "https://api.clerk.com/v1/jwks"
"""The keys of the instance that a secret key belongs to."""

_REFUSALS: Final = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)

Keys = dict[str, RSAPublicKey]


async def clerk(
    settings: Settings, http: httpx.AsyncClient, clock: Callable[[], float]
) -> AsyncIterator[Finding]:
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
            "clerk/no-keys",
            f"{key.jwks_url}: {error}",
            "Check CLERK_PUBLISHABLE_KEY: it names the instance's address.",
        )
        return
    yield await _verifying(settings, key.host, published)
    if settings.clerk_secret_key:
        yield await _secret(settings.clerk_secret_key, http, published, key.host)
    yield clock_finding("Clerk", answer, clock())


def _published(answer: httpx.Response | str) -> Keys:
    if isinstance(answer, str):
        raise UnusableKeySetError(answer)
    if answer.status_code != httpx.codes.OK:
        raise UnusableKeySetError(f"the answer is HTTP {answer.status_code}")
    return parse_jwks(answer.content)


async def _verifying(settings: Settings, host: str, published: Keys) -> Finding:
    count = f"{host} publishes {len(published)} {'key' if len(published) == 1 else 'keys'}"
    if not settings.clerk_jwt_key:
        return ok("clerk/keys", count)
    if _share(published, {"": await PemKey(settings.clerk_jwt_key).get(None)}):
        return ok("clerk/keys", f"{count}, CLERK_JWT_KEY among them")
    return failed(
        "clerk/jwt-key",
        f"{count}, but CLERK_JWT_KEY is not among them: every session would be refused.",
        "Copy the JWKS Public Key of this instance: Clerk dashboard > Configure > API keys.",
    )


async def _secret(secret: str, http: httpx.AsyncClient, published: Keys, host: str) -> Finding:
    """Ask Clerk's Backend API for the keys of the instance that the secret key belongs to."""
    answer = await get(http, BACKEND_JWKS, secret)
    if isinstance(answer, httpx.Response) and answer.status_code in _REFUSALS:
        return failed(
            "clerk/secret-key-refused",
            "Clerk refuses CLERK_SECRET_KEY: it is not whole, or was replaced.",
            "Copy it again, or leave it out: sessions are verified without it.",
        )
    try:
        own = _published(answer)
    except UnusableKeySetError as error:
        return warning(
            "clerk/secret-key-untried",
            f"CLERK_SECRET_KEY could not be tried ({error})",
            "Sessions are verified without it. Check again later.",
        )
    if _share(published, own):
        return ok("clerk/secret-key", f"CLERK_SECRET_KEY is of {host}")
    return failed(
        "clerk/secret-key-foreign",
        f"CLERK_SECRET_KEY is of another instance than {host}, which CLERK_PUBLISHABLE_KEY names.",
        "Copy both from one page: Clerk dashboard > Configure > API keys.",
    )


def _share(some: Keys, others: Keys) -> bool:
    known = [each.public_numbers() for each in some.values()]
    return any(each.public_numbers() in known for each in others.values())


def _unreachable(settings: Settings, host: str, reason: str) -> Finding:
    if settings.clerk_jwt_key:
        return warning(
            "clerk/unreachable",
            f"CLERK_JWT_KEY can be read; {host} cannot be reached ({reason}) to compare it",
            "Sessions are verified without it; the browser does need to reach Clerk.",
        )
    return failed(
        "clerk/unreachable",
        f"{host} cannot be reached ({reason}), so no session can be verified.",
        "Check the network and CLERK_PUBLISHABLE_KEY, or set CLERK_JWT_KEY to need no network.",
    )
