"""What each panel's rows are shown as: plain values, ready for the page."""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from clerk_tinybird_app.dashboard import charts, texts
from clerk_tinybird_app.dashboard.charts import (
    IN_PART,
    SO_FAR,
    Axis,
    Chart,
    Rows,
    moment,
    number,
)
from clerk_tinybird_app.dashboard.declaration import (
    Breakdown,
    Column,
    Dashboard,
    Figure,
    Figures,
    Panel,
    Ranking,
    Records,
    TimeSeries,
    Unit,
)
from clerk_tinybird_app.dashboard.figures import ShownFigure, shown_figure, trend
from clerk_tinybird_app.dashboard.times import Period, Times, bucket_width
from clerk_tinybird_app.dashboard.view import View, chosen_by, opened, record_names

_HUNDRED: Final = 100
FAULTS: Final = (
    KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError,
)  # fmt: skip
"""What is raised of rows that are not what a panel shows."""


class UnfitRowsError(Exception):
    """A pipe's rows are not what a panel shows, such as those of an older version of the pipe."""


@contextmanager
def reading_rows() -> Iterator[None]:
    """Raise whatever rows are not fit for as an ``UnfitRowsError`` that says it."""
    try:
        yield
    except KeyError as error:
        raise UnfitRowsError(f"its rows have no column {error}") from error
    except FAULTS as error:
        raise UnfitRowsError(f"its rows cannot be shown ({type(error).__name__})") from error


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes:
        text: What it says.
        href: Where a click leads; "" nowhere.
        tone: A ``Tone``; "" without one.
    """

    text: str
    href: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        key: What tells it from the table's other rows.
        cells: First what names it, or when it was; then one for each of the panel's columns.
        bar: The column with a bar, in per cent of the greatest; 0 without one.
        open_href: The page with its own panels, or with all that a record says; "" without one.
        is_chosen: True when the view is filtered by it.
    """

    key: str
    cells: list[Cell]
    bar: int = 0
    open_href: str = ""
    is_chosen: bool = False


@dataclass(frozen=True)
class Share:
    """One value's part of a whole.

    Attributes:
        label: The value.
        value: Its part, with its unit.
        percent: Its part in per cent of all that is shown.
        href: The view of this value alone; "" where it cannot be had.
        is_chosen: True when the view is filtered by it; ``href`` then leads out of that.
    """

    label: str
    value: str
    percent: int
    href: str = ""
    is_chosen: bool = False


