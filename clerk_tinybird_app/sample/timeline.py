"""How many rows a tenant has at a moment, and when it has incidents.

The seed, the live traffic and the sample of a new tenant all use this module, so that a chart
shows no step between them. The variation over time is a hash of the tenant and the time. Random
numbers decide only how far the number of rows is from the expected one.
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
"""The time in which a tenant grows by its ``growth``."""

HISTORY: Final = 2 * MONTH + DAY
"""How far back made-up rows go: 30 days, the 30 days before them, and one more day.

So a dashboard can compare the two periods from the beginning.
"""

_STEP: Final = 15 * _MINUTE
"""Seconds with the same rate; the charts of a day have intervals of this length."""

_WEEK: Final = 7 * DAY
_MONDAY: Final = 4 * DAY
"""The first Monday after the epoch, which was a Thursday."""

_MID_WEEKEND: Final = 6 * DAY
_WEEKEND_EDGE: Final = 3 * _HOUR
"""A weekend begins and ends gradually, from so long before midnight to so long after it."""

_VARIATION: Final = 0.15
_LARGE_MEAN: Final = 30.0
"""Above this mean, a normal distribution is used in place of a Poisson distribution."""

_RECENT_INCIDENT: Final = (52 * _MINUTE, 38 * _MINUTE)
"""The begin and the end of the incident on a new dashboard, in seconds before now."""

_LONG_QUIET: Final = 90 * _MINUTE
"""After so many seconds without an incident, the busiest tenant gets that one."""


@dataclass(frozen=True)
class Tenant:
    """A tenant with made-up rows.

    Attributes:
        id: Its id.
        users: Its users, the busiest first.
        traffic: How many rows it has.
    """

    id: str
    users: tuple[str, ...]
    traffic: Traffic


@dataclass(frozen=True)
class Incident:
    """A time in which something goes wrong for a tenant.

    Attributes:
        begins: Seconds since the epoch.
        ends: The same, exclusive.
        share: The share of rows that go wrong.
        factor: How much greater latencies are.
    """

    begins: float
    ends: float
    share: float
    factor: float


@dataclass(frozen=True)
class Piece:
    """A short time in which a tenant's rows are alike.

    Attributes:
        tenant: The tenant with these rows.
        begins: Seconds since the epoch.
        ends: The same, exclusive.
        count: How many rows there are.
        share: The share of rows that go wrong by an incident; 0 without one.
        factor: How much greater latencies are by an incident; 1 without one.
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
    """Yield the pieces of a time, tenant by tenant; pieces without rows are left out.

    Args:
        sample: The sample of the product.
        tenants: The tenants with rows.
        since: Seconds since the epoch.
        until: The same, exclusive.
        grown: The time from which the tenants have today's traffic.
        dice: The random numbers for the number of rows.
        shown: The tenant that is shown first: it has an incident shortly before ``until``.
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
    """Return the rows per second at ``at`` of a tenant with today's traffic."""
    return tenant.traffic.per_day / DAY * activity(rhythm, at) * _hourly_variation(tenant, at)


def growth_so_far(traffic: Traffic, at: float, grown: float) -> float:
    """Return which part of today's traffic a tenant has at ``at``; from ``grown`` on it is 1."""
    return math.pow(traffic.growth, -max(0.0, grown - at) / MONTH)


def activity(rhythm: Rhythm, at: float) -> float:
    """Return how busy a moment is, compared with an average moment."""
    return _activity(rhythm, at) / _average(rhythm)


def incidents(kind: Incidents | None, tenant: Tenant, since: float, until: float) -> list[Incident]:
    """Return the incidents of a tenant within a time, the earliest first."""
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
    """Return a factor with a new value each hour, and a straight line between the values."""
    hour, part = divmod(at / _HOUR, 1)
    before, after = (hashed(tenant.id, "wobble", int(hour) + n) for n in (0, 1))
    return 1 + _VARIATION * (2 * (before + (after - before) * part) - 1)


def _incident(kind: Incidents, tenant: Tenant, number: int) -> Incident:
    """Return the incident of a tenant with this number; there is one in so many hours."""
    when, long, bad = (hashed(tenant.id, what, number) for what in ("when", "length", "errors"))
    every = tenant.traffic.incident_hours * _HOUR
    # In the middle half of these hours, so that two incidents are never close to each other.
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
    """Return the times at which pieces begin and end: at every step and around incidents."""
    steps = range(int(since // _STEP) * _STEP, int(until) + 1, _STEP)
    changes = (edge for each in found for edge in (each.begins, each.ends))
    within = (edge for edge in (*steps, *changes) if since < edge < until)
    return sorted({since, *within, until})


def _how_many(expected: float, dice: random.Random) -> int:
    """Return a random number of events with this mean, from a Poisson distribution."""
    if expected > _LARGE_MEAN:
        return max(0, round(dice.gauss(expected, math.sqrt(expected))))
    limit, product, count = math.exp(-expected), dice.random(), 0
    while product > limit:
        product *= dice.random()
        count += 1
    return count


def hashed(*what: object) -> float:
    """Return a number from 0 to 1 that is always the same for the same arguments."""
    text = " ".join(map(str, what)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big") / 2**32
