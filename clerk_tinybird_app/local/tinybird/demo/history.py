"""What the story's tenants did while nobody watched, piece by piece."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clerk_tinybird_app.local.tinybird.demo import pace
from clerk_tinybird_app.local.tinybird.demo.pace import Incident
from clerk_tinybird_app.local.tinybird.demo.story import SERVER_ERROR_SHARE, TENANTS, Tenant

_STEP: Final = 15 * 60
"""Seconds for which one pace holds; the charts' buckets for a day are as long."""

_LATELY: Final = (52 * 60, 38 * 60)
"""Begin and end of the incident that a first look shows, in seconds before the present."""

_QUIET: Final = 90 * 60
"""After so many seconds without an incident the busiest tenant gets that one."""


@dataclass(frozen=True)
class Piece:
    """A short time in which a tenant's requests are alike.

    Attributes:
        tenant: Whose.
        begins: Seconds since the epoch.
        ends: Likewise, exclusive.
        requests: How many there are.
        errors: Share of server errors.
        slowdown: How much longer than usual answers take.
    """

    tenant: Tenant
    begins: float
    ends: float
    requests: int
    errors: float
    slowdown: float


def history(since: float, until: float, *, grown: float, dice: random.Random) -> Iterator[Piece]:
    """Yield what happened in a time, tenant by tenant; pieces without requests are left out.

    Args:
        since: Seconds since the epoch.
        until: Likewise, exclusive: the present.
        grown: When the tenants have today's pace.
        dice: Decides how many requests came, around what was to be expected.
    """
    for tenant in TENANTS:
        incidents = _incidents(tenant, since, until)
        for begins, ends in itertools.pairwise(_edges(since, until, incidents)):
            middle = (begins + ends) / 2
            expected = pace.rate(tenant, middle) * pace.level(tenant, middle, grown)
            if requests := pace.how_many(expected * (ends - begins), dice):
                found = next(
                    (each for each in incidents if each.begins <= middle < each.ends), None
                )
                errors = found.errors if found else SERVER_ERROR_SHARE
                slowdown = found.slowdown if found else 1.0
                yield Piece(tenant, begins, ends, requests, errors, slowdown)


def _incidents(tenant: Tenant, since: float, until: float) -> list[Incident]:
    """Return a tenant's incidents; the busiest tenant has had one lately."""
    found = pace.incidents(tenant, since, until)
    if tenant is TENANTS[0] and not pace.incidents(tenant, until - _QUIET, until):
        begins, ends = (until - before for before in _LATELY)
        found.append(Incident(begins, ends, errors=0.21, slowdown=2.4))
    return found


def _edges(since: float, until: float, incidents: list[Incident]) -> list[float]:
    """Return where pieces begin and end: at every step and around incidents."""
    steps = range(int(since // _STEP) * _STEP, int(until) + 1, _STEP)
    changes = (edge for each in incidents for edge in (each.begins, each.ends))
    within = (edge for edge in (*steps, *changes) if since < edge < until)
    return sorted({since, *within, until})
