"""Where things stand in a chart."""

import json
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from clerk_tinybird_app.bun import BUN
from clerk_tinybird_app.components.dashboard import time_series

SCRIPT: Final = Path(time_series.__file__).with_name("chart_scales.jsx")


def said(expression: str) -> Any:
    """Return what an expression of the script ``scales`` is."""
    run = f"import * as scales from {json.dumps(str(SCRIPT))};"
    run += f"console.log(JSON.stringify({expression}))"
    done = subprocess.run(
        [BUN, "run", "-"], input=run, capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("heights", "moved"),
    [
        ([50, 20, 90], [20, 50, 90]),
        # Those at the same point stand around it.
        ([50, 50, 120], [43.5, 56.5, 120]),
        ([50, 50, 70], [43.5, 56.5, 70]),
        ([50, 50, 68], [43, 56, 69]),
        ([10, 10, 200], [10, 23, 200]),
        ([30, 200, 200], [30, 187, 200]),
    ],
)
def test_names_that_would_touch_are_moved_apart_as_little_as_can_be(
    heights: list[int], moved: list[float]
) -> None:
    places = json.dumps([{"y": y} for y in heights])

    found = said(f"scales.spread({places}, 13, {{ top: 10, bottom: 200 }})")

    assert [round(each["y"], 5) for each in found] == moved


def test_which_buckets_are_drawn_as_one_stays_the_same_while_the_period_moves_on() -> None:
    def means(first: int) -> dict[float, float]:
        starts = [60 * minute for minute in range(first, first + 7)]
        axis = json.dumps({"starts": starts, "seconds": 60})
        values = json.dumps([start / 60 for start in starts])
        found = said(f"scales.smoothed({values}, 2, {axis})")
        return {first + each["bucket"]: each["mean"] for each in found}

    one, next_ = means(100), means(101)

    assert one == {101: 100.5, 103: 102.5, 105: 104.5, 106.5: 106}
    assert next_ == {101.5: 101, 103: 102.5, 105: 104.5, 107: 106.5}


@pytest.mark.parametrize(
    ("x", "chart", "page", "place"),
    [
        # In the chart, to the right where it can be.
        (100, {"left": 50, "top": 300}, 1280, {"left": 114, "top": 0}),
        (390, {"left": 50, "top": 300}, 1280, {"left": 176, "top": 0}),
        # In its middle it has no room on either side; the page has.
        (200, {"left": 50, "top": 300}, 1280, {"left": 214, "top": 0}),
        (200, {"left": 870, "top": 300}, 1280, {"left": -14, "top": 0}),
        # A page that has none, wherever it points to.
        (0, {"left": 0, "top": 300}, 400, {"left": 8, "top": -100}),
        (200, {"left": 0, "top": 300}, 400, {"left": 100, "top": -100}),
        (390, {"left": 0, "top": 50}, 400, {"left": 192, "top": 150}),
    ],
)
def test_what_is_told_of_a_moment_stands_beside_it_as_wide_as_it_needs_to_be(
    x: int, chart: dict[str, int], page: int, place: dict[str, int]
) -> None:
    box = json.dumps(chart | {"width": 400, "height": 150})

    assert said(f"scales.tipPlace({x}, {{ width: 200, height: 100 }}, {box}, {page})") == place
