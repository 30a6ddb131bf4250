"""How often a tenant does something at a moment, and when it has trouble.

The seed, the live traffic and a new tenant's sample all ask here, so that a chart shows no step
where one ends and the other begins. What looks random about a time is a hash of who and when; the
dice decide only how many rows came around what was to be expected.
"""

import hashlib
import itertools
import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from clerk_tinybird_app.sample.vocabulary import Incidents, Rhythm, Sample, Traffic

_MINUTE: Final = 60
_HOUR: Final = 3600
DAY: Final = 24 * _HOUR
MONTH: Final = 30 * DAY
"""In how many seconds a tenant grows by its ``growth``."""

HISTORY: Final = 2 * MONTH + DAY
"""How many seconds there are made-up rows of: 30 days, the 30 days before them, and a day to
spare, so that the two compare from the first look on."""

_STEP: Final = 15 * _MINUTE
"""Seconds for which one pace holds; the charts' buckets for a day are as long."""

_WEEK: Final = 7 * DAY
_MONDAY: Final = 4 * DAY
"""The epoch was a Thursday; this is its first Monday."""

_MID_WEEKEND: Final = 6 * DAY
_WEEKEND_EDGE: Final = 3 * _HOUR
"""How long before and after midnight a weekend begins and ends."""

_VARIATION: Final = 0.15
_LARGE_MEAN: Final = 30.0
"""From here on a Poisson distribution is as good as a normal one."""

_RECENT_INCIDENT: Final = (52 * _MINUTE, 38 * _MINUTE)
"""Begin and end of the incident that a first look shows, in seconds before the present."""

_LONG_QUIET: Final = 90 * _MINUTE
"""After so many seconds without an incident the busiest tenant gets that one."""


@dataclass(frozen=True)
class Tenant:
    """A tenant with made-up rows.

    Attributes:
        id: Its id.
        users: Its users, the busiest first.
        pace: How much it does.
    """

    id: str
    users: tuple[str, ...]
    traffic: Traffic


@dataclass(frozen=True)
class Incident:
    """A time in which a tenant has trouble.

    Attributes:
        begins: Seconds since the epoch.
        ends: Likewise, exclusive.
        share: Share of what goes wrong.
        factor: How much slower things are.
    """

    begins: float
    ends: float
    share: float
    factor: float


@dataclass(frozen=True)
class Piece:
    """A short time in which a tenant's rows are alike.

    Attributes:
        tenant: Whose.
        begins: Seconds since the epoch.
        ends: Likewise, exclusive.
        count: How many rows there are.
        share: Share of what an incident makes go wrong; 0 without one.
        factor: How much slower things are; 1 without one.
    """

    tenant: Tenant
    begins: float
    ends: float
    count: int
    share: float = 0.0
    factor: float = 1.0


def pieces(
    sample: Sample,
    tenants: Iterable[Tenant],
    since: float,
    until: float,
    *,
    grown: float,
    dice: random.Random,
    shown: Tenant | None = None,
) -> Iterator[Piece]:
    """Yield what happened in a time, tenant by tenant; pieces without rows are left out.

    Args:
        sample: The product's.
        tenants: Whose rows.
        since: Seconds since the epoch.
        until: Likewise, exclusive.
        grown: When the tenants have today's pace.
        dice: Decides how many rows came.
        shown: Whose incident a first look at ``until`` shows: it has had one lately.
    """
    for tenant in tenants:
        found = incidents(sample.incidents, tenant, since, until)
        if tenant is shown and not any(until - _LONG_QUIET < each.ends for each in found):
            found += _recent_incident(sample.incidents, until)
        for begins, ends in itertools.pairwise(_edges(since, until, found)):
            middle = (begins + ends) / 2
            today = rate(sample.rhythm, tenant, middle)
            expected = today * growth_so_far(tenant.traffic, middle, grown)
            if count := _how_many(expected * (ends - begins), dice):
                at = next((each for each in found if each.begins <= middle < each.ends), None)
                trouble = (at.share, at.factor) if at else ()
                yield Piece(tenant, begins, ends, count, *trouble)


