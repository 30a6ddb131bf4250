"""Keeps the local tenants' data moving: new requests through the Events API, as a client would."""

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from clerk_tinybird_app.local.tinybird.demo import pace
from clerk_tinybird_app.local.tinybird.demo.story import (
    CLIENT_ERRORS,
    COLUMNS,
    DATA_SOURCE,
    REGION_SKEW,
    ROUTES,
    SERVER_ERROR_SHARE,
    SERVER_ERRORS,
    TENANTS,
    USER_SKEW,
    Route,
    Tenant,
)

APPEND_TOKEN: Final = "requests_append"
"""The token in the bundled project's data source that may add to it."""

_SECONDS_BETWEEN: Final = 1.0
_RETRY_SECONDS: Final = 5.0
_MOST_SECONDS: Final = 60.0
"""A machine that slept longer has a gap in its data."""

_SLICE_SECONDS: Final = 15 * 60
"""How long a past pace holds; the charts' buckets for a day are as long."""

_DAY_SECONDS: Final = 24 * 60 * 60


class NoStory(Exception):  # noqa: N818 - it says what is the case
    """What answers has another project than the bundled one, or is another's."""


class Traffic:
    """Sends made-up requests of the local tenants until cancelled.

    Args:
        http: Sends them.
        url: The API's address.
        admin_token: Finds out the token that may add rows.
        tenants: Whose requests to make up.
        clock: Seconds since the epoch.
        dice: Decides what happens; None for other dice each time.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        admin_token: str,
        *,
        tenants: Iterable[Tenant] = TENANTS,
        clock: Callable[[], float] = time.time,
        dice: random.Random | None = None,
    ) -> None:
        self._http = http
        self._url = url
        self._admin_token = admin_token
        self._tenants = list(tenants)
        self._clock = clock
        self._sent_until = clock()
        self._dice = dice or random.Random()  # noqa: S311 - looks, not secrets

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
            except (httpx.HTTPError, ValueError, KeyError):
                # What answers is no Tinybird, or the API is starting again, and this fills in what
                # would have happened meanwhile.
                await asyncio.sleep(_RETRY_SECONDS)
                self._sent_until = self._clock()
            await asyncio.sleep(_SECONDS_BETWEEN)

    async def join(self, tenant: Tenant, begun: Callable[[], None] = lambda: None) -> int:
        """Give a tenant the requests of the last 61 days; from now on it gets new ones too.

        Args:
            tenant: One that has none yet.
            begun: Called when the first ones are in.

        Returns:
            How many requests there were.

        Raises:
            NoStory: The rows have no place where they would go.
            httpx.HTTPError: The API does not answer, or takes no rows.
        """
        token = await self._token()
        if token is None:
            raise NoStory
        now, count = self._clock(), 0
        # The latest day first: it is what a chart shows at once.
        for ago in range(_DAY_SECONDS, pace.HISTORY + 1, _DAY_SECONDS):
            # Beside the event loop, which has pages to serve.
            rows = await asyncio.to_thread(self._day, tenant, now - ago, now)
            (await self._post(rows, token)).raise_for_status()
            count += len(rows)
            if ago == _DAY_SECONDS:
                self._tenants.append(tenant)
                begun()
        return count

    def _day(self, tenant: Tenant, since: float, grown: float) -> list[str]:
        starts = (since + passed for passed in range(0, _DAY_SECONDS, _SLICE_SECONDS))
        return [
            json.dumps(row)
            for start in starts
            for row in self.requests(
                tenant, start, start + _SLICE_SECONDS, level=pace.level(tenant, start, grown)
            )
        ]

    async def _token(self) -> str | None:
        """Return the append token; None: the project is another, or the API another's.

        Raises:
            httpx.HTTPError: Nobody can tell now.
        """
        admin = {"Authorization": f"Bearer {self._admin_token}"}
        source = await self._http.get(f"{self._url}/v0/datasources/{DATA_SOURCE}", headers=admin)
        if source.status_code == httpx.codes.BAD_REQUEST:
            # Its file has a mistake, which can be put right at any time.
            source.raise_for_status()
        found = await self._http.get(f"{self._url}/v0/tokens/{APPEND_TOKEN}", headers=admin)
        if not (source.is_success and found.is_success):
            return None
        columns = tuple(column["name"] for column in source.json()["columns"])
        return str(found.json()["token"]) if columns == COLUMNS else None

    async def _send(self, token: str) -> bool:
        """Send what happened since the last time; return False when the token is refused."""
        now = self._clock()
        since = min(max(self._sent_until, now - _MOST_SECONDS), now)
        self._sent_until = now
        rows = [
            json.dumps(row) for tenant in self._tenants for row in self.requests(tenant, since, now)
        ]
        if not rows:
            return True
        return (await self._post(rows, token)).status_code != httpx.codes.FORBIDDEN

    async def _post(self, rows: list[str], token: str) -> httpx.Response:
        return await self._http.post(
            f"{self._url}/v0/events",
            params={"name": DATA_SOURCE},
            headers={"Authorization": f"Bearer {token}"},
            content="\n".join(rows),
        )

    def requests(
        self, tenant: Tenant, since: float, until: float, *, level: float = 1.0
    ) -> list[dict[str, Any]]:
        """Return a tenant's requests of a short time as rows.

        Args:
            tenant: Whose.
            since: Seconds since the epoch.
            until: Likewise, exclusive.
            level: How far the tenant was on its way to today's pace.
        """
        expected = pace.rate(tenant, (since + until) / 2) * (until - since) * level
        times = (
            self._dice.uniform(since, until) for _ in range(pace.how_many(expected, self._dice))
        )
        return [self._request(tenant, at) for at in times]

    def _request(self, tenant: Tenant, at: float) -> dict[str, Any]:
        route = self._dice.choices(ROUTES, [route.weight for route in ROUTES])[0]
        trouble = pace.incident(tenant, at)
        slowdown = trouble.slowdown if trouble else 1.0
        duration = route.median_ms * slowdown * self._dice.lognormvariate(0, route.spread)
        moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
        return {
            "timestamp": moment.replace("+00:00", "Z"),
            "tenant_id": tenant.id,
            "user_id": self._pick(tenant.users, USER_SKEW),
            "request_id": f"req_{self._dice.getrandbits(64):016x}",
            "method": route.method,
            "route": route.path,
            "status": self._status(route, trouble.errors if trouble else SERVER_ERROR_SHARE),
            "duration_ms": round(duration, 2),
            "region": self._pick(tenant.regions, REGION_SKEW),
        }

    def _status(self, route: Route, server_errors: float) -> int:
        if self._dice.random() < server_errors:
            return self._dice.choice(SERVER_ERRORS)
        if self._dice.random() < route.client_errors / 1000:
            return self._dice.choice(CLIENT_ERRORS)
        return route.status

    def _pick(self, choices: tuple[str, ...], skew: float) -> str:
        """Return one of ``choices``, the first ones more often."""
        return choices[int(len(choices) * self._dice.random() ** skew)]
