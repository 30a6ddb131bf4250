"""What a product's dashboard is declared with: filters, and panels over its pipes.

Names of pipes, parameters and columns are those of the product's Tinybird project. They are held
to its files at the start, so a wrong one is an error with its place, not an empty panel.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property


class Unit(StrEnum):
    """What a number counts, and so how it and a change of it are written."""

    TEXT = "text"
    COUNT = "count"
    PERCENT = "percent"
    """Of a share from 0 to 1."""
    MILLISECONDS = "milliseconds"
    BYTES = "bytes"


class Tone(StrEnum):
    """What a colour says, the same in a chart, a figure and a cell."""

    CALM = "calm"
    SUCCESS = "success"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    ACCENT = "accent"
    LOW = "low"
    """The lowest of three measures of one thing, such as percentiles; then the two above it."""
    MIDDLE = "middle"
    HIGH = "high"


class Good(Enum):
    """Which change of a figure is good news."""

    UP = "up"
    DOWN = "down"
    NEITHER = "neither"


class Scale(StrEnum):
    """How a chart's vertical axis is divided."""

    LINEAR = "linear"
    LOG = "log"


@dataclass(frozen=True, kw_only=True)
class Values:
    """Where the values of a filter come from, the most frequent first.

    Attributes:
        pipe: The endpoint, which takes the period and the filters.
        column: Its column with a value.
        count: Its column with how often the value is there; "" without one.
        parameters: What it is always asked with.
        search: Its parameter for a text that the values have in them; "" without one.
    """

    pipe: str
    column: str
    count: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    search: str = ""


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A parameter that a viewer may set.

    Attributes:
        name: The parameter's, and in the address.
        label: What it is called.
        values: The values to choose from, each with its tone where it has one; none: any text.
        values_from: Where its values come from, with how often each is there.
        is_many: True when it can have several values, or all but some. The pipes then take beside
            ``<name>`` also ``<name>_in`` and ``<name>_not_in``, each a JSON array of texts.
    """

    name: str
    label: str
    values: Mapping[str, Tone] | Sequence[str] = ()
    values_from: Values | None = None
    is_many: bool = False

    def tone(self, value: str) -> Tone:
        """Return the tone of a value, ``CALM`` for one without."""
        return self.values.get(value, Tone.CALM) if isinstance(self.values, Mapping) else Tone.CALM

    def allows(self, value: str) -> bool:
        """Tell whether the filter can have this value."""
        return not self.values or value in self.values


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        of: The pipe's columns that a cell shows, one after the other.
        label: Its heading; the columns' names by default.
        unit: How a number is written.
        has_bar: True for the one whose value is drawn as a bar in its row.
        sort: The value of the pipe's parameter ``sort`` that orders by it; "" without one.
        filters: Filter -> the pipe's column with its value: what a click on a cell filters by.
        decided_by: Filters that choose by what it measures, as one by outcome does to a share of
            errors: with any of them set it is not shown.
        is_extra: True for one that is shown only where its panel is wide, from 820 px on.
    """

    of: tuple[str, ...]
    label: str = ""
    unit: Unit = Unit.TEXT
    has_bar: bool = False
    is_extra: bool = False
    sort: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    decided_by: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """What stands above it."""
        return self.label or " ".join(self.of).replace("_", " ")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What a figure should not go above.

    Attributes:
        above: The greatest value that is still well.
        tone: The colour of what is above it.
    """

    above: float
    tone: Tone = Tone.WARNING


@dataclass(frozen=True, kw_only=True)
class ChartLimit:
    """What no bucket of a chart should go above.

    Attributes:
        above: The greatest value that is still well.
        column: The pipe's column that is held to it.
        label: What it is called, in front of the value.
        unit: How the value is written; as the panel's own numbers by default.
        tone: The colour of what is above it.
        decided_by: Filters that choose by what it measures: with any of them set it says nothing.
    """

    above: float
    column: str
    label: str = "limit"
    unit: Unit | None = None
    tone: Tone = Tone.WARNING
    decided_by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One key figure.

    Attributes:
        label: What it is called.
        column: The pipe's column.
        before: The column with the value of the period before; ``<column>_before`` by default.
        unit: How it is written; its change follows from that, unless ``is_absolute``.
        good: Which change is good news.
        is_absolute: True when a change is told as a difference, also of a count.
        trend: A pipe of a time series on the same page, and its column to draw; None without.
        decided_by: Filters that choose by what it measures, as one by outcome does to a share of
            errors: with any of them set it gives way to another figure.
        fixed_by: Filters that leave it a single value: with all of them set it gives way too.
        limit: From where on it is coloured; None without.
    """

    label: str
    column: str
    before: str = ""
    unit: Unit = Unit.COUNT
    good: Good = Good.NEITHER
    is_absolute: bool = False
    trend: tuple[str, str] | None = None
    decided_by: tuple[str, ...] = ()
    fixed_by: tuple[str, ...] = ()
    limit: Limit | None = None

    @property
    def before_column(self) -> str:
        """The column with the value of the period before."""
        return self.before or f"{self.column}_before"


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line or one part of the bars of a time series.

    Attributes:
        column: The pipe's column.
        label: What it is called; with the panel's ``filter``, the value that it stands for.
        tone: Its colour.
    """

    column: str
    label: str
    tone: Tone


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What every panel has.

    Attributes:
        pipe: The endpoint that it asks.
        title: Its heading.
        note: A few words beside it.
        name: Its own name on the dashboard, in addresses of the page; the pipe's by default.
        parameters: What it always asks with, beside the period and the filters.
        ignores: Filters that its pipe does not take.
        width: Of twelve columns on a wide screen.
        is_below: True for one that stands on a wide screen below the panel before it, in that
            one's columns; a list of records beside both is as high as they are.
        noun: What its rows count, in the plural.
    """

    pipe: str
    title: str
    note: str = ""
    name: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    ignores: tuple[str, ...] = ()
    width: int = 6
    is_below: bool = False
    noun: str = "events"

    @property
    def key(self) -> str:
        """The panel's name, by which its state, its element and its addresses are known."""
        return self.name or self.pipe

    @property
    def columns_used(self) -> frozenset[str]:
        """Every column of its pipe that it shows."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Figures(Panel):
    """Key figures, each against the period before, of a pipe that answers one row.

    Attributes:
        figures: The most telling first.
        most: How many are shown; those behind take the place of one that gives way.
        count: The column that counts the events, without which there is nothing to compare.
        comparable: A column that is true when the period before is whole; "" without one.
    """

    title: str = "Key figures"
    figures: tuple[Figure, ...] = ()
    most: int = 4
    count: str = ""
    comparable: str = ""
    width: int = 12

    @property
    def columns_used(self) -> frozenset[str]:
        """The figures' columns, with those of the period before."""
        own = {self.count, f"{self.count}_before" if self.count else "", self.comparable} - {""}
        return frozenset(own).union(*({each.column, each.before_column} for each in self.figures))


