"""Periods, the viewer's time zone, and times as a view writes them.

Every time is the viewer's, with the year where it is not plain.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LENGTHS: Final = {
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
"""The periods that end now, by their names in the address."""

NAMES: Final = {
    "15m": "last 15 minutes",
    "1h": "last hour",
    "24h": "last 24 hours",
    "7d": "last 7 days",
    "30d": "last 30 days",
}
CUSTOM: Final = "custom"
DEFAULT: Final = "24h"
LONGEST: Final = timedelta(days=366)
"""The longest custom period."""

UTC_NAME: Final = "UTC"

_KEPT_AXES: Final = 128
_KEPT: Final = 4_096
"""The same buckets are shown at every refresh, and to every viewer of a zone."""

_THOUSAND: Final = 1_000
_SECOND: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(weeks=1)
_UNITS: Final = (
    (_WEEK, "week"), (_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"), (_SECOND, "second"),
)  # fmt: skip
_SHORTEST_DAY: Final = timedelta(hours=22)
"""No day is as short as this, whatever a zone does to its clocks."""

_IANA: Final = re.compile(r"[A-Z][A-Za-z0-9_+-]{0,40}(/[A-Za-z0-9_+-]{1,40}){0,2}")
_REFUSED: Final = "Cannot load time"
"""What ClickHouse says of a zone that its own list lacks, which may be older than the browser's.

The embedded Tinybird leaves out the word after it: it is also a name in the sealed query.
"""


@dataclass(frozen=True)
class Tick:
    """A stretch of time in which all views that ask the same get the same answer.

    Attributes:
        start: Its first moment, in seconds since the epoch.
        end: The moment after it, in seconds since the epoch.
    """

    start: float
    end: float

    @classmethod
    def of(cls, now: float, every: int) -> "Tick":
        """Return the tick at ``now``; ticks are ``every`` seconds long, from the epoch on."""
        start = now // every * every
        return cls(start, start + every)


@dataclass(frozen=True)
class Period:
    """A stretch of time.

    Attributes:
        start: Its first moment, in UTC.
        end: The moment after it, in UTC.
    """

    start: datetime
    end: datetime

    @classmethod
    def ending_now(cls, name: str, now: float) -> "Period":
        """Return the period ``name`` of ``LENGTHS`` that ends with this very second.

        Args:
            name: A key of ``LENGTHS``.
            now: Seconds since the epoch.
        """
        end = datetime.fromtimestamp(math.floor(now) + 1, UTC)
        return cls(end - LENGTHS[name], end)


def zone_named(name: str) -> tzinfo:
    """Return the zone with this IANA name, such as ``Europe/Berlin``; UTC for any other text.

    Its text is the name again, which Tinybird knows too.
    """
    # A machine's folder of zones may hold others as well, of no meaning anywhere else.
    if _IANA.fullmatch(name) is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def is_refusal(detail: str) -> bool:
    """Tell whether a query failed because Tinybird does not know the zone that it named."""
    return _REFUSED in detail


def refusal_notice(name: str) -> str:
    """Return what is said to a viewer whose zone Tinybird does not know."""
    return f"The time zone {name} is not known here: times and days are those of UTC."


def bucket_width(starts: Sequence[datetime], zone: tzinfo, end: datetime) -> timedelta:
    """Return how wide the buckets are that begin at ``starts``; whole days are the calendar's.

    It is the least distance that comes more than once: the first bucket may begin where the
    period does, and a clock that is put forth or back makes one bucket shorter or longer.

    Args:
        starts: The buckets' first moments, in UTC, oldest first.
        zone: The viewer's.
        end: The moment after the period: where the only bucket ends.
    """
    if len(starts) > 1:
        return _usual_distance(tuple(starts), zone)
    alone = end - starts[0] if starts else _SECOND
    unit = next((unit for unit, _ in _UNITS if unit <= alone), _SECOND)
    return max(1, round(alone / unit)) * unit


@lru_cache(_KEPT_AXES)
def _usual_distance(starts: tuple[datetime, ...], zone: tzinfo) -> timedelta:
    distances = Counter(
        later - earlier
        for earlier, later in pairwise(starts)
        if later.astimezone(zone).utcoffset() == earlier.astimezone(zone).utcoffset()
    ) or Counter(later - earlier for earlier, later in pairwise(starts))
    often = [distance for distance, times in distances.items() if times > 1]
    return _whole(min(often or distances))


@dataclass(frozen=True)
class Times:
    """How one view writes moments.

    Attributes:
        zone: The viewer's.
        year: The one year that all of the view lies in and that goes without saying; None: every
            date says its year.
    """

    zone: tzinfo
    year: int | None = None

    @classmethod
    def of(cls, period: Period, zone: tzinfo, now: float) -> "Times":
        """Return how a view of ``period`` writes its times at ``now``, seconds since the epoch."""
        moments = (period.start, period.end, datetime.fromtimestamp(now, UTC))
        years = {at.astimezone(zone).year for at in moments}
        return cls(zone, years.pop() if len(years) == 1 else None)

    def local(self, at: datetime) -> datetime:
        """Return a moment in the viewer's zone."""
        return at.astimezone(self.zone)

    @lru_cache(_KEPT)  # noqa: B019 - kept by value, and there are as many as zones
    def span(self, start: datetime, step: timedelta) -> str:
        """Return a whole bucket, such as ``Tue 24 Nov, 14:30 to 14:45``."""
        first = self.local(start)
        day = self._day(first)
        if step > _DAY:
            # By the calendar: a week need not have 168 hours.
            return f"{day} to {self._day(first + step - _DAY)}"
        if step == _DAY:
            return day
        if step > _HOUR:
            return f"{day}, {clock_text(first, step)} to {_next_mark(first, step):%H:%M}"
        return f"{day}, {clock_text(first, step)} to {clock_text(self.local(start + step), step)}"

    def end(self, start: datetime, step: timedelta) -> datetime:
        """Return the moment after a whole bucket, by the clock on the wall from hours on."""
        if step <= _HOUR:
            return start + step
        local = self.local(start)
        if step >= _DAY:
            midnight = datetime.combine(local.date(), time()) + step
        else:
            midnight = _next_mark(local, step)
        return midnight.replace(tzinfo=self.zone).astimezone(UTC)

    def clock(self, at: datetime, *, now: datetime) -> str:
        """Return a moment to the millisecond; with its day when that is not today."""
        text, day, date = self._clock(at)
        return text if day == self.local(now).toordinal() else f"{date} {text}"

    @lru_cache(_KEPT)  # noqa: B019 - as above: a list shows most of its rows again
    def _clock(self, at: datetime) -> tuple[str, int, str]:
        local = self.local(at)
        text = f"{local:%H:%M:%S}.{local.microsecond // _THOUSAND:03d}{_which(local)}"
        return text, local.toordinal(), self.date(local)

    def between(self, start: datetime, end: datetime) -> str:
        """Return a custom period, such as ``23 Nov 10:00 to 24 Nov 12:30``, a day said once."""
        first, last = self.local(start), self.local(end)
        has_seconds = end - start < _HOUR and (first.second or last.second)
        to = _SECOND if has_seconds else _MINUTE
        day = "" if first.date() == last.date() else f"{self.date(last)} "
        return f"{self.date(first)} {clock_text(first, to)} to {day}{clock_text(last, to)}"

    def moment(self, at: datetime) -> str:
        """Return a moment to the minute, with its day: ``23 Nov 10:00``."""
        local = self.local(at)
        return f"{self.date(local)} {local:%H:%M}{_which(local)}"

    def date(self, local: datetime) -> str:
        """Return a local day, such as ``24 Nov``."""
        date = f"{local.day} {local:%b}"
        return date if local.year == self.year else f"{date} {local.year}"

    def _day(self, local: datetime) -> str:
        return f"{local:%a} {self.date(local)}"


