"""``GET /api/ready``: whether this process can serve; asking often makes no load.

Each part is asked for at most once a second, however many ask, and Tinybird less often while it
answers. The reasons are codes and names of errors: they hold no address and no secret.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, OutOfMemoryError, RedisError, ResponseError
from starlette.requests import Request
from starlette.responses import JSONResponse

from clerk_tinybird_app.clerk.errors import KeysUnavailable
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.serving.errors import NO_STORE
from clerk_tinybird_app.telemetry import refusals
from clerk_tinybird_app.tinybird.client import TinybirdUnreachableError

KEPT_SECONDS: Final = 1.0
TINYBIRD_KEPT_SECONDS: Final = 10.0
"""How long it is believed that Tinybird answers; that it does not, only for a second."""

PROBE_SECONDS: Final = 2.0
"""The longest that a part may take to answer."""

REDIS_UNREACHABLE: Final = "redis_unreachable"
REDIS_FULL: Final = "redis_full"
REDIS_REFUSES: Final = "redis_refuses"

_TRIED: Final = "clerk_tinybird_app:ready"
"""What is written to Redis to see that it can be; it goes at once."""
_SERVER_ERROR: Final = 500


class NotReadyError(Exception):
    """A part does not answer; the text is a stable code."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of a part.

    Attributes:
        at: When, in seconds of the clock.
        reason: Why it is not ready, "" when it is.
        age: Seconds by which what it has was old already, such as keys.
    """

    at: float
    reason: str = ""
    age: float | None = 0.0


Probe = Callable[[], Awaitable[float | None]]
"""Asks one part; returns the age of what it has, None when that never ages."""


class Part:
    """One thing that the app needs.

    Args:
        probe: Asks for it.
        clock: Seconds of a clock that nobody can set.
        kept_seconds: How long a good answer is believed.
    """

    def __init__(
        self, probe: Probe, clock: Callable[[], float], kept_seconds: float = KEPT_SECONDS
    ) -> None:
        self._probe = probe
        self._clock = clock
        self._kept_seconds = kept_seconds
        self._found: Found | None = None
        self._asking: asyncio.Task[Found] | None = None

    async def found(self) -> Found:
        """Return what is known, asking when it is too old; all who ask meanwhile share that."""
        kept = self._found
        if kept is not None:
            seconds = KEPT_SECONDS if kept.reason else self._kept_seconds
            if self._clock() - kept.at < seconds:
                return kept
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> Found:
        reason, age = "", None
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                age = await self._probe()
        except NotReadyError as error:
            reason = str(error)
        except TimeoutError:
            reason = "timeout"
        except Exception as error:  # noqa: BLE001 - whatever it is, it is not ready
            reason = type(error).__name__
        self._found = Found(self._clock(), reason, age)
        return self._found

    def told(self, found: Found) -> dict[str, Any]:
        """Return what is told of it."""
        if found.reason:
            return {"ready": False, "reason": found.reason, "age": self._since(found)}
        age = None if found.age is None else round(found.age + self._since(found), 1)
        return {"ready": True, "age": age}

    def _since(self, found: Found) -> float:
        return round(self._clock() - found.at, 1)


class Readiness:
    """All that the app needs to serve.

    Args:
        parts: Name -> part.
    """

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts

    @classmethod
    def of(cls, services: Services, clock: Callable[[], float] = time.monotonic) -> "Readiness":
        """Return what an app with these services needs."""
        parts = {
            "clerk_keys": Part(lambda: _clerk_keys(services), clock),
            "tinybird": Part(lambda: _tinybird(services), clock, TINYBIRD_KEPT_SECONDS),
        }
        if (redis := services.redis) is not None:
            parts["redis"] = Part(lambda: _redis(redis.redis), clock)
        return cls(parts)

    async def answer(self) -> tuple[bool, dict[str, Any]]:
        """Return whether everything is ready, and what is told of each part."""
        found = await asyncio.gather(*(part.found() for part in self._parts.values()))
        told = {
            name: part.told(one)
            for (name, part), one in zip(self._parts.items(), found, strict=True)
        }
        return not any(one.reason for one in found), told


async def _clerk_keys(services: Services) -> float | None:
    try:
        return await services.verifier.keys_age()
    except KeysUnavailable as error:
        raise NotReadyError(error.code) from None


async def _tinybird(services: Services) -> float:
    # Without a token: any answer but a server's error says that it is there, and none is a query.
    try:
        answer = await services.probe_http.get(
            f"{services.workspace.api_url}/v0/pipes", timeout=PROBE_SECONDS
        )
    except httpx.HTTPError as error:
        raise NotReadyError(f"{TinybirdUnreachableError.code}: {type(error).__name__}") from None
    if answer.status_code >= _SERVER_ERROR:
        raise NotReadyError(f"{TinybirdUnreachableError.code}: HTTP {answer.status_code}")
    return 0.0


async def _redis(redis: Redis) -> float:
    try:
        await redis.set(_TRIED, b"", px=1)
    except OutOfMemoryError:
        raise NotReadyError(REDIS_FULL) from None
    except (AuthenticationError, ResponseError) as error:
        raise NotReadyError(f"{REDIS_REFUSES}: {type(error).__name__}") from None
    except (RedisError, OSError) as error:
        raise NotReadyError(f"{REDIS_UNREACHABLE}: {type(error).__name__}") from None
    return 0.0


async def ready(request: Request) -> JSONResponse:
    """Answer 200 or 503 ``{status, parts}``; ``status`` is ready, not_ready or stopping."""
    services: Services = request.app.state.services
    if services.is_stopping:
        return _answer(False, {"status": refusals.STOPPING, "parts": {}})
    readiness: Readiness = request.app.state.readiness
    is_ready, parts = await readiness.answer()
    return _answer(is_ready, {"status": "ready" if is_ready else "not_ready", "parts": parts})


def _answer(is_ready: bool, body: dict[str, Any]) -> JSONResponse:
    status = HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse(body, status_code=status, headers=NO_STORE)
