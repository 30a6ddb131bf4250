"""One record of a list, with all that its row says."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain
from typing import Any, Final

from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.charts import moment
from clerk_tinybird_app.dashboard.declaration import Column, Records, Unit
from clerk_tinybird_app.dashboard.shown import Shaper, reading_rows
from clerk_tinybird_app.dashboard.times import CUSTOM, Times, offset_name
from clerk_tinybird_app.dashboard.view import record_names

_BEFORE: Final = timedelta(minutes=10)
_AFTER: Final = timedelta(minutes=1)
"""What counts as around a record. A list begins with its newest rows, so less comes after it."""


@dataclass(frozen=True)
class Field:
    """One thing that a record says.

    Attributes:
        label: What it is.
        text: Its value, with its unit.
        copied: Its value as the pipe answers it; a time as ISO 8601 says it.
        title: A time in UTC; "" for anything else.
        only_href: The view of this value alone; "" where it cannot be had, or is shown already.
        only: What tells this value: ``status = 5xx``; "" where nothing can be filtered by it.
        not_href: The view without this value; "" where it cannot be had.
    """

    label: str
    text: str
    copied: str
    title: str = ""
    only_href: str = ""
    only: str = ""
    not_href: str = ""


@dataclass(frozen=True)
class Record:
    """All that a record says.

    Attributes:
        mark: The value that has a tone, such as its outcome; "" without one.
        tone: A ``Tone``; "" without one.
        name: What it is about.
        fields: First its time and what the list shows of it.
        json: All of it as the pipe answers it.
        around_href: The view of what happened around it, with this record open.
    """

    mark: str = ""
    tone: str = ""
    name: str = ""
    fields: list[Field] = field(default_factory=list)
    json: str = ""
    around_href: str = ""


def shown_record(shaper: Shaper, panel: Records, row: Mapping[str, Any]) -> Record:
    """Return what a row says.

    Args:
        shaper: Of the view that the links lead on from.
        panel: Its list.
        row: As the pipe answers it.

    Raises:
        UnfitRowsError: The row lacks a column, or holds what cannot be shown.
    """
    with reading_rows():
        return _Reader(shaper, panel, row).record()


@dataclass(frozen=True)
class _Reader:
    shaper: Shaper
    panel: Records
    row: Mapping[str, Any]

    def record(self) -> Record:
        marked = [each for each in self.panel.columns if self._tone(each)]
        named = [each for each in self.panel.columns if each not in marked and _is_text(each)]
        mark = marked[0] if marked else None
        return Record(
            mark=self._words(mark) if mark else "",
            tone=self._tone(mark) if mark else "",
            name=self._words(named[0]) if named else str(self.row[self.panel.id]),
            fields=list(self._fields()),
            json=json.dumps(self.row, indent=2, ensure_ascii=False),
            around_href=self._around(),
        )

    def _around(self) -> str:
        at = moment(self.row[self.panel.at])
        view = self.shaper.view.changed(
            range=CUSTOM, start=at - _BEFORE, end=at + _AFTER, searches={}
        )
        name = record_names(self.shaper.dashboard)[self.panel.key]
        (href,) = view.links_to(view.page(self.shaper.page), name, [str(self.row[self.panel.id])])
        return href

    @cached_property
    def _sources(self) -> Mapping[str, str]:
        """What a row can be filtered by: filter -> the column with its value."""
        lines = (each.filters.items() for each in self.panel.columns)
        return dict(chain(*lines, self.panel.filters.items()))

    def _fields(self) -> Iterator[Field]:
        """Yield each of the row's columns once, in the declared order first."""
        yield self._time()
        told = {self.panel.at}
        for column in self.panel.columns:
            for name in column.of:
                if name not in told:
                    told.add(name)
                    yield self._declared(column, name)
        for name in (self.panel.id, *self.row):
            if name not in told:
                told.add(name)
                yield self._field(name, _label(name))

    def _time(self) -> Field:
        at = moment(self.row[self.panel.at])
        return Field(_label(self.panel.at), self._local(at), utc_text(at), utc_text(at))

    def _declared(self, column: Column, name: str) -> Field:
        label = column.heading if len(column.of) == 1 else _label(name)
        return self._field(name, label, column.unit)

    def _field(self, name: str, label: str, unit: Unit = Unit.TEXT) -> Field:
        value = self.row[name]
        # A line can filter by more than one of its columns: a field does by its own value alone.
        values = {each: value for each, source in self._sources.items() if source == name}
        only = {each: str(chosen) for each, chosen in values.items()}
        there = self.shaper.href(values)
        href = "" if only.items() <= self.shaper.view.only.items() else there
        words = (f"{self._filter(each)} = {texts.named(chosen)}" for each, chosen in only.items())
        return Field(
            label,
            texts.whole(value) if unit is Unit.TEXT else texts.written(value, unit),
            _source(value),
            only_href=href,
            only=", ".join(words) if there else "",
            not_href=self._not_href(only) if there else "",
        )

    def _not_href(self, only: Mapping[str, str]) -> str:
        """Return the view without the value that the one filter of a field has in this row."""
        page = self.shaper.page
        fixed = self.shaper.dashboard.pages[page].by if page else ()
        for name, value in only.items():
            found = self.shaper.dashboard.filter_named(name)
            if len(only) == 1 and name not in fixed and found and found.is_many:
                left = self.shaper.view.leaving_out(name, value)
                return left.link(left.page(page)) if left else ""
        return ""

    def _tone(self, column: Column) -> str:
        return self.shaper.tone(self._values(column.filters))

    def _values(self, filters: Mapping[str, str]) -> dict[str, Any]:
        return {name: self.row[source] for name, source in filters.items()}

    def _filter(self, name: str) -> str:
        found = self.shaper.dashboard.filter_named(name)
        return found.label if found else name

    def _words(self, column: Column) -> str:
        return " ".join(texts.written(self.row[name], column.unit) for name in column.of)

    def _local(self, at: datetime) -> str:
        local = at.astimezone(self.shaper.zone)
        # Without a year of the view, a date says its own.
        day = Times(self.shaper.zone).date(local)
        clock = f"{local:%H:%M:%S}.{local.microsecond // 1_000:03d}"
        return f"{local:%a} {day}, {clock} {offset_name(local)}"


def utc_text(at: datetime) -> str:
    """Return a moment in UTC to the millisecond, as ISO 8601 writes it."""
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1_000:03d}Z"


def _is_text(column: Column) -> bool:
    return column.unit is Unit.TEXT


def _label(name: str) -> str:
    return name.replace("_", " ")


def _source(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
