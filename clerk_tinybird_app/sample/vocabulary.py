"""The classes with which a product declares what its made-up rows look like.

The value of a column is a constant (a text or a number) or one of the values below. All is
checked when it is declared, so that a mistake is an error at start.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

Names = str | tuple[str, ...]
"""One column, or several columns whose values are chosen together."""

_MOST_PLACES: Final = 10_000


class SampleError(ValueError):
    """A sample that cannot be made; the text says why and what to do."""


class Value:
    """The base of all values of a column that are not constants."""


@dataclass(frozen=True)
class Moment(Value):
    """The time of the row. Exactly one column has this value."""


@dataclass(frozen=True)
class Id(Value):
    """A new text for each row: ``prefix`` and sixteen hexadecimal digits."""

    prefix: str = ""


@dataclass(frozen=True)
class People(Value):
    """One of the tenant's users; the first users come more often.

    Attributes:
        services: More callers besides the users, such as a billing service.
        skew: With 1 all come equally often; the greater it is, the more often come the first.
    """

    services: tuple[str, ...] = ()
    skew: float = 1.7


@dataclass(frozen=True)
class Few(Value):
    """One of a few options; each tenant has its own few, such as its regions.

    Attributes:
        options: Constants.
        count: How many options a tenant has.
        skew: As for `People`.
    """

    options: tuple[Any, ...]
    count: int = 3
    skew: float = 1.9


@dataclass(frozen=True)
class Weighted(Value):
    """One of several constants, each as often as its weight says. Weights are whole numbers."""

    weights: Mapping[Any, int]

    def __post_init__(self) -> None:
        weights = self.weights.values()
        if not weights or not all(isinstance(each, int) and each > 0 for each in weights):
            raise SampleError("Weighted needs options whose weights are whole numbers above 0.")
        if sum(weights) // math.gcd(*weights) > _MOST_PLACES:
            raise SampleError(f"The weights add up to more than {_MOST_PLACES}: use smaller ones.")

    @cached_property
    def places(self) -> tuple[Any, ...]:
        """Each option as many times as its weight says, so that all places are equally likely."""
        shared = math.gcd(*self.weights.values())
        return tuple(
            option for option, weight in self.weights.items() for _ in range(weight // shared)
        )


@dataclass(frozen=True)
class LogNormal(Value):
    """A number, such as a latency or a size. Most are near the median, a few are far above it.

    Attributes:
        median: Half of the numbers are smaller.
        spread: The standard deviation of the number's logarithm.
        digits: Digits after the point; 0 makes whole numbers.
        rises_in_incidents: Whether an incident makes it greater, as with a latency.
    """

    median: float
    spread: float
    digits: int = 0
    rises_in_incidents: bool = False


@dataclass(frozen=True)
class Sometimes(Value):
    """One value in a share of the rows, and another value in the others: errors, for example.

    Attributes:
        share: From 0 to 1.
        value: The value in that share of the rows.
        otherwise: The value in the other rows.
        rises_in_incidents: Whether an incident makes the share greater.
    """

    share: float
    value: Any
    otherwise: Any = field(kw_only=True)
    rises_in_incidents: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise SampleError(f"The share of Sometimes is {self.share}: it goes from 0 to 1.")


@dataclass(frozen=True)
class OneOf(Value):
    """A value that depends on other columns of the row.

    Attributes:
        options: Value of the other column -> value; a tuple of values for several columns.
        by: The other columns; they must be declared above this one.
        otherwise: The value when ``options`` does not have the other value.
    """

    options: Mapping[Any, Any]
    by: Names = field(kw_only=True)
    otherwise: Any = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not self.options:
            raise SampleError("OneOf needs at least one option.")


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """How many rows a tenant has, and how often it has incidents.

    Attributes:
        per_day: Rows on an average day now.
        growth: How many times as many these are as 30 days ago.
        incident_hours: There is one incident in so many hours.
    """

    per_day: float
    growth: float = 1
    incident_hours: int = 48


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How the number of rows changes in a day and in a week, in UTC.

    Attributes:
        peak: The busiest hour of a day, such as 14.5.
        night: How busy the quietest hour is, as a share of the busiest.
        weekend: How busy a weekend is, as a share of a working day.
    """

    peak: float = 14.5
    night: float = 0.22
    weekend: float = 0.38