@dataclass(frozen=True, kw_only=True)
class TimeSeries(Panel):
    """A chart over time, of a pipe with one row for each bucket, oldest first.

    Attributes:
        series: Its lines, or the parts of its bars.
        unit: How its numbers are written.
        is_stacked: True when the series are parts of a whole.
        scale: How the vertical axis is divided at first; a stacked one is linear.
        filter: The filter that a click on a series sets to its label; "" without one.
        count: The column that counts the events of a bucket; a bucket without any is empty.
        at: The column with a bucket's beginning, in UTC.
        main: The label of the series that a sentence tells of; the first by default.
        before: The column that is drawn of the period before too, one of the series' unless they
            are parts; "" for none.
        limit: What marks a bucket, with a line where the column is one of the series.
    """

    series: tuple[Series, ...] = ()
    unit: Unit = Unit.COUNT
    is_stacked: bool = False
    scale: Scale = Scale.LINEAR
    filter: str = ""
    count: str = ""
    at: str = "bucket"
    main: str = ""
    before: str = ""
    limit: ChartLimit | None = None

    @property
    def columns_used(self) -> frozenset[str]:
        """The series' columns, the bucket's, the count's, the limit's and the period before's."""
        limited = self.limit.column if self.limit else ""
        # That of lines is one of theirs.
        before = self.before if self.is_stacked else ""
        others = {self.count, before, limited} - {""}
        return frozenset({self.at, *others, *(each.column for each in self.series)})


