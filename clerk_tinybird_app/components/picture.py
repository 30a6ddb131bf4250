"""A small picture of the product's own dashboard, with made-up numbers, for its welcome page.

It is plain HTML and SVG, so that it is there before any script. Nobody can use or hear it.
"""

import math
from collections import Counter
from itertools import count
from typing import Final

import reflex as rx

from clerk_tinybird_app import products
from clerk_tinybird_app.dashboard.declaration import (
    Column,
    Figure,
    Figures,
    Good,
    Records,
    TimeSeries,
    Tone,
    Unit,
)

Number = tuple[str, str, str]
"""A figure's value, its unit and its change."""

Numbers = tuple[Number, ...]
"""Another one for each figure of one kind."""

_PRODUCT: Final = products.current()
_COUNTS: Final = (("31,926", "", "+2.3 %"), ("1,087", "", "+41"), ("412", "", "+18"))
_FEW: Final = (("10", "", "+1"), ("24", "", "-2"), ("7", "", "+1"))
"""Counts whose change is told as a difference, because there are few of what they count."""

_RATES: Final = (("3.28", "%", "+0.31 pt"), ("0.42", "%", "-0.10 pt"), ("1.90", "%", "+0.20 pt"))
_GOOD_RATES: Final = (
    ("98.6", "%", "-0.20 pt"),
    ("94.1", "%", "+0.40 pt"),
    ("99.2", "%", "+0.10 pt"),
)
"""Shares of what should be many."""

_NUMBERS: Final = {
    Unit.TEXT: _COUNTS,
    Unit.COUNT: _COUNTS,
    Unit.PERCENT: _RATES,
    Unit.MILLISECONDS: (("209", "ms", "-4 ms"), ("1.24", "s", "+31 ms"), ("38", "ms", "-1 ms")),
    Unit.BYTES: (("18.4", "kB", "+0.6 kB"), ("2.1", "MB", "-0.1 MB"), ("640", "B", "+12 B")),
}

_CELLS: Final = {
    Unit.COUNT: ("18", "7", "41", "3"),
    Unit.PERCENT: ("1.2 %", "0 %", "3.4 %", "0.4 %"),
    Unit.MILLISECONDS: ("92 ms", "14 ms", "102 ms", "31 ms"),
    Unit.BYTES: ("18 kB", "6 kB", "41 kB", "2 kB"),
}
_TIMES: Final = ("17:51:19.269", "17:51:17.725", "17:51:11.547", "17:51:01.518")
_HOURS: Final = ("18:00", "00:00", "06:00", "12:00", "18:00")
_GRID: Final = "M0 1H480M0 34H480M0 67H480M0 100H480"
_BUCKETS: Final = 48
_MOST_FIGURES: Final = 4
_INCIDENT: Final = range(40, 43)


def picture() -> rx.Component:
    """Return the picture: key figures, a chart and the newest rows, as far as they are declared."""
    panels = _PRODUCT.dashboard.panels
    figures = next((each for each in panels if isinstance(each, Figures)), None)
    chart = next((each for each in panels if isinstance(each, TimeSeries)), None)
    records = next((each for each in panels if isinstance(each, Records)), None)
    return rx.el.div(
        rx.el.div(
            _head(),
            *([_figures(figures)] if figures else []),
            *([_chart(chart)] if chart else []),
            *([_records(records)] if records else []),
            class_name="in",
        ),
        aria_hidden="true",
        custom_attrs={"inert": True},
        class_name="picture",
    )


def _head() -> rx.Component:
    periods = (rx.el.span("1 h"), rx.el.span("24 h", class_name="on"), rx.el.span("7 d"))
    return rx.el.div(
        rx.el.span("A", class_name="logo"),
        rx.el.b("Acme"),
        rx.el.span(class_name="dot live"),
        "Live",
        rx.el.div(*periods, class_name="periods"),
        class_name="row",
    )


def _figures(panel: Figures) -> rx.Component:
    shown, used = [], Counter[Numbers]()
    for figure in panel.figures[: min(panel.most, _MOST_FIGURES)]:
        numbers = _numbers(figure)
        shown.append(_figure(figure, numbers[used[numbers] % len(numbers)]))
        used[numbers] += 1
    return rx.el.div(*shown, class_name="numbers")


def _numbers(figure: Figure) -> Numbers:
    """Return the values that a figure may have."""
    if figure.unit is Unit.PERCENT and figure.good is Good.UP:
        return _GOOD_RATES
    return _FEW if figure.unit is Unit.COUNT and figure.is_absolute else _NUMBERS[figure.unit]