@dataclass(frozen=True, kw_only=True)
class Incidents:
    """How bad incidents are, as ranges. They change only values with ``rises_in_incidents``.

    Attributes:
        share: The share of `Sometimes` in an incident.
        factor: How many times greater a `LogNormal` is.
        minutes: How long an incident lasts.
    """

    share: tuple[float, float] = (0.12, 0.28)
    factor: tuple[float, float] = (1.9, 3.3)
    minutes: tuple[float, float] = (9, 23)


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Made-up rows of one data source. The product's policy names the column of the tenant.

    Attributes:
        source: The data source.
        columns: Column -> its value; several columns -> a `Weighted` of tuples.
        busy: The traffic of the first local organization.
        quiet: The traffic of the other organizations.
        alone: The traffic of a user without an organization.
        newcomer: The traffic of a tenant that asks for sample rows.
        rhythm: How the traffic changes in a day and in a week.
        incidents: How bad incidents are; None for no incidents.
    """

    source: str
    columns: Mapping[Names, Any]
    busy: Traffic = Traffic(per_day=26_000, growth=4, incident_hours=22)
    quiet: Traffic = Traffic(per_day=3_500, growth=2, incident_hours=53)
    alone: Traffic = Traffic(per_day=780, growth=1.5, incident_hours=131)
    newcomer: Traffic = Traffic(per_day=2_600, growth=2)
    rhythm: Rhythm = Rhythm()
    incidents: Incidents | None = Incidents()

    def __post_init__(self) -> None:
        above: list[str] = []
        for names, value in self.columns.items():
            is_joint = not isinstance(names, str)
            if is_joint and not _is_joint(value, len(names)):
                raise SampleError(f"{names!r} needs a Weighted of tuples with {len(names)} values.")
            for part in _parts(value):
                if isinstance(part, OneOf):
                    self._check(names, part, above)
                elif not isinstance(part, Value | str | int | float | (tuple if is_joint else str)):
                    raise SampleError(f"{names!r} has {part!r}: a constant is a text or a number.")
            above += names_in(names)
        if len(set(above)) < len(above):
            raise SampleError(f"A column is there twice: {', '.join(above)}.")
        if sum(isinstance(value, Moment) for value in self.columns.values()) != 1:
            raise SampleError("One column, and only one, must be a Moment().")

    def _check(self, names: Names, value: OneOf, above: list[str]) -> None:
        """Refuse a value by columns that are not above it, or without a value for some rows."""
        for other in names_in(value.by):
            if other not in above:
                raise SampleError(f"{names!r} goes by '{other}', which must stand above it.")
        missing = [key for key in self._known(value.by) if key not in value.options]
        if missing and value.otherwise is None:
            raise SampleError(
                f"{names!r} has no value by {value.by!r} for {missing[0]!r}: "
                "add it, or say otherwise=."
            )

    def _known(self, by: Names) -> Iterator[Any]:
        """Yield the values of the columns ``by``, as far as they are known."""
        for names, value in self.columns.items():
            own = names_in(names)
            if isinstance(value, Weighted) and set(names_in(by)) <= set(own):
                for option in value.weights:
                    row = dict(
                        zip(own, [option] if isinstance(names, str) else option, strict=True)
                    )
                    yield row[by] if isinstance(by, str) else tuple(row[name] for name in by)
                return
        yield "what is not listed"

    @property
    def moment(self) -> str:
        """The column with the time of a row."""
        return next(str(name) for name, each in self.columns.items() if isinstance(each, Moment))

    def options(self, column: str) -> tuple[Any, ...]:
        """Return the constants that a column is declared with, none when it has another value."""
        for names, value in self.columns.items():
            if column in names_in(names) and isinstance(value, Few | Weighted):
                listed = value.options if isinstance(value, Few) else tuple(value.weights)
                place = names_in(names).index(column)
                return listed if isinstance(names, str) else tuple(each[place] for each in listed)
        return ()

    def names(self, tenant_column: str) -> tuple[str, ...]:
        """Return all columns that a made-up row has, the tenant's column first."""
        return (tenant_column, *(name for names in self.columns for name in names_in(names)))


def names_in(names: Names) -> tuple[str, ...]:
    """Return one column, or several, as a tuple."""
    return (names,) if isinstance(names, str) else names


def _parts(value: Any) -> Iterator[Any]:
    """Yield a value and all values within it."""
    yield value
    inner: Iterable[Any] = ()
    match value:
        case Sometimes():
            inner = (value.value, value.otherwise)
        case OneOf():
            inner = (
                *value.options.values(),
                *(() if value.otherwise is None else (value.otherwise,)),
            )
        case Weighted():
            inner = value.weights
        case Few():
            inner = value.options
    for each in inner:
        yield from _parts(each)


def _is_joint(value: Any, length: int) -> bool:
    """Tell whether a value is for this number of columns."""
    return isinstance(value, Weighted) and all(
        isinstance(each, tuple) and len(each) == length for each in value.weights
    )
