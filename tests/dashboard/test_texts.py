"""Numbers and names are written so that they can be read, and seen."""

import json
import math
import random
import subprocess
from pathlib import Path
from typing import Final

import pytest

from clerk_tinybird_app.bun import BUN
from clerk_tinybird_app.components.dashboard import time_series
from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.declaration import Unit

SCRIPT: Final = Path(time_series.__file__).with_name("units.jsx")
NUMBERS: Final = [unit for unit in Unit if unit is not Unit.TEXT]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (182_431, Unit.COUNT, "182,431"),
        (0.0042, Unit.PERCENT, "0.42 %"),
        (3.25, Unit.MILLISECONDS, "3.3 ms"),
        (9.96, Unit.MILLISECONDS, "10 ms"),
        (184.2, Unit.MILLISECONDS, "184 ms"),
        (999.6, Unit.MILLISECONDS, "1.00 s"),
        (1_500, Unit.MILLISECONDS, "1.50 s"),
        (83_333, Unit.MILLISECONDS, "83.3 s"),
        (512, Unit.BYTES, "512 B"),
        (1_500, Unit.BYTES, "1.5 kB"),
        (99_960, Unit.BYTES, "100 kB"),
        (999_999, Unit.BYTES, "1.0 MB"),
        (250_000_000, Unit.BYTES, "250 MB"),
        (-1_234.5, Unit.COUNT, "\N{MINUS SIGN}1,235"),
        (-0.4, Unit.COUNT, "0"),
        (math.inf, Unit.COUNT, texts.NONE),
        (1.7e308, Unit.PERCENT, f"{texts.NONE} %"),
        (503, Unit.TEXT, "503"),
        ("/a", Unit.TEXT, "/a"),
        *((None, unit, texts.NONE) for unit in Unit),
    ],
)
def test_a_value_is_written_with_its_unit(value: object, unit: Unit, text: str) -> None:
    assert texts.written(value, unit) == text


@pytest.mark.parametrize("unit", NUMBERS)
def test_a_text_is_no_number(unit: Unit) -> None:
    for text in ("many", "12"):
        with pytest.raises(TypeError):
            texts.written(text, unit)


def test_a_chart_writes_every_number_as_the_rest_of_the_page_does() -> None:
    dice = random.Random(11)
    # Halves, what is rounded up to the next unit, and every size.
    edges = [digits * 10**power for digits in (9.95, 9.995, 99.95, 999.5) for power in range(12)]
    values = [0, 0.5, 1.5, 0.125, 0.005, 1.005, 2.675, 3_000, 4_000.5, *edges]
    values += [dice.uniform(1, 10) * 10 ** dice.randint(-4, 11) for _ in range(2_000)]
    values += [round(value, 2) for value in values] + [int(value) for value in values]
    values = [value for each in values for value in (each, -each)]
    pairs = [(value, value * dice.uniform(-0.5, 2)) for value in values] + [(4, 1), (5, 1)]
    pairs += [(value, value * 10 ** dice.randint(-3, 1)) for value in values] + [(4, 0), (0, 0)]

    told = json.dumps([NUMBERS, values, pairs])
    run = f"""import {{ changeIn, inUnit }} from {json.dumps(str(SCRIPT))};
      const [units, values, pairs] = {told};
      console.log(JSON.stringify(units.map((unit) => [
        values.map((value) => inUnit(unit, value)),
        pairs.map(([now, before]) => changeIn(unit, now, before)),
      ])))"""
    done = subprocess.run(
        [BUN, "run", "-"], input=run, capture_output=True, text=True, check=True, timeout=60
    )

    for unit, (written, changed) in zip(NUMBERS, json.loads(done.stdout), strict=True):
        assert written == [texts.written(value, unit) for value in values]
        assert changed == [texts.change(*pair, unit, is_absolute=False) for pair in pairs]


@pytest.mark.parametrize(
    ("now", "before", "unit", "text"),
    [
        (5, 0, Unit.COUNT, "+5"),
        (0, 0, Unit.COUNT, "0"),
        (4, 1, Unit.COUNT, "+300.0 %"),
        (5, 1, Unit.COUNT, "\N{MULTIPLICATION SIGN}5.0"),
        (10, 1, Unit.COUNT, "\N{MULTIPLICATION SIGN}10"),
        (3_000, 2_000, Unit.BYTES, "+50.0 %"),
        (3_000, 0, Unit.BYTES, "+3.0 kB"),
        (0.1, 0.0, Unit.PERCENT, "+10.00 pt"),
    ],
)
def test_what_was_nothing_before_grows_by_a_difference(
    now: float, before: float, unit: Unit, text: str
) -> None:
    assert texts.change(now, before, unit, is_absolute=False) == text


@pytest.mark.parametrize(
    ("now", "before", "unit", "text"),
    [
        (1_000, 3_000, Unit.BYTES, "\N{MINUS SIGN}2.0 kB"),
        (3_000, 3_000, Unit.BYTES, "0.0 kB"),
        (23, 20, Unit.COUNT, "+3"),
        (3_004, 1_732, Unit.MILLISECONDS, "+1.27 s"),
        (3_004, 3_000, Unit.MILLISECONDS, "0.00 s"),
        (41, 40.2, Unit.MILLISECONDS, "+1 ms"),
        (500, 3_000, Unit.MILLISECONDS, "\N{MINUS SIGN}2.50 s"),
    ],
)
def test_an_absolute_change_is_a_difference_as_fine_as_the_value_beside_it(
    now: float, before: float, unit: Unit, text: str
) -> None:
    assert texts.change(now, before, unit, is_absolute=True) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.004, 2, "0.00"), (-0.004, 2, "0.00"), (12.34, 1, "+12.3"), (-2, 0, "\N{MINUS SIGN}2")],
)
def test_a_change_has_a_sign_unless_it_rounds_to_nothing(
    value: float, digits: int, text: str
) -> None:
    assert texts.signed(value, digits) == text


def test_a_name_that_cannot_be_seen_is_shown_as_something_that_can() -> None:
    names = ("", "/a b", " ", "a\nb", "\u202ex", "x" * 2_000)

    assert [texts.named(name) for name in names[:-1]] == [
        *("(empty)", "/a b", "\N{OPEN BOX}", "a\\nb", "\\u202ex"),
    ]
    assert len(texts.named(names[-1])) < 130
