"""How wide a table's columns are, and where each stands in the two lines of a narrow panel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import products
from clerk_tinybird_app.dashboard.declaration import Column, Filter, Ranking, Records, Unit

AUTO: Final = "auto"
"""The width of a column that takes its part of what the others leave."""

EXTRA: Final = "extra"
"""The class of a column that only a wide panel has room for."""

_CHARACTERS: Final = {Unit.COUNT: 9, Unit.PERCENT: 8, Unit.MILLISECONDS: 7, Unit.BYTES: 8}
"""The most that a number usually has, with its unit."""

_CLOCK_CHARACTERS: Final = 12
_SORT_ICON: Final = 2
_PADDING_PX: Final = 16
_BADGE_PX: Final = 15


@dataclass(frozen=True)
class Place:
    """Where a cell stands when its row has two lines.

    Attributes:
        class_name: ``mark``, ``lead`` or ``side`` in the first, ``sub`` in the second; ``extra``
            in none.
        label: What is said before it, where no head is above it; "" for what says so itself.
    """

    class_name: str
    label: str = ""


def width(column: Column) -> str:
    """Return a column's width as CSS."""
    head = len(column.heading) + (_SORT_ICON if column.sort else 0)
    if is_number(column):
        return _css_width(max(head, _CHARACTERS[column.unit]))
    if found := marked_filter(column):
        return _css_width(max(head, *map(len, found.values)), _BADGE_PX)
    return AUTO


def time_width(rows: Any) -> rx.Var[str]:
    """Return the width of the records' times: the oldest, the last, is the longest."""
    longest = rows[-1].cells[0].text.length()
    characters = rx.cond(rows.length() > 0, longest, _CLOCK_CHARACTERS)
    return "calc(" + characters.to(str) + f"ch + {_PADDING_PX + 8}px)"


def is_number(column: Column) -> bool:
    """Tell whether a column has numbers."""
    return column.unit is not Unit.TEXT


def marked_filter(column: Column) -> Filter | None:
    """Return the filter whose values' tones mark the column's cells, None without such a one."""
    for name in column.filters:
        found = products.current().dashboard.filter_named(name)
        if found is not None and isinstance(found.values, Mapping):
            return found
    return None


def room(column: Column) -> str:
    """Return the class of a column that only a wide panel has room for, "" of any other one."""
    return EXTRA if column.is_extra else ""


def places_of_ranking(panel: Ranking) -> list[Place]:
    """Return the places of a ranking's columns, beside that of what names a row."""
    numbers = [each for each in panel.columns if is_number(each) and not each.is_extra]
    return _closed([_place(each, side=numbers[:1]) for each in panel.columns])


def places_of_records(panel: Records) -> list[Place]:
    """Return the places of the time and of the records' columns."""
    usual = [each for each in panel.columns if not each.is_extra]
    marks = [each for each in usual if marked_filter(each)][:1]
    texts = [each for each in usual if not is_number(each) and each not in marks]
    numbers = [each for each in usual if is_number(each)]
    places = (_place(each, marks, texts[:1], numbers[:1]) for each in panel.columns)
    return _closed([Place("sub"), *places])


def _place(
    column: Column,
    mark: list[Column] | None = None,
    lead: list[Column] | None = None,
    side: list[Column] | None = None,
) -> Place:
    if column.is_extra:
        return Place(EXTRA)
    for name, columns in (("mark", mark), ("lead", lead), ("side", side)):
        if column in (columns or ()):
            return Place(name)
    return Place("sub", column.heading if is_number(column) else "")


def _closed(places: list[Place]) -> list[Place]:
    """Return the places with the last one of the second line at its end."""
    below = [index for index, place in enumerate(places) if place.class_name == "sub"]
    if len(below) > 1:
        places[below[-1]] = Place("sub end", places[below[-1]].label)
    return places


def _css_width(characters: int, extra: int = 0) -> str:
    return f"calc({characters}ch + {_PADDING_PX + extra}px)"