def rate(rhythm: Rhythm, tenant: Tenant, at: float) -> float:
    """Return a tenant's rows per second at ``at``, seconds since the epoch, once grown."""
    return tenant.traffic.per_day / DAY * activity(rhythm, at) * _hourly_variation(tenant, at)


def growth_so_far(traffic: Traffic, at: float, grown: float) -> float:
    """Return how far a tenant is on its way to today's pace, which it has from ``grown`` on."""
    return math.pow(traffic.growth, -max(0.0, grown - at) / MONTH)


def activity(rhythm: Rhythm, at: float) -> float:
    """Return how busy a moment is beside an average one."""
    return _activity(rhythm, at) / _average(rhythm)


def incidents(kind: Incidents | None, tenant: Tenant, since: float, until: float) -> list[Incident]:
    """Return a tenant's incidents that touch a time, the earliest first."""
    if kind is None:
        return []
    every = tenant.traffic.incident_hours * _HOUR
    numbers = range(int(since // every), int(until // every) + 1)
    found = [_incident(kind, tenant, number) for number in numbers]
    return [each for each in found if each.begins < until and since < each.ends]


def _activity(rhythm: Rhythm, at: float) -> float:
    angle = (at / _HOUR - rhythm.peak) / 24 * 2 * math.pi
    day = rhythm.night + (1 - rhythm.night) * math.pow(0.5 + 0.5 * math.cos(angle), 1.4)
    distance = abs((at - _MONDAY) % _WEEK - _MID_WEEKEND)
    distance = min(distance, _WEEK - distance)
    weekend_share = min(max((DAY + _WEEKEND_EDGE - distance) / (2 * _WEEKEND_EDGE), 0.0), 1.0)
    return day * (1 - weekend_share * (1 - rhythm.weekend))


@cache
def _average(rhythm: Rhythm) -> float:
    moments = range(0, _WEEK, _STEP)
    return sum(_activity(rhythm, at) for at in moments) / len(moments)


def _hourly_variation(tenant: Tenant, at: float) -> float:
    """Return what no clock explains: another value each hour, and a straight line between."""
    hour, part = divmod(at / _HOUR, 1)
    before, after = (hashed(tenant.id, "wobble", int(hour) + n) for n in (0, 1))
    return 1 + _VARIATION * (2 * (before + (after - before) * part) - 1)


def _incident(kind: Incidents, tenant: Tenant, number: int) -> Incident:
    """Return a tenant's incident of that number; each has as many hours to itself."""
    when, long, bad = (hashed(tenant.id, what, number) for what in ("when", "length", "errors"))
    every = tenant.traffic.incident_hours * _HOUR
    # In the middle half, so that two are never close to each other.
    begins = every * (number + 0.25 + 0.5 * when)
    ends = begins + _MINUTE * _between(kind.minutes, long)
    return Incident(begins, ends, _between(kind.share, bad), _between(kind.factor, bad))


def _recent_incident(kind: Incidents | None, until: float) -> list[Incident]:
    if kind is None:
        return []
    begins, ends = (until - before for before in _RECENT_INCIDENT)
    return [Incident(begins, ends, _between(kind.share, 0.5), _between(kind.factor, 0.5))]


def _between(bounds: tuple[float, float], part: float) -> float:
    low, high = bounds
    return low + (high - low) * part


def _edges(since: float, until: float, found: list[Incident]) -> list[float]:
    """Return where pieces begin and end: at every step and around incidents."""
    steps = range(int(since // _STEP) * _STEP, int(until) + 1, _STEP)
    changes = (edge for each in found for edge in (each.begins, each.ends))
    within = (edge for edge in (*steps, *changes) if since < edge < until)
    return sorted({since, *within, until})


def _how_many(expected: float, dice: random.Random) -> int:
    """Return how often something happens that is expected so often: a Poisson distribution's."""
    if expected > _LARGE_MEAN:
        return max(0, round(dice.gauss(expected, math.sqrt(expected))))
    limit, product, count = math.exp(-expected), dice.random(), 0
    while product > limit:
        product *= dice.random()
        count += 1
    return count


def hashed(*what: object) -> float:
    """Return a number from 0 to 1 that is always the same for the same words."""
    text = " ".join(map(str, what)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big") / 2**32
