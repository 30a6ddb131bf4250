"""Whether the Redis that holds the states answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Final, cast
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError

from clerk_tinybird_app.check.answers import SECONDS
from clerk_tinybird_app.check.finding import Finding, failed, ok

_UNREACHABLE: Final = "Every page would stay empty. Check REFLEX_REDIS_URL and the network."


async def redis_server(url: str) -> AsyncIterator[Finding]:
    """Check the Redis at ``url``; nothing without one. The address may hold a password."""
    if not url:
        return
    try:
        server = Redis.from_url(url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS)
        place = _place(url)
    except ValueError:
        yield failed(
            "redis/address",
            "REFLEX_REDIS_URL is no address of a Redis",
            "Write redis://host:6379, rediss:// for TLS, or unix:///path.",
        )
        return
    try:
        async with asyncio.timeout(SECONDS):
            # One class serves both of its clients, so its type says that it may be no awaitable.
            await cast("Awaitable[bool]", server.ping())
    except AuthenticationError:
        yield failed(
            "redis/refused",
            f"the Redis at {place} refuses the name or the password",
            "Write them into REFLEX_REDIS_URL: redis://name:password@host:6379.",
        )
    except (RedisError, OSError, TimeoutError) as error:
        reason = type(error).__name__
        yield failed("redis/unreachable", f"no Redis answers at {place} ({reason})", _UNREACHABLE)
    else:
        yield ok("redis/answers", f"answers at {place}")
    finally:
        await server.aclose()


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 6379}" if parts.hostname else parts.path