@dataclass(frozen=True)
class Shaper:
    """Makes of rows what one page of a dashboard shows.

    Attributes:
        dashboard: What is declared.
        view: What the rows were asked for with.
        page: The page's name, "" for the overview.
        zone: The viewer's.
        now: Seconds since the epoch.
        before: Key of a panel -> its rows of the period that the view's own is compared with.
    """

    dashboard: Dashboard
    view: View
    page: str
    zone: tzinfo
    now: float
    before: Mapping[str, Rows] = field(default_factory=dict)

    def shown(self, panel: Panel, rows: Mapping[str, Rows]) -> dict[str, Any]:
        """Return what a panel shows: its ``rows``, which are a ``Chart`` with its ``axis`` too.

        Args:
            panel: The panel.
            rows: Key of a panel -> the rows of its pipe, the panel's own among them.

        Raises:
            UnfitRowsError: The rows lack a column, or hold what the panel cannot show.
        """
        panel = opened(self.dashboard, panel, self.view)
        with reading_rows():
            own = rows[panel.key]
            match panel:
                case Figures():
                    return {"rows": self._figures(panel, own[0], rows)}
                case TimeSeries():
                    return self._chart(panel, own, rows)
                case Ranking():
                    return {"rows": self._ranking(panel, own)}
                case Records():
                    return {"rows": self._records(panel, own)}
                case Breakdown():
                    return {"rows": self._shares(panel, own)}
                case _:
                    raise NotImplementedError(type(panel))

    def tone(self, values: Mapping[str, Any]) -> str:
        """Return the tone of the first of these values whose filter has tones, "" without one.

        Args:
            values: Name of a filter -> its value, as it came with the data.
        """
        for name, value in values.items():
            found = self.dashboard.filter_named(name)
            if found is not None and isinstance(found.values, Mapping):
                return found.tone(str(value)).value
        return ""

    def href(
        self, values: Mapping[str, Any], page: str | None = None, *, toggles: bool = False
    ) -> str:
        """Return the address of the view of these values, "" where it cannot be had.

        Args:
            values: Name of a filter -> its value, as it came with the data.
            page: Another page than this one.
            toggles: True for the view without them, where they are chosen.
        """
        for name, value in values.items():
            found = self.dashboard.filter_named(name)
            if found is None or value is None or not found.allows(str(value)):
                return ""
        path = self.view.page(self.page if page is None else page)
        texts_of = tuple((name, str(value)) for name, value in values.items())
        return self.view.link_of(texts_of, path, toggles) if values else ""

    def _figures(
        self, panel: Figures, row: Mapping[str, Any], rows: Mapping[str, Rows]
    ) -> list[ShownFigure]:
        row = self._compared(panel, row)
        telling = [
            each
            for each in panel.figures
            if not (self._is_fixed(each.fixed_by) or self._is_decided(each.decided_by))
        ]
        is_whole = not panel.comparable or bool(row[panel.comparable])
        has_before = not panel.count or row[f"{panel.count}_before"] != 0
        return [
            shown_figure(
                each,
                row,
                is_comparable=is_whole and has_before,
                is_any=bool(row[panel.count or each.column]),
                line=trend(self._over_time(each, rows)),
            )
            for each in telling[: panel.most]
        ]

    def _compared(self, panel: Figures, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a row of key figures beside those of what the period is compared with.

        A pipe knows of the period of the same length just before alone. Any other one has a row of
        its own; without that row nothing is compared. Of a period that is over,
        the pipe's own row tells whether the rows reach back far enough: the other one tells it of a
        third period, which the data may not be kept for.
        """
        if not self.view.asks_figures_twice:
            return row
        taken = {each.before_column: each.column for each in panel.figures}
        if panel.count:
            taken[f"{panel.count}_before"] = panel.count
        if panel.comparable and self.view.is_live:
            taken[panel.comparable] = panel.comparable
        for earlier in self.before.get(panel.key, ()):
            return {**row, **{to: earlier[of] for to, of in taken.items()}}
        # Not known is something else than none.
        is_any = filter(None, (panel.comparable, panel.count and f"{panel.count}_before"))
        unknown = (each.before_column for each in panel.figures)
        return {**row, **dict.fromkeys(is_any, True), **dict.fromkeys(unknown)}

    def _over_time(self, figure: Figure, rows: Mapping[str, Rows]) -> tuple[float | None, ...]:
        """Return a figure's values in the buckets of its trend, none without their rows."""
        if figure.trend is None:
            return ()
        pipe, column = figure.trend
        for panel in self.dashboard.panels_of(self.page):
            if isinstance(panel, TimeSeries) and panel.pipe == pipe:
                # The last bucket is still filling: it would make every trend end in a fall.
                within = self._within(panel, rows.get(panel.key, ()))[:-1]
                return tuple(number(row[column]) for row in within)
        return ()

    def _chart(self, panel: TimeSeries, own: Rows, rows: Mapping[str, Rows]) -> dict[str, Any]:
        period, now = self.view.period(self.now), datetime.fromtimestamp(self.now, UTC)
        starts = [moment(row[panel.at]) for row in own]
        step = bucket_width(starts, self.zone, period.end)
        # A pipe that knows no zone counts the days of UTC, which are called by their own names.
        is_utc = step.days > 0 and all(at.hour == at.minute == 0 for at in starts)
        times = Times.of(period, UTC if is_utc else self.zone, self.now)
        within = self._within(panel, own)
        is_over = period.end < now
        passed = period if self.view.is_live or is_over else Period(period.start, now)
        note = IN_PART if is_over else SO_FAR
        axis = charts.axis_of(starts[len(own) - len(within) :], step, passed, times, note)
        panels = self.dashboard.panels_of(self.page)
        limit = panel.limit
        if limit is not None and self._is_decided(limit.decided_by):
            limit = None
        chart = Chart(
            values=[[number(row[each.column]) for row in within] for each in panel.series],
            totals=charts.totals_of(panel, own, panels, rows),
            has_limit=limit is not None,
            above=charts.above(limit, panel, within) if limit else [],
            summary=charts.summary(panel, within, axis.words),
        )
        # The period before is an addition: rows that are none leave the chart as it is.
        with suppress(*FAULTS):
            chart = self._with_before(chart, axis, panel, rows)
        return {"rows": chart, "axis": axis}

    def _with_before(
        self, chart: Chart, axis: Axis, panel: TimeSeries, rows: Mapping[str, Rows]
    ) -> Chart:
        own = self.before.get(panel.key)
        if not own or self.view.period_before(self.now) is None:
            return chart
        values = charts.beside(
            axis,
            own,
            at=panel.at,
            column=panel.before,
            counterpart=self.view.counterpart(self.now),
        )
        compared = self._all_compared(rows)
        panels = self.dashboard.panels_of(self.page)
        is_whole = all(
            row.get(each.comparable, True)
            for each in panels
            if isinstance(each, Figures)
            for row in compared.get(each.key, ())
        )
        if not is_whole and panel.is_stacked:
            values = charts.without_leading_zeros(values)
        if all(value is None for value in values):
            return chart
        return replace(
            chart,
            before=values,
            before_total=charts.total_before(panel, own, panels, compared),
            before_name=self.view.name_before,
            before_note="" if is_whole else IN_PART,
        )

    def _all_compared(self, rows: Mapping[str, Rows]) -> Mapping[str, Rows]:
        """Return the rows with those of key figures beside what they are compared with."""
        figures = [each for each in self.dashboard.all_panels if isinstance(each, Figures)]
        compared = {
            each.key: [self._compared(each, row) for row in rows[each.key]]
            for each in figures
            if each.key in rows
        }
        return {**rows, **compared}

    def _within(self, panel: TimeSeries, rows: Rows) -> Rows:
        """Return the rows without a first bucket that began before the period: it is a part."""
        start = self.view.period(self.now).start
        return rows[1:] if rows and moment(rows[0][panel.at]) < start else rows

    def _ranking(self, panel: Ranking, rows: Rows) -> list[Row]:
        bars = [_bar(panel.columns, row) for row in rows]
        most = max(bars, default=0) or 1
        choosing = chosen_by(self.dashboard, panel, self.view, self.page)
        found = []
        for row, bar in zip(rows, bars, strict=True):
            values = {name: row[name] for name in panel.by}
            opens = self.href(values, panel.opens) if panel.opens else ""
            is_chosen = self._is_chosen(choosing, values)
            href = self.href(values, toggles=is_chosen)
            cells = [Cell(_words(row, panel.by), href), *self._cells(panel, row)]
            share = round(_HUNDRED * bar / most)
            found.append(Row(_key(values.values()), cells, share, opens, is_chosen))
        return found

    def _records(self, panel: Records, rows: Rows) -> list[Row]:
        period, today = self.view.period(self.now), datetime.fromtimestamp(self.now, UTC)
        times = Times.of(period, self.zone, self.now)
        path, name = self.view.page(self.page), record_names(self.dashboard)[panel.key]
        ids = [str(row[panel.id]) for row in rows]
        return [
            Row(
                key,
                [Cell(times.clock(moment(row[panel.at]), now=today)), *self._cells(panel, row)],
                open_href=href,
            )
            for row, key, href in zip(
                rows, _told_apart(ids), self.view.links_to(path, name, ids), strict=True
            )
        ]

    def _shares(self, panel: Breakdown, rows: Rows) -> list[Share]:
        whole = sum(row[panel.value] for row in rows) or 1
        choosing = chosen_by(self.dashboard, panel, self.view, self.page)
        return [
            Share(
                label=_words(row, (panel.value_column,)),
                value=texts.written(row[panel.value], panel.unit),
                percent=round(_HUNDRED * row[panel.value] / whole),
                href=self.href(values, toggles=is_chosen),
                is_chosen=is_chosen,
            )
            for row in rows
            for values in ({panel.by: row[panel.value_column]},)
            for is_chosen in (self._is_chosen(choosing, values),)
        ]

    def _is_chosen(self, choosing: Collection[str], values: Mapping[str, Any]) -> bool:
        """Tell whether the view is filtered by a row, which these values name.

        Args:
            choosing: The filters that choose rows, see ``chosen_by``.
            values: Name of a filter -> its value in the row.
        """
        return bool(choosing) and all(
            self.view.includes(name, str(value)) for name, value in values.items()
        )

    def _cells(self, panel: Ranking | Records, row: Mapping[str, Any]) -> list[Cell]:
        is_link = isinstance(panel, Ranking)
        return [self._cell(column, row, is_link=is_link) for column in panel.columns]

    def _cell(self, column: Column, row: Mapping[str, Any], *, is_link: bool) -> Cell:
        if self._is_decided(column.decided_by):
            return Cell(texts.NONE)
        values = {name: row[source] for name, source in column.filters.items()}
        # A row of records is a link itself, to all that the record says.
        href = self.href(values) if is_link else ""
        return Cell(_words(row, column.of, column.unit), href, self.tone(values))

    def _is_fixed(self, names: Collection[str]) -> bool:
        """Tell whether all of these filters leave a single value, and there are any."""
        return bool(names) and set(names) <= self.view.only.keys()

    def _is_decided(self, names: Collection[str]) -> bool:
        """Tell whether any of these filters is set, to whatever."""
        return bool(names) and not self.view.filters.keys().isdisjoint(names)


def is_empty(panel: Panel, rows: Rows) -> bool:
    """Tell whether there is nothing to show: no row, or buckets without anything."""
    if not isinstance(panel, TimeSeries):
        return not rows
    columns = [panel.count] if panel.count else [each.column for each in panel.series]
    return not any(row.get(name) for row in rows for name in columns)


def says_nothing(panel: Panel, rows: Rows) -> bool:
    """Tell whether a panel's rows speak of no event at all, in its period and before."""
    if not isinstance(panel, Figures):
        return is_empty(panel, rows)
    names = [panel.count, f"{panel.count}_before"] if panel.count else panel.columns_used
    return not any(row.get(name) for row in rows for name in names if name != panel.comparable)


def _bar(columns: Sequence[Column], row: Mapping[str, Any]) -> float:
    column = next((each.of[0] for each in columns if each.has_bar), "")
    return number(row[column]) or 0 if column else 0


def _words(row: Mapping[str, Any], columns: Sequence[str], unit: Unit = Unit.TEXT) -> str:
    return " ".join(texts.written(row[name], unit) for name in columns)


def _told_apart(ids: Sequence[str]) -> Iterator[str]:
    """Yield the ids; one that came before, as of an event that was sent twice, with its number.

    A page leaves rows behind when two of them have one key.
    """
    times = Counter[str]()
    for each in ids:
        times[each] += 1
        yield each if times[each] == 1 else f"{each} {times[each]}"


def _key(values: Iterable[Any]) -> str:
    return json.dumps(list(values), ensure_ascii=False)
