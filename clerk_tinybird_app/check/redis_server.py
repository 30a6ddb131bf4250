"""Whether the Redis that holds the states answers, and takes and keeps what the app writes."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, cast
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from clerk_tinybird_app.check.answers import SECONDS
from clerk_tinybird_app.check.finding import Finding, failed, ok, warning

_UNREACHABLE: Final = (
    "Every page would stay empty. Check the network and REFLEX_REDIS_URL: rediss:// is for TLS, "
    "redis:// without."
)
_KEPT_MS: Final = 1000
"""How long the one value of a check is kept, should it not be deleted."""
_TOLD_SECONDS: Final = 1.0
"""How long Redis may take to tell of a change."""

_SLOW: Final = "where two things happen on a page at once, one waits for ten seconds"
_SET_THERE: Final = "Set notify-keyspace-events to K$sgxe where it is run"

_REFUSALS: Final[dict[type[RedisError], tuple[str, str, str]]] = {
    AuthenticationError: (
        "redis/refused",
        "refuses the name or the password",
        "Write them into REFLEX_REDIS_URL: redis://name:password@host:6379.",
    ),
    NoPermissionError: (
        "redis/no-rights",
        "does not let this user do what the app does",
        "Every page would stay empty. Give the user all commands on all keys and channels: "
        "ACL SETUSER name ~* &* +@all.",
    ),
    ReadOnlyError: (
        "redis/read-only",
        "is a replica, where nothing can be written",
        "Every page would stay empty. Name the main one in REFLEX_REDIS_URL.",
    ),
    OutOfMemoryError: (
        "redis/full",
        "is full, and throws nothing away",
        "Every page would stay empty. Give it more memory, and --maxmemory-policy volatile-lru as "
        "in deploy/compose.yaml.",
    ),
    ResponseError: (
        "redis/refused",
        "does not take what the app asks for",
        "Check the database's number and the name in REFLEX_REDIS_URL, and the server's version.",
    ),
}
"""The first of an error's classes counts."""


Ask = Callable[[Any], Awaitable[object]]
"""Asks a Redis to tell of changes, as the app does when it begins."""


async def redis_server(url: str, ask_for_changes: Ask) -> AsyncIterator[Finding]:
    """Check the Redis at ``url``; nothing without one. The address may hold a password."""
    if not url:
        return
    server = Redis.from_url(url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS)
    place = _place(url)
    try:
        async with asyncio.timeout(SECONDS):
            await _used(server)
            answers = ok("redis/answers", f"answers at {place}")
            for finding in [
                answers,
                *await _changes(server, ask_for_changes),
                *await _memory(server),
            ]:
                yield finding
    except (RedisError, OSError, TimeoutError) as error:
        # On a socket file, the library makes a refusal an error of the connection.
        kinds = (*type(error).mro(), *type(error.__cause__).mro(), *type(error.__context__).mro())
        code, what, advice = next(
            (_REFUSALS[kind] for kind in kinds if kind in _REFUSALS),
            ("redis/unreachable", "", _UNREACHABLE),
        )
        text = f"the Redis at {place} {what}" if what else f"no Redis answers at {place}"
        yield failed(code, f"{text} ({type(error).__name__})", advice)
    finally:
        await server.aclose()


async def _used(server: Any) -> None:
    """Do once what the app does all the time, under a name that nothing else has."""
    name = f"check:{secrets.token_hex(16)}"
    await server.ping()
    await server.set(name, b"", px=_KEPT_MS)
    await server.mget([name])
    await server.publish(name, b"")
    await server.eval("return 0", 0)
    await server.delete(name)


async def _changes(server: Any, ask_for_changes: Ask) -> list[Finding]:
    """Return what is wrong with how it tells of changes, such as that a page's state is free."""
    try:
        await ask_for_changes(server)
    except ResponseError:
        text = f"the Redis does not let the app set notify-keyspace-events: {_SLOW}"
        advice = f"{_SET_THERE}, and REFLEX_IGNORE_REDIS_CONFIG_ERROR=1 here."
        return [failed("redis/no-config", text, advice)]
    name = f"check:{secrets.token_hex(16)}"
    async with server.pubsub(ignore_subscribe_messages=True) as told:
        await told.psubscribe(f"__keyspace@*__:{name}")
        # The first is the answer to the question itself.
        await told.get_message(timeout=_TOLD_SECONDS)
        await server.set(name, b"", px=_KEPT_MS)
        is_told = await told.get_message(timeout=_TOLD_SECONDS)
        await server.delete(name)
    if is_told:
        return []
    text = f"the Redis tells of no changes (notify-keyspace-events): {_SLOW}"
    return [failed("redis/no-events", text, f"{_SET_THERE}.")]


async def _memory(server: Any) -> list[Finding]:
    """Return what is wrong with how it makes room; nothing when it does not say."""
    try:
        said = await cast("Awaitable[dict[str, Any]]", server.info("memory"))
    except ResponseError:
        return []
    policy = str(said.get("maxmemory_policy", ""))
    # Every key of the app ends by its own time, so all keys are as good as the volatile ones.
    if not said.get("maxmemory") or policy.endswith(("-lru", "-lfu")):
        return []
    if policy == "noeviction":
        text = "once the Redis is full, it takes nothing more (noeviction): pages would stay empty"
    else:
        text = f"once the Redis is full, it throws away what was just used as well ({policy})"
    advice = "Set its maxmemory-policy to volatile-lru, as deploy/compose.yaml does."
    return [warning("redis/memory", text, advice)]


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 6379}" if parts.hostname else parts.path
