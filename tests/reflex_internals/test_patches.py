"""What changed in a value: a page makes the same of it as of the whole value."""

import json
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reflex.utils import format as reflex_format
from reflex_base import constants
from reflex_base.utils.exceptions import ConfigError

from clerk_tinybird_app.bun import BUN
from clerk_tinybird_app.reflex_internals import served_app
from clerk_tinybird_app.reflex_internals.frontend_build import PATCHES, Patches
from clerk_tinybird_app.reflex_internals.patches import PATCH, Delta, SentValues, difference

SCRIPT: Final = Path(served_app.__file__).with_name("patches.jsx")
TEMPLATE: Final = Path(constants.__file__).parents[1] / ".templates/web/utils/state.js"
BOARD: Final = "state.board"
_CASES: Final = 300


@dataclass(frozen=True)
class Row:
    key: str
    cells: list[str]
    bar: int = 0


@dataclass(frozen=True)
class Chart:
    values: list[list[float | None]] = field(default_factory=list)
    total: float | None = None


ROWS: Final = st.lists(
    st.builds(
        Row, st.sampled_from("abcdef"), st.lists(st.text(max_size=3), max_size=3), st.integers(0, 3)
    ),
    max_size=6,
    unique_by=lambda row: row.key,
)
_NUMBERS: Final = st.none() | st.integers(0, 2) | st.sampled_from([0.5, 1.5])
CHARTS: Final = st.builds(
    Chart, st.lists(st.lists(_NUMBERS, max_size=8), max_size=3), st.none() | st.integers(0, 9)
)
DICTS: Final = st.dictionaries(st.sampled_from(["a", "b"]), CHARTS | ROWS | st.text(max_size=2))
PAIRS: Final = st.tuples(ROWS, ROWS) | st.tuples(CHARTS, CHARTS) | st.tuples(DICTS, DICTS)


def plain(value: Any) -> Any:
    """Return a value as the page gets it."""
    return json.loads(reflex_format.json_dumps(value))


def shown(pairs: list[tuple[Any, Any]]) -> list[Any]:
    """Return what a page that has the first of each pair makes of the second."""
    own = SCRIPT.read_text()
    run = f"{own}\nconst pairs = {json.dumps(pairs)};\n"
    run += "console.log(JSON.stringify(pairs.map(([old, came]) => whole(old, came))))"
    done = subprocess.run(
        [BUN, "run", "-"], input=run, capture_output=True, text=True, check=True, timeout=60
    )
    return list(json.loads(done.stdout))


def test_a_page_shows_the_new_value_whatever_it_was_before() -> None:
    pairs: list[tuple[Any, Any]] = []

    @given(PAIRS)
    def collect(pair: tuple[Any, Any]) -> None:
        pairs.append(pair)

    collect()
    sent = [
        (plain(before), plain({PATCH: difference(before, now)})) for before, now in pairs[:_CASES]
    ]

    assert len(sent) >= 100
    assert shown(sent) == [plain(now) for _, now in pairs[:_CASES]]


def test_of_a_list_only_a_new_row_is_sent_and_what_it_has_that_another_has_not() -> None:
    rows = [Row(str(number), ["x" * 50, "same", "same"]) for number in range(20)]
    sent = SentValues(frozenset({BOARD}))
    sent.patched({BOARD: {"rows": rows}})

    patched = sent.patched({BOARD: {"rows": [Row("new", ["y", "same", "same"]), *rows[:-1]]}})

    new = {"f": {"key": "new", "cells": {"l": ["y", [1, 2]]}}}
    assert patched[BOARD]["rows"] == {PATCH: {"l": [[0, new], [0, 19]]}}


def test_the_bucket_that_is_filling_is_all_that_is_sent_of_a_chart() -> None:
    chart = Chart([[1, 2, 3, 4], [0, 0, 0, 0]], 10)
    now = replace(chart, values=[[1, 2, 3, 5], [0, 0, 0, 0]], total=11)

    assert difference(chart, now) == {
        "f": {
            "values": {"l": [[0, {"l": [[0, 3], 5]}], [1, 1]]},
            "total": 11,
        }
    }


def test_what_a_page_was_not_sent_over_its_websocket_is_sent_whole() -> None:
    delta: Delta = {BOARD: {"rows": [Row("a", [])]}}

    for websocket in (SentValues(frozenset({BOARD})), SentValues(frozenset({BOARD}))):
        assert websocket.patched(delta) == delta


def test_other_states_and_plain_values_are_sent_as_they_are() -> None:
    sent = SentValues(frozenset({BOARD}))
    delta: Delta = {BOARD: {"finished": 1, "title": "x"}, "state.other": {"rows": [1, 2]}}

    assert sent.patched(delta) == delta
    assert sent.patched(delta) == delta


def test_what_is_changed_in_place_is_told() -> None:
    panels = {"a": Chart(), "b": Chart()}
    sent = SentValues(frozenset({BOARD}))
    sent.patched({BOARD: {"panels": panels}})
    panels["b"] = Chart(total=2)

    patched = sent.patched({BOARD: {"panels": panels}})

    assert patched[BOARD]["panels"] == {PATCH: {"f": {"b": {"f": {"total": 2}}}}}


@pytest.mark.parametrize("between", [None, "", 0])
def test_a_list_is_sent_whole_after_something_else(between: Any) -> None:
    sent = SentValues(frozenset({BOARD}))
    for value in ([1, 2], between):
        sent.patched({BOARD: {"rows": value}})

    delta: Delta = {BOARD: {"rows": [1, 2, 3]}}
    assert sent.patched(delta) == delta


def test_a_dict_in_another_order_is_another_one() -> None:
    before, now = {"a": 1, "b": 2}, {"b": 2, "a": 1}

    [page] = shown([(before, plain({PATCH: difference(before, now)}))])

    assert list(page) == ["b", "a"]


def test_reflexs_reducer_asks_the_apps_own_first_however_often_it_is_patched() -> None:
    patched = Patches.patched(TEMPLATE.read_text())

    assert Patches.patched(patched) == patched
    assert f'import {{ whole }} from "{PATCHES}";' in patched
    assert patched.count("whole(state[key], delta[key])") == 1
    with pytest.raises(ConfigError, match=r"state\.js"):
        Patches.patched("export const other = 1;")


def test_the_script_is_where_reflexs_script_looks_for_it() -> None:
    module = served_app.__name__.replace(".", "/")

    assert f"$/public/external/{module}/{SCRIPT.name}" == PATCHES
