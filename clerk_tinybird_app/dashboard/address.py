"""The view that the address of a dashboard says, and what of it could not be used."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from clerk_tinybird_app.dashboard import calendar_periods as calendar
from clerk_tinybird_app.dashboard.chosen import MOST_VALUES, NOT, Chosen
from clerk_tinybird_app.dashboard.declaration import Dashboard, Filter
from clerk_tinybird_app.dashboard.times import CUSTOM, DEFAULT, LENGTHS, LONGEST, UTC_NAME
from clerk_tinybird_app.dashboard.view import (
    BEFORE,
    COMPARISONS,
    MOST_CHARACTERS,
    View,
    options_of,
    search_names,
    with_options,
)
from clerk_tinybird_app.dashboard.zones import is_zone

MOST_SEARCHED: Final = 100
"""Characters of a text that are looked for."""

_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2100
_MOST_OTHER_VALUES: Final = 20


def read_view(search: str, dashboard: Dashboard, home: str = UTC_NAME) -> tuple[View, str]:
    """Return the view that an address's query says, and what of it could not be used.

    Whatever is wrong in it leaves its default in place; the second value is then a sentence for a
    person, else "".

    Args:
        search: The query with or without its question mark.
        dashboard: What is declared.
        home: The viewer's own time zone.
    """
    default = View.of(dashboard, home=home)
    if len(search) > MOST_CHARACTERS:
        return default, "The address is too long; this is the default view."
    # Twice as many as a filter can have, so that it can be said that it has too many.
    of_filters = sum(2 * MOST_VALUES if each.is_many else 1 for each in dashboard.filters)
    most = _MOST_OTHER_VALUES + of_filters + len(default.orders)
    try:
        pairs = parse_qsl(search.removeprefix("?"), keep_blank_values=True, max_num_fields=most)
    except ValueError:
        return default, "The address has too many parts; this is the default view."
    given = dict(pairs)
    problems: list[str] = []
    view = View.of(
        dashboard,
        home=home,
        zone=_zone(given, home, problems),
        range=_choice(given, "range", (*LENGTHS, *calendar.NAMES, CUSTOM), DEFAULT, problems),
        compare=_choice(given, "compare", COMPARISONS, BEFORE, problems),
        filters={
            each.name: chosen
            for each in dashboard.filters
            if (chosen := _read_filter(each, pairs, problems)) is not None
        },
        searches={
            name: text
            for name in search_names(dashboard).values()
            if (text := given.get(name, "").strip()[:MOST_SEARCHED])
        },
        orders={
            name: _choice(given, name, options_of(panel), options_of(panel)[0], problems)
            for name, panel in with_options(dashboard).items()
        },
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


def _zone(given: Mapping[str, str], home: str, problems: list[str]) -> str:
    """Return the zone that an address names, "" for the viewer's own and for none that is known."""
    name = given.get("zone", "")
    if name and not is_zone(name):
        problems.append("The time zone in the address is not known; times are those of yours.")
        return ""
    return "" if name == home else name


def _read_filter(
    declared: Filter, pairs: Sequence[tuple[str, str]], problems: list[str]
) -> Chosen | None:
    """Return what an address sets a filter to, None for nothing; say what is wrong with it."""
    name = declared.name
    included = [value for each, value in pairs if each == name]
    if not declared.is_many:
        return _of_values(declared, included[-1:], problems)
    excluded = [value for each, value in pairs if each == name + NOT]
    if included and excluded:
        problems.append(f"{name} either is something or is not: what it is not to be was left out.")
    return _of_values(
        declared, included or excluded, problems, is_excluded=bool(excluded and not included)
    )


def _of_values(
    declared: Filter, values: Sequence[str], problems: list[str], *, is_excluded: bool = False
) -> Chosen | None:
    unknown = [each for each in values if not declared.allows(each)]
    if any(unknown):
        problems.append(f"{declared.name} must be one of {', '.join(declared.values)}.")
    found = dict.fromkeys(each for each in values if declared.allows(each))
    known = tuple(each for each in declared.values if each in found) or tuple(found)
    if len(known) > MOST_VALUES:
        problems.append(
            f"{declared.name} may have {MOST_VALUES} values at most; these are the first."
        )
    return Chosen(known[:MOST_VALUES], is_excluded) if known else None


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
