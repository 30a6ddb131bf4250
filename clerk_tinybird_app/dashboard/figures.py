"""The key figures: a value with its unit, its change and what that means, and its trend."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.declaration import Figure, Good

GOOD: Final = "good"
BAD: Final = "bad"
NEUTRAL: Final = "neutral"

NEW: Final = "new"
"""Stands for a change when there is no period before to compare with."""

_KEPT_TRENDS: Final = 1_024
"""A trend has no bucket that is still filling, so it stays the same for many refreshes."""

TREND_WIDTH: Final = 100
TREND_HEIGHT: Final = 30

_MEANS: Final = {Good.UP: (GOOD, BAD), Good.DOWN: (BAD, GOOD), Good.NEITHER: (NEUTRAL, NEUTRAL)}
"""What more of a figure means, and what less of it does."""


@dataclass(frozen=True)
class ShownFigure:
    """One key figure, ready to be shown.

    Attributes:
        label: What it is called.
        value: With its unit.
        change: Against the period before, with its unit; ``NEW`` when that cannot be compared
            with, ``texts.NONE`` without a value in either.
        tone: ``good``, ``bad`` or ``neutral``: what the change means.
        trend: An SVG path in a box of ``TREND_WIDTH`` by ``TREND_HEIGHT``; "" without values.
        alarm: The ``Tone`` of a value above its limit; "" for one that is well.
    """

    label: str
    value: str
    change: str
    tone: str
    trend: str = ""
    alarm: str = ""


def shown_figure(
    figure: Figure, row: Mapping[str, Any], *, is_comparable: bool, is_any: bool, line: str
) -> ShownFigure:
    """Return a figure as it is shown.

    Args:
        figure: As it is declared.
        row: The pipe's row.
        is_comparable: Whether there is a whole period before, with anything in it.
        is_any: Whether there is anything in this period.
        line: The path of its trend.
    """
    now, before = row[figure.column], row[figure.before_column]
    text, tone = texts.NONE, NEUTRAL
    if now is not None and not is_comparable:
        text = NEW if is_any else texts.NONE
    elif now is not None and before is not None:
        text = texts.change(now, before, figure.unit, is_absolute=figure.is_absolute)
        # What rounds to nothing has no sign, and is neither good nor bad.
        if not text[0].isdigit():
            tone = _MEANS[figure.good][now < before]
    is_above = figure.limit is not None and now is not None and now > figure.limit.above
    return ShownFigure(
        label=figure.label,
        value=texts.written(now, figure.unit),
        change=text,
        tone=tone,
        trend=line,
        alarm=figure.limit.tone.value if figure.limit and is_above else "",
    )


@lru_cache(_KEPT_TRENDS)
def trend(values: tuple[float | None, ...]) -> str:
    """Return the path of a line through ``values`` above zero, with a gap for every None."""
    known = [value for value in values if value is not None]
    if not known or len(values) == 1:
        return ""
    most = max(known) or 1
    path, is_drawing = [], False
    for index, value in enumerate(values):
        if value is None:
            is_drawing = False
            continue
        x = index * TREND_WIDTH / (len(values) - 1)
        y = TREND_HEIGHT - 1 - value / most * (TREND_HEIGHT - 2)
        path.append(f"{'L' if is_drawing else 'M'}{x:.1f} {y:.1f}")
        is_drawing = True
    return "".join(path)
