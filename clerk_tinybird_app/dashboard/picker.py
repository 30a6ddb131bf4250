"""The values that a filter can be set to, each with how often it is there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.charts import number
from clerk_tinybird_app.dashboard.declaration import Dashboard, Filter, Values
from clerk_tinybird_app.dashboard.questions import Question, Takes, dated, filtered, taken
from clerk_tinybird_app.dashboard.shown import reading_rows
from clerk_tinybird_app.dashboard.times import Tick
from clerk_tinybird_app.dashboard.view import View

_HUNDRED: Final = 100


@dataclass(frozen=True)
class Offered:
    """A value that a filter can be set to.

    Attributes:
        value: As the address has it.
        label: As it is written.
        count: How often it is there; "" when that is not known.
        percent: That in per cent of the most frequent one.
        tone: A ``Tone``; "" without one.
    """

    value: str
    label: str
    count: str = ""
    percent: int = 0
    tone: str = ""


def question(
    dashboard: Dashboard,
    declared: Filter,
    source: Values,
    view: View,
    search: str,
    *,
    zone: tzinfo,
    tick: Tick,
    takes: Takes,
) -> Question:
    """Return what asks for a filter's values, with every filter of the view but itself.

    Args:
        dashboard: What is declared.
        declared: The filter.
        source: Where its values come from.
        view: What is shown.
        search: What the values are to have in them, "" for all.
        zone: The viewer's.
        tick: When it is asked.
        takes: See ``questions``.
    """
    parameters = taken(source.pipe, dated(dashboard, view.period(tick.start), zone), takes)
    parameters |= filtered(view, (declared.name,)) | dict(source.parameters)
    if search and source.search:
        parameters[source.search] = search
    return Question(declared.name, source.pipe, parameters, tick)


def offered(
    declared: Filter, view: View, search: str, rows: Iterable[Mapping[str, Any]] | None
) -> list[Offered]:
    """Return the values that can be chosen, those that are there first.

    A fixed list stays whole and in its order. A chosen value is among them whether it is there or
    not, so that it can be taken away.

    Args:
        declared: The filter.
        view: What is shown.
        search: What the values are to have in them, "" for all.
        rows: What its pipe answered; None without an answer, which leaves out the counts.

    Raises:
        UnfitRowsError: The rows lack a column, or hold what cannot be shown.
    """
    source = declared.values_from if rows is not None else None
    counts = _counts(source, rows or ())
    chosen = view.choices.get(declared.name)
    names = [*declared.values] or list(dict.fromkeys([*counts, *(chosen.values if chosen else ())]))
    most = max((count or 0 for count in counts.values()), default=0) or 1
    is_counted = source is not None and bool(source.count)
    has_tones = isinstance(declared.values, Mapping)
    return [
        Offered(
            value=name,
            label=texts.named(name),
            count=texts.count(counts.get(name) or 0) if is_counted else "",
            percent=round(_HUNDRED * (counts.get(name) or 0) / most),
            tone=declared.tone(name).value if has_tones and declared.values else "",
        )
        for name in names
        if search.casefold() in name.casefold()
    ]


def _counts(source: Values | None, rows: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return value -> how often it is there."""
    with reading_rows():
        return {
            str(row[source.column]): number(row[source.count]) if source.count else None
            for row in rows
            if source and row[source.column] is not None
        }
