"""Keeps the tenants' data moving: new made-up rows through the Events API, as a client would."""

import asyncio
import json
import math
import random
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import httpx

from clerk_tinybird_app.local.tinybird.demo.world import World
from clerk_tinybird_app.sample.fit import misfit
from clerk_tinybird_app.sample.rows import drawn
from clerk_tinybird_app.sample.timeline import DAY, HISTORY, Tenant, pieces

_SECONDS_BETWEEN: Final = 1.0
_RETRY_SECONDS: Final = 5.0
_MOST_SECONDS: Final = 60.0
"""A machine that slept longer has a gap in its data."""

_ALREADY: Final = -math.inf
"""When tenants have grown that do not grow any more."""


class Misfit(Exception):  # noqa: N818 - it says what is the case
    """What answers has another project than the sample is for, or is another's."""


class Traffic:
    """Sends made-up rows of a world's tenants until cancelled.

    The ``dice`` decide what happens; without them they are others each time.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        admin_token: str,
        world: World,
        *,
        tenants: Iterable[Tenant],
        clock: Callable[[], float] = time.time,
        dice: random.Random | None = None,
    ) -> None:
        self._http = http
        self._url = url
        self._admin = {"Authorization": f"Bearer {admin_token}"}
        self._world = world
        self._tenants = list(tenants)
        self._clock = clock
        self._sent_until = clock()
        self._dice = dice or random.Random()  # noqa: S311 - looks, not secrets
        self._members: dict[str, list[str]] = {}

    async def run(self) -> None:
        """Send for ever; a project that the sample is not for gets nothing."""
        is_known = False
        while True:
            try:
                is_known = is_known or await self.fits()
                if not is_known:
                    return
                is_known = await self.send()
            except (httpx.HTTPError, ValueError, KeyError):
                # What answers is no Tinybird, or the API is starting again, and this fills in what
                # would have happened meanwhile.
                await asyncio.sleep(_RETRY_SECONDS)
                self._sent_until = self._clock()
            await asyncio.sleep(_SECONDS_BETWEEN)

    async def join(self, tenant: Tenant, begun: Callable[[], None] = lambda: None) -> int:
        """Give a tenant that has none the rows of the last 61 days; return how many.

        From now on it gets new ones too. When the first ones are in, ``begun`` is called.

        Raises:
            Misfit: The rows have no place where they would go.
            httpx.HTTPError: The API does not answer, or takes no rows.
        """
        if not await self.fits():
            raise Misfit
        now, count = self._clock(), 0
        # The latest day first: it is what a chart shows at once.
        for ago in range(DAY, HISTORY + 1, DAY):
            since = now - ago
            # Beside the event loop, which has pages to serve.
            rows = await asyncio.to_thread(self.rows, [tenant], since, since + DAY, grown=now)
            (await self._post(rows)).raise_for_status()
            count += len(rows)
            if ago == DAY:
                self._tenants.append(tenant)
                begun()
        return count

    async def fits(self) -> bool:
        """Tell whether what answers is ours, with a project that the sample is for.

        Raises:
            httpx.HTTPError: Nobody can tell now.
        """
        name = self._world.sample.source
        answer = await self._http.get(f"{self._url}/v0/datasources/{name}", headers=self._admin)
        if answer.status_code == httpx.codes.BAD_REQUEST:
            # Its file has a mistake, which can be put right at any time.
            answer.raise_for_status()
        columns = answer.json()["columns"] if answer.is_success else []
        self._members = {
            one["name"]: (one["jsonpath"] or one["name"]).removeprefix("$.").split(".")
            for one in columns
        }
        optional = {one["name"]: bool(one["default_value"] or one["nullable"]) for one in columns}
        return not misfit(self._world.sample, self._world.tenant_column, optional)

    async def send(self) -> bool:
        """Send what happened since the last time; return False when that is refused."""
        now = self._clock()
        since = min(max(self._sent_until, now - _MOST_SECONDS), now)
        self._sent_until = now
        rows = self.rows(self._tenants, since, now)
        return not rows or (await self._post(rows)).status_code != httpx.codes.FORBIDDEN

    def rows(
        self, tenants: Iterable[Tenant], since: float, until: float, *, grown: float = _ALREADY
    ) -> list[dict[str, Any]]:
        """Return what tenants did in a time: `pieces` says what the arguments are."""
        sample, column = self._world.sample, self._world.tenant_column
        found = pieces(sample, tenants, since, until, grown=grown, dice=self._dice)
        return [row for piece in found for row in drawn(sample, column, piece, self._dice)]

    async def _post(self, rows: Iterable[dict[str, Any]]) -> httpx.Response:
        return await self._http.post(
            f"{self._url}/v0/events",
            params={"name": self._world.sample.source},
            headers=self._admin,
            content="\n".join(json.dumps(self._placed(row)) for row in rows),
        )

    def _placed(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row with each value where the data source's JSON path looks for it."""
        placed: dict[str, Any] = {}
        for name, value in row.items():
            *outer, last = self._members[name]
            at = placed
            for member in outer:
                at = at.setdefault(member, {})
            at[last] = value
        return placed
