"""Keeps the local tenants' data moving: new requests through the Events API, as a client would."""

import asyncio
import json
import logging
import math
import random
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from clerk_tinybird_app.local.tinybird.story import (
    BURST_ERROR_SHARE,
    BURST_SLOWDOWN,
    COLUMNS,
    DATA_SOURCE,
    ROUTES,
    TENANTS,
    Route,
    Tenant,
    activity,
    has_burst,
)

APPEND_TOKEN: Final = "requests_append"
"""The token in the bundled project's data source that may add to it."""

_SECONDS_BETWEEN: Final = 1.0
_RETRY_SECONDS: Final = 5.0
_PER_SECOND: Final = 1.0
_SERVER_ERRORS: Final = (500, 502, 503)
_CLIENT_ERRORS: Final = (404, 400, 401, 429, 422)
_SERVER_ERROR_SHARE: Final = 0.002

_log = logging.getLogger(__name__)


class Traffic:
    """Sends made-up requests of the local tenants until cancelled.

    Args:
        http: Sends them.
        url: The API's address.
        admin_token: Finds out the token that may add rows.
        clock: Seconds since the epoch.
        per_second: Requests per second of the busiest tenant in an average hour; the others' and
            other hours' are in proportion.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        admin_token: str,
        *,
        clock: Callable[[], float] = time.time,
        per_second: float = _PER_SECOND,
    ) -> None:
        self._http = http
        self._url = url
        self._admin_token = admin_token
        self._clock = clock
        self._per_second = per_second
        self._random = random.Random(secrets.randbits(64))  # noqa: S311 - looks, not secrets

    async def run(self) -> None:
        """Send for ever; a project that has another story gets nothing."""
        token: str | None = None
        while True:
            try:
                token = token or await self._token()
                if token is None:
                    return
                if not await self._send(token):
                    token = None
            except httpx.HTTPError:
                # The API is starting again; what would have happened meanwhile did not.
                await asyncio.sleep(_RETRY_SECONDS)
            await asyncio.sleep(_SECONDS_BETWEEN)

    async def _token(self) -> str | None:
        """Return the append token; None: the project is another, or the API another's."""
        admin = {"Authorization": f"Bearer {self._admin_token}"}
        source = await self._http.get(f"{self._url}/v0/datasources/{DATA_SOURCE}", headers=admin)
        found = await self._http.get(f"{self._url}/v0/tokens/{APPEND_TOKEN}", headers=admin)
        if not (source.is_success and found.is_success):
            return None
        columns = tuple(column["name"] for column in source.json()["columns"])
        return str(found.json()["token"]) if columns == COLUMNS else None

    async def _send(self, token: str) -> bool:
        """Send what happened in the last second; return False when the token is refused."""
        now = self._clock()
        rows = [json.dumps(row) for tenant in TENANTS for row in self.requests(tenant, now)]
        if not rows:
            return True
        answer = await self._http.post(
            f"{self._url}/v0/events",
            params={"name": DATA_SOURCE},
            headers={"Authorization": f"Bearer {token}"},
            content="\n".join(rows),
        )
        return answer.status_code != httpx.codes.FORBIDDEN

    def requests(self, tenant: Tenant, now: float) -> list[dict[str, Any]]:
        """Return a tenant's requests of the second that ends at ``now``, as rows."""
        moment = datetime.fromtimestamp(now, UTC)
        share = tenant.hourly / max(each.hourly for each in TENANTS)
        expected = self._per_second * share * activity(moment) * _SECONDS_BETWEEN
        burst = has_burst(tenant, int(now) // 3600)
        return [self._request(tenant, now, burst=burst) for _ in range(self._count(expected))]

    def _count(self, expected: float) -> int:
        """Return how often something happens that is expected so often (Knuth's Poisson)."""
        limit, product, count = math.exp(-expected), self._random.random(), 0
        while product > limit:
            product *= self._random.random()
            count += 1
        return count

    def _request(self, tenant: Tenant, now: float, *, burst: bool) -> dict[str, Any]:
        route = self._random.choices(ROUTES, [route.weight for route in ROUTES])[0]
        at = datetime.fromtimestamp(now - self._random.random() * _SECONDS_BETWEEN, UTC)
        slowdown = BURST_SLOWDOWN if burst else 1.0
        duration = route.median_ms * slowdown * self._random.lognormvariate(0, route.spread)
        return {
            "timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "tenant_id": tenant.id,
            "user_id": self._pick(tenant.users),
            "request_id": f"req_{self._random.getrandbits(64):016x}",
            "method": route.method,
            "route": route.path,
            "status": self._status(route, BURST_ERROR_SHARE if burst else _SERVER_ERROR_SHARE),
            "duration_ms": round(duration, 2),
            "region": self._pick(tenant.regions),
        }

    def _status(self, route: Route, server_errors: float) -> int:
        if self._random.random() < server_errors:
            return self._random.choice(_SERVER_ERRORS)
        if self._random.random() < route.client_errors / 1000:
            return self._random.choice(_CLIENT_ERRORS)
        return route.status

    def _pick(self, choices: tuple[str, ...]) -> str:
        """Return one of ``choices``, the first ones more often."""
        return choices[int(len(choices) * self._random.random() ** 1.8)]