def step_name(step: timedelta) -> str:
    """Return a bucket's width in words: ``15 minutes``, ``hour``."""
    unit, name = next(((unit, name) for unit, name in _UNITS if not step % unit), _UNITS[-1])
    times = step // unit
    return name if times == 1 else f"{times} {name}s"


def offset_name(local: datetime) -> str:
    """Return how far a moment's zone is from UTC: ``UTC+5:30``, ``UTC``."""
    offset = local.utcoffset() or timedelta()
    hours, minutes = divmod(round(abs(offset) / _MINUTE), 60)
    if not hours and not minutes:
        return UTC_NAME
    sign = "+" if offset > timedelta() else "\N{MINUS SIGN}"
    return f"{UTC_NAME}{sign}{hours}" + (f":{minutes:02d}" if minutes else "")


def clock_text(local: datetime, step: timedelta) -> str:
    """Return a time of day, told apart from the other one where it comes twice."""
    form = "%H:%M:%S" if step < _MINUTE else "%H:%M"
    return local.strftime(form) + _which(local)


def _whole(distance: timedelta) -> timedelta:
    """Return the days that a distance of about so many hours is; a shorter one as it is."""
    return round(distance / _DAY) * _DAY if distance >= _SHORTEST_DAY else distance


def _which(local: datetime) -> str:
    """Return which of the two it is, for a time of day that comes twice: `` CEST``."""
    other = local.replace(fold=1 - local.fold)
    return "" if other.utcoffset() == local.utcoffset() else f" {local:%Z}"


def _next_mark(local: datetime, step: timedelta) -> datetime:
    """Return where the day's next bucket begins, by the clock on the wall."""
    midnight = datetime.combine(local.date(), time())
    passed = local.replace(tzinfo=None) - midnight
    return midnight + (passed // step + 1) * step
