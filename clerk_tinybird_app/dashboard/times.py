"""Times as a view writes them: in the viewer's zone, with the year where it is not plain."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from clerk_tinybird_app.dashboard.period import Period

_KEPT: Final = 4_096
"""The same buckets are shown at every refresh, and to every viewer of a zone."""

_THOUSAND: Final = 1_000
_SECOND: Final = timedelta(seconds=1)
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_QUARTER_DAY: Final = timedelta(hours=6)
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(weeks=1)
_UNITS: Final = (
    (_WEEK, "week"), (_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"), (_SECOND, "second"),
)  # fmt: skip


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
    def tick(self, start: datetime, step: timedelta) -> str:
        """Return a bucket's start as short as it can be told apart on an axis."""
        local = self.local(start)
        if step >= _DAY:
            return self._date(local)
        if step >= _QUARTER_DAY:
            return f"{self._date(local)} {_clock(local, step)}"
        return f"{local:%a} {_clock(local, step)}" if step >= _HOUR else _clock(local, step)

    @lru_cache(_KEPT)  # noqa: B019 - as above
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
            return f"{day}, {_clock(first, step)} to {_next_mark(first, step):%H:%M}"
        return f"{day}, {_clock(first, step)} to {_clock(self.local(start + step), step)}"

    def clock(self, at: datetime, *, now: datetime) -> str:
        """Return a moment to the millisecond; with its day when that is not today."""
        local = self.local(at)
        text = f"{local:%H:%M:%S}.{local.microsecond // _THOUSAND:03d}{_which(local)}"
        if local.date() == self.local(now).date():
            return text
        return f"{self._date(local)} {text}"

    def between(self, start: datetime, end: datetime) -> str:
        """Return a custom period, such as ``23 Nov 10:00 to 24 Nov 12:30``."""
        locals_ = (self.local(start), self.local(end))
        return " to ".join(f"{self._date(at)} {at:%H:%M}{_which(at)}" for at in locals_)

    def _date(self, local: datetime) -> str:
        date = f"{local.day} {local:%b}"
        return date if local.year == self.year else f"{date} {local.year}"

    def _day(self, local: datetime) -> str:
        return f"{local:%a} {self._date(local)}"


def step_name(step: timedelta) -> str:
    """Return a bucket's width in words: ``15 minutes``, ``hour``."""
    unit, name = next((unit, name) for unit, name in _UNITS if not step % unit)
    times = step // unit
    return name if times == 1 else f"{times} {name}s"


def _clock(local: datetime, step: timedelta) -> str:
    form = "%H:%M:%S" if step < _MINUTE else "%H:%M"
    return local.strftime(form) + _which(local)


def _which(local: datetime) -> str:
    """Return which of the two it is, for a time of day that comes twice: `` CEST``."""
    other = local.replace(fold=1 - local.fold)
    return "" if other.utcoffset() == local.utcoffset() else f" {local:%Z}"


def _next_mark(local: datetime, step: timedelta) -> datetime:
    """Return where the day's next bucket begins, by the clock on the wall."""
    midnight = datetime.combine(local.date(), time())
    passed = local.replace(tzinfo=None) - midnight
    return midnight + (passed // step + 1) * step
