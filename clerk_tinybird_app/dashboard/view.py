"""What the address of a dashboard says: a period, filters and an order; and back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from clerk_tinybird_app.dashboard.period import CUSTOM, DEFAULT, LENGTHS, LONGEST, Period

STATUS_CLASSES: Final = ("2xx", "3xx", "4xx", "5xx")
"""The classes of status that are drawn; a request may have another one."""

FILTERS: Final = ("method", "route", "status_class", "region")
"""The filters, by their names in the address and of the pipes' parameters."""

SORTS: Final = ("requests", "errors", "p95")
"""What the table of routes can be ordered by, most first."""

_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2100
MOST_CHARACTERS: Final = 12_000
"""The longest query that is read: a route of 2,000 plain characters, percent signs included.

A page sends it three times in a frame of 64 kB at most.
"""

_MOST_OTHER_CHARACTERS: Final = 500
"""What a period, an order or a class of status adds to a link that leads here."""

_MOST_VALUES: Final = 20
_STATUS_CLASS: Final = re.compile(r"[0-9]{1,3}xx")


@dataclass(frozen=True, kw_only=True)
class View:
    """One view of the dashboard, all of it in the address.

    Attributes:
        range: A key of ``LENGTHS``, or ``custom`` with both ``start`` and ``end``.
        start: The first moment of a custom period, in UTC; None with another.
        end: The moment after a custom period, in UTC; None with another.
        method: Only this HTTP method, None for all.
        route: Only this route, None for all; "" is a route too.
        status_class: Only this class of status, such as ``5xx``, None for all.
        region: Only this region, None for all.
        sort: What the routes are ordered by, one of ``SORTS``.
    """

    range: str = DEFAULT
    start: datetime | None = None
    end: datetime | None = None
    method: str | None = None
    route: str | None = None
    status_class: str | None = None
    region: str | None = None
    sort: str = SORTS[0]

    @property
    def filters(self) -> dict[str, str]:
        """The filters that are set, by name."""
        return {name: value for name in FILTERS if (value := getattr(self, name)) is not None}

    @property
    def is_live(self) -> bool:
        """True when the period ends now."""
        return self.range != CUSTOM

    def period(self, now: float) -> Period:
        """Return the period shown at ``now``, seconds since the epoch."""
        if self.start is not None and self.end is not None:
            return Period(self.start, self.end)
        return Period.ending_now(self.range, now)

    def changed(self, **changes: Any) -> "View":
        """Return this view with other values; another range leaves no custom period."""
        if changes.get("range", CUSTOM) != CUSTOM:
            changes |= {"start": None, "end": None}
        return replace(self, **changes)

    def address(self, path: str) -> str:
        """Return ``path`` with the query that says this view; defaults are left out."""
        given = {
            item.name: _text(value)
            for item in fields(self)
            if (value := getattr(self, item.name)) != item.default
        }
        return f"{path}?{urlencode(given, safe='/:', errors='replace')}" if given else path

    def link(self, path: str) -> str:
        """Return the address for a value that came with the data, "" if it would be too long."""
        address = self.address(path)
        return address if len(address) <= MOST_CHARACTERS - _MOST_OTHER_CHARACTERS else ""


def read_view(search: str) -> tuple[View, str]:
    """Return the view that an address's query says, and what of it could not be used.

    Whatever is wrong in it leaves its default in place; the second value is then a sentence for a
    person, else "".

    Args:
        search: The query with or without its question mark.
    """
    if len(search) > MOST_CHARACTERS:
        return View(), "The address is too long; this is the default view."
    try:
        pairs = parse_qsl(
            search.removeprefix("?"), keep_blank_values=True, max_num_fields=_MOST_VALUES
        )
    except ValueError:
        return View(), "The address has too many parts; this is the default view."
    given = dict(pairs)
    problems: list[str] = []
    view = View(
        range=_choice(given, "range", (*LENGTHS, CUSTOM), DEFAULT, problems),
        method=given.get("method"),
        route=given.get("route"),
        status_class=_status_class(given, problems),
        region=given.get("region"),
        sort=_choice(given, "sort", SORTS, SORTS[0], problems),
    )
    if view.range == CUSTOM:
        view = _with_custom_period(view, given, problems)
    return view, " ".join(problems)


def custom_problem(start: datetime | None, end: datetime | None) -> str:
    """Return what is wrong with a custom period, "" when it can be shown."""
    if start is None or end is None:
        return "A custom period needs a start and an end, such as 2026-11-23T10:00."
    if start.year < _FIRST_YEAR or end.year > _LAST_YEAR:
        return f"A custom period lies between the years {_FIRST_YEAR} and {_LAST_YEAR}."
    if start >= end:
        return "The custom period must start before it ends."
    if end - start > LONGEST:
        return f"A custom period may be {LONGEST.days} days long at most."
    return ""


def moment(text: str) -> datetime | None:
    """Return the moment that an ISO 8601 text names, in UTC; None for any other text."""
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _with_custom_period(view: View, given: Mapping[str, str], problems: list[str]) -> View:
    start, end = moment(given.get("start", "")), moment(given.get("end", ""))
    if problem := custom_problem(start, end):
        problems.append(f"{problem} These are the last 24 hours.")
        return view.changed(range=DEFAULT)
    return replace(view, start=start, end=end)


def _status_class(given: Mapping[str, str], problems: list[str]) -> str | None:
    value = given.get("status_class") or None
    if value is None or _STATUS_CLASS.fullmatch(value):
        return value
    problems.append(f"status_class must be a class of status, such as {STATUS_CLASSES[-1]}.")
    return None


def _choice(
    given: Mapping[str, str],
    name: str,
    choices: tuple[str, ...],
    default: str,
    problems: list[str],
) -> str:
    value = given.get(name) or default
    if value in (*choices, default):
        return value
    problems.append(f"{name} must be one of {', '.join(choices)}.")
    return default


def _text(value: str | datetime) -> str:
    if isinstance(value, str):
        return value
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").replace(":00Z", "Z")