def _figure(figure: Figure, number: Number) -> rx.Component:
    value, unit, change = number
    rises = Good.UP if change.startswith("+") else Good.DOWN
    news = "" if figure.good is Good.NEITHER else " good" if figure.good is rises else " bad"
    heights = (_high(figure, at * 2) for at in range(_BUCKETS // 2))
    points = " ".join(f"{at} {20 - 18 * high:.0f}" for at, high in enumerate(heights))
    return rx.el.div(
        rx.el.span(figure.label),
        rx.el.b(value, *([rx.el.small(unit)] if unit else [])),
        rx.el.em(change.replace("-", "\N{MINUS SIGN}"), class_name=f"change{news}"),
        _drawing(_path(f"M{points}", "spark"), box=f"0 0 {_BUCKETS // 2 - 1} 20"),
    )


def _chart(panel: TimeSeries) -> rx.Component:
    draw = _bars if panel.is_stacked else _lines
    marks = draw([each.tone for each in panel.series])
    return rx.el.div(
        rx.el.p(rx.el.b(panel.title), panel.note),
        _drawing(_path(_GRID, "grid-lines"), *marks, box="0 0 480 100"),
        rx.el.p(*map(rx.el.span, _HOURS), class_name="hours"),
        class_name="box",
    )


def _bars(tones: list[Tone]) -> list[rx.Component]:
    """Return the parts of the bars; the last series stands on the baseline."""
    floors = [0.0] * _BUCKETS
    paths = []
    # What rises in the incident.
    wrong = tones.index(Tone.ERROR) if Tone.ERROR in tones else len(tones) - 1
    for place in reversed(range(len(tones))):
        path = ""
        for at in range(_BUCKETS):
            share = 0.92 if place == 0 else 0.08 / (len(tones) - 1)
            if at in _INCIDENT and place and place == wrong:
                share *= 7
            top = floors[at] + max(1, 88 * _busy(at) * share)
            path += f"M{at * 10 + 5} {100 - floors[at]:.0f}V{100 - top:.0f}"
            floors[at] = top
        paths.append(_path(path, "bar", _color(tones[place])))
    return paths


def _lines(tones: list[Tone]) -> list[rx.Component]:
    """Return one line for each series, the first the lowest."""
    paths = []
    for place, tone in enumerate(tones):
        high = (place + 1) / (len(tones) + 1)
        points = (f"{at * 10 + 5} {100 - 90 * high * _strained(at):.0f}" for at in range(_BUCKETS))
        paths.append(_path(f"M{' '.join(points)}", "line", _color(tone)))
    return paths


def _color(tone: Tone) -> str:
    return f"var(--tone-{tone})"


def _records(panel: Records) -> rx.Component:
    texts = [each for each in panel.columns if each.unit is Unit.TEXT][:2]
    measures = [each for each in panel.columns if each.unit is not Unit.TEXT][:1]
    rows = (
        rx.el.p(
            rx.el.time(time),
            *(rx.el.span(_cell(column, place)) for column in (*texts, *measures)),
        )
        for place, time in zip(count(), _TIMES, strict=False)
    )
    return rx.el.div(*rows, class_name="box records")


def _cell(column: Column, place: int) -> str:
    if column.unit in _CELLS:
        return _CELLS[column.unit][place]
    return " ".join(_made_up(name, place) for name in column.of)


def _made_up(name: str, place: int) -> str:
    """Return a column's value in one of the rows: from the sample, or else the product's event."""
    options = _PRODUCT.sample.options(name) if _PRODUCT.sample else ()
    return str(options[place % len(options)] if options else _PRODUCT.words.event.get(name, ""))


def _high(figure: Figure, at: int) -> float:
    """Return how high a figure is at a made-up moment of the day, from 0 to 1."""
    if figure.unit in (Unit.PERCENT, Unit.MILLISECONDS):
        return 1 - _strained(at) if figure.good is Good.UP else _strained(at)
    # What there are few of hardly changes.
    return 0.9 - 0.25 * (at % 13 == 0) if figure.is_absolute else _busy(at)


def _busy(at: int) -> float:
    """Return how busy a made-up moment of the day is, from 0 to 1."""
    turn = 2 * math.pi * (at / _BUCKETS + 0.06)
    return 0.56 + 0.38 * math.cos(turn) + 0.05 * math.sin(at * 5)


def _strained(at: int) -> float:
    """Return the same of what does not follow the day: shares and latencies."""
    return 0.3 + 0.1 * math.sin(at * 2.3) + 0.55 * (at in _INCIDENT)


def _drawing(*paths: rx.Component, box: str) -> rx.Component:
    return rx.el.svg(*paths, view_box=box, preserve_aspect_ratio="none")


def _path(path: str, look: str, color: str = "") -> rx.Component:
    painted = {"stroke": color} if color else {}
    return rx.el.path(d=path, class_name=look, **painted)
