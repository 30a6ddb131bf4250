"""Numbers and times as the dashboard writes them."""

from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

NONE: Final = "\N{EN DASH}"
"""What stands in for a value that there is none of."""

_KEPT: Final = 4_096
"""The same buckets are shown at every refresh, and to every viewer of a zone."""

_MINUS: Final = "\N{MINUS SIGN}"
_THOUSAND: Final = 1_000
_DAY: Final = timedelta(days=1)
_QUARTER_DAY: Final = timedelta(hours=6)
_UNITS: Final = (
    (_DAY, "day"),
    (timedelta(hours=1), "hour"),
    (timedelta(minutes=1), "minute"),
    (timedelta(seconds=1), "second"),
)


def count(value: int | float) -> str:
    """Return a whole number with thousands divided, such as ``182,431``."""
    return f"{value:,.0f}"


def share(value: float | None) -> str:
    """Return a share of 0 to 1 in per cent, such as ``0.42 %``."""
    return NONE if value is None else f"{value * 100:.2f} %"


def milliseconds(value: float | None) -> str:
    """Return a duration of milliseconds: ``22 ms``, ``1.25 s``."""
    if value is None:
        return NONE
    if value >= _THOUSAND:
        return f"{value / _THOUSAND:.2f} s"
    return f"{value:.1f} ms" if value < 10 else f"{value:.0f} ms"  # noqa: PLR2004 - a digit more


def signed(value: float, digits: int) -> str:
    """Return a number with its sign and so many decimals; no sign for what rounds to nothing."""
    text = f"{abs(value):,.{digits}f}"
    if not any(digit in text for digit in "123456789"):
        return text
    return f"+{text}" if value > 0 else f"{_MINUS}{text}"


def step_name(step: timedelta) -> str:
    """Return a bucket's width in words: ``15 minutes``, ``hour``."""
    unit, name = next((unit, name) for unit, name in _UNITS if not step % unit)
    times = step // unit
    return name if times == 1 else f"{times} {name}s"


@lru_cache(_KEPT)
def tick(at: datetime, step: timedelta, zone: tzinfo) -> str:
    """Return a bucket's start as short as it can be told apart on an axis."""
    local = at.astimezone(zone)
    if step >= _QUARTER_DAY:
        return f"{local.day} {local:%b}"
    if step >= timedelta(hours=1):
        return f"{local:%a %H:%M}"
    return f"{local:%H:%M:%S}" if step < timedelta(minutes=1) else f"{local:%H:%M}"


@lru_cache(_KEPT)
def span(start: datetime, step: timedelta, zone: tzinfo) -> str:
    """Return a whole bucket, such as ``Tue 24 Nov, 14:30 to 14:45``."""
    first, last = start.astimezone(zone), (start + step).astimezone(zone)
    day = f"{first:%a} {first.day} {first:%b}"
    if step >= _DAY:
        until = (start + step - timedelta(seconds=1)).astimezone(zone)
        return day if step == _DAY else f"{day} to {until:%a} {until.day} {until:%b}"
    form = "%H:%M:%S" if step < timedelta(minutes=1) else "%H:%M"
    return f"{day}, {first.strftime(form)} to {last.strftime(form)}"


def clock(at: datetime, zone: tzinfo, *, now: datetime) -> str:
    """Return a moment to the millisecond; with its day when that is not today."""
    local = at.astimezone(zone)
    text = f"{local:%H:%M:%S}.{local.microsecond // _THOUSAND:03d}"
    if local.date() == now.astimezone(zone).date():
        return text
    return f"{local.day} {local:%b} {text}"


def between(start: datetime, end: datetime, zone: tzinfo) -> str:
    """Return a custom period, such as ``23 Nov 10:00 to 24 Nov 12:30``."""
    return " to ".join(
        f"{at.day} {at:%b} {at:%H:%M}" for at in (start.astimezone(zone), end.astimezone(zone))
    )
