"""How often a tenant of the story calls at a moment, and when its API has trouble.

The seed and the live traffic both ask here, so that a chart shows no step where one ends and the
other begins. Nothing here is random: what looks so is a hash of who and when.
"""

import hashlib
import math
import random
from dataclasses import dataclass
from typing import Final

from clerk_tinybird_app.local.tinybird.demo.story import Tenant

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
MONTH: Final = 30 * _DAY
"""In how many seconds a tenant grows by its ``growth``."""

HISTORY: Final = 2 * MONTH + _DAY
"""How many seconds there are made-up requests of: 30 days, the 30 days before them, and a day to
spare, so that the two compare from the first look on."""

_WEEK: Final = 7 * _DAY
_MONDAY: Final = 4 * _DAY
"""The epoch was a Thursday; this is its first Monday."""

_MID_WEEKEND: Final = 6 * _DAY
_WEEKEND: Final = 0.38
_DUSK: Final = 3 * _HOUR
"""How long before and after midnight a weekend begins and ends."""

_NIGHT: Final = 0.22
_PEAK: Final = 14.5 * _HOUR
_WOBBLE: Final = 0.15
_TO_AVERAGE: Final = 2.17
"""The mean over a week of what `activity` computes without it is 1 / 2.17."""

_SURE: Final = 30.0
"""From here on a Poisson distribution is as good as a normal one."""


@dataclass(frozen=True)
class Incident:
    """A time in which a tenant's API has trouble.

    Attributes:
        begins: Seconds since the epoch.
        ends: Likewise, exclusive.
        errors: Share of server errors.
        slowdown: How much longer answers take.
    """

    begins: float
    ends: float
    errors: float
    slowdown: float


def rate(tenant: Tenant, at: float) -> float:
    """Return a tenant's requests per second at ``at``, seconds since the epoch, once grown."""
    return tenant.per_second * activity(at) * _wobble(tenant, at)


def level(tenant: Tenant, at: float, grown: float) -> float:
    """Return how far a tenant is on its way to today's pace, which it has from ``grown`` on."""
    left = max(0.0, grown - at) / MONTH
    return math.pow(tenant.growth, -left)


def activity(at: float) -> float:
    """Return how busy a moment is beside an average one: days above nights, weekends quiet."""
    angle = (at % _DAY - _PEAK) / _DAY * 2 * math.pi
    day = _NIGHT + (1 - _NIGHT) * math.pow(0.5 + 0.5 * math.cos(angle), 1.4)
    apart = abs((at - _MONDAY) % _WEEK - _MID_WEEKEND)
    apart = min(apart, _WEEK - apart)
    rest = min(max((_DAY + _DUSK - apart) / (2 * _DUSK), 0.0), 1.0)
    return day * (1 - rest * (1 - _WEEKEND)) * _TO_AVERAGE


def incident(tenant: Tenant, at: float) -> Incident | None:
    """Return the trouble that a tenant's API has at ``at``; None: it has none."""
    found = _incident(tenant, int(at // (tenant.incident_hours * _HOUR)))
    return found if found.begins <= at < found.ends else None


def incidents(tenant: Tenant, since: float, until: float) -> list[Incident]:
    """Return a tenant's incidents that touch a time, the earliest first."""
    every = tenant.incident_hours * _HOUR
    found = [_incident(tenant, n) for n in range(int(since // every), int(until // every) + 1)]
    return [each for each in found if each.begins < until and since < each.ends]


def how_many(expected: float, dice: random.Random) -> int:
    """Return how often something happens that is expected so often: a Poisson distribution's."""
    if expected > _SURE:
        return max(0, round(dice.gauss(expected, math.sqrt(expected))))
    limit, product, count = math.exp(-expected), dice.random(), 0
    while product > limit:
        product *= dice.random()
        count += 1
    return count


def _wobble(tenant: Tenant, at: float) -> float:
    """Return what no clock explains: another value each hour, and a straight line between."""
    hour, part = divmod(at / _HOUR, 1)
    before, after = (_hash(tenant, "wobble", int(hour) + n) for n in (0, 1))
    return 1 + _WOBBLE * (2 * (before + (after - before) * part) - 1)


def _incident(tenant: Tenant, number: int) -> Incident:
    """Return a tenant's incident of that number; each has as many hours to itself."""
    when, length, errors = (_hash(tenant, what, number) for what in ("when", "length", "errors"))
    every = tenant.incident_hours * _HOUR
    # In the middle half, so that two are never close to each other.
    begins = every * (number + 0.25 + 0.5 * when)
    ends = begins + _MINUTE * (9 + 14 * length)
    return Incident(begins, ends, errors=0.12 + 0.16 * errors, slowdown=1.9 + 1.4 * errors)


def _hash(tenant: Tenant, what: str, number: int) -> float:
    """Return a number from 0 to 1 that is always the same for these three."""
    text = f"{tenant.id} {what} {number}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big") / 2**32