@dataclass(frozen=True, kw_only=True)
class Ranking(Panel):
    """A table of the most of something, which a click filters by.

    Attributes:
        by: The columns that name a row; each is the value of the filter of the same name.
        columns: The others.
        opens: The name of the page that shows one row's own panels; "" without one.
    """

    by: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    opens: str = ""

    @property
    def sorts(self) -> tuple[str, ...]:
        """What the rows can be ordered by, the default first."""
        return tuple(each.sort for each in self.columns if each.sort)

    @property
    def columns_used(self) -> frozenset[str]:
        """The columns of its table."""
        return _of(self.columns) | frozenset(self.by)


@dataclass(frozen=True, kw_only=True)
class Breakdown(Panel):
    """The shares of the values of one dimension, or of several that a viewer chooses from.

    Attributes:
        by: The filter that a click sets.
        column: The column with the value; that of the filter's name by default.
        value: The column with its part.
        unit: How the part is written.
        tabs: Filters whose values come, with their counts, from this pipe: each is a tab, and what
            is above follows from the chosen one.
    """

    by: str = ""
    column: str = ""
    value: str = ""
    unit: Unit = Unit.COUNT
    tabs: tuple[str, ...] = ()

    @property
    def value_column(self) -> str:
        """The column with the value."""
        return self.column or self.by

    @property
    def columns_used(self) -> frozenset[str]:
        """Its two columns; with tabs, those that the filters name."""
        return frozenset({self.value_column, self.value} - {""})


@dataclass(frozen=True, kw_only=True)
class Records(Panel):
    """The newest rows, one line each, newest first; a line opens all that its row says.

    Attributes:
        at: The column that says when, in UTC.
        id: The column that tells one row from all others. With a parameter of the same name in its
            pipe, the address of a row shows it as long as it is kept.
        columns: What a line shows beside the time.
        filters: Filter -> the pipe's column with its value, for those that no line filters by:
            whoever opens a row can filter by them too, where it shows that column.
        cursor: The pipe's parameters for the time and the id of a row, for the rows before it; None
            for a list that ends with its newest rows.
        search: The pipe's parameter for a text that the rows contain; "" without one.
    """

    at: str = "timestamp"
    id: str = ""
    columns: tuple[Column, ...] = ()
    filters: Mapping[str, str] = field(default_factory=dict)
    cursor: tuple[str, str] | None = None
    search: str = ""

    @property
    def columns_used(self) -> frozenset[str]:
        """The columns of its table, and those that a row filters by besides."""
        return _of(self.columns) | {self.at, self.id, *self.filters.values()}


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page for one row of a ranking.

    Attributes:
        title: Its heading, with the filters' values in braces: ``{method} {route}``.
        by: The filters that make the page what it is.
        panels: What it shows.
        back: What the link to the whole dashboard says.
    """

    title: str
    by: tuple[str, ...]
    panels: tuple[Panel, ...]
    back: str = "All"


@dataclass(frozen=True, kw_only=True)
class Dashboard:
    """What a tenant sees.

    Attributes:
        title: Its heading.
        panels: Those of the overview, in their order.
        newest: The pipe whose newest row tells whether the tenant has any row at all.
        filters: What a viewer may set.
        pages: Name in the address -> a page for one row of a ranking.
        kept_days: How long a row is kept, in days.
        start: The pipes' parameter for the first moment, in UTC.
        end: The pipes' parameter for the moment after the last, in UTC.
        time_zone: The parameter for the viewer's zone, for the pipes that have it.
    """

    title: str
    panels: tuple[Panel, ...]
    newest: str
    filters: tuple[Filter, ...] = ()
    pages: Mapping[str, Page] = field(default_factory=dict)
    kept_days: int = 90
    start: str = "start"
    end: str = "end"
    time_zone: str = "time_zone"

    def filter_named(self, name: str) -> Filter | None:
        """Return the filter, None when there is none of that name."""
        return self._filters_by_name.get(name)

    @cached_property
    def _filters_by_name(self) -> Mapping[str, Filter]:
        return {each.name: each for each in self.filters}

    def panels_of(self, page: str) -> tuple[Panel, ...]:
        """Return the panels of a page, "" for the overview."""
        return self.pages[page].panels if page else self.panels

    @property
    def all_panels(self) -> Iterator[Panel]:
        """Every panel of every page, each name once."""
        found: dict[str, Panel] = {}
        for page in ("", *self.pages):
            for panel in self.panels_of(page):
                found.setdefault(panel.key, panel)
        yield from found.values()


def _of(columns: tuple[Column, ...]) -> frozenset[str]:
    used = (set(each.of) | set(each.filters.values()) for each in columns)
    return frozenset().union(*used)
