"""How a panel's rows are kept between two refreshes."""

import json
import sys

from hypothesis import given
from hypothesis import strategies as st

from clerk_tinybird_app.dashboard.kept_rows import KeptRows, UnpackedRows, packed, unpacked

NAMES = st.lists(st.text(max_size=8), min_size=1, max_size=5, unique=True)
# Whatever JSON can say, numbers beyond 64 bits and halves of characters too.
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(NAMES.flatmap(lambda names: st.lists(st.fixed_dictionaries(dict.fromkeys(names, VALUES)))))
def test_rows_come_back_as_they_were(rows: list[dict[str, object]]) -> None:
    back = unpacked(packed(tuple(rows)))

    # As JSON too: it tells 1 from 1.0 and from true, and the columns' order.
    assert back == tuple(rows)
    assert json.dumps(back) == json.dumps(rows)


def test_rows_with_other_columns_than_the_first_come_back_too() -> None:
    rows = ({"a": 1}, {"b": 2}, {"a": 1, "b": 2})

    assert unpacked(packed(rows)) == rows


def test_what_is_too_large_or_half_a_character_comes_back_too() -> None:
    rows = ({"a": 2**70}, {"a": "\ud800"})

    assert unpacked(packed(rows)) == rows


def test_they_take_a_fifth_of_the_memory_at_most() -> None:
    rows = tuple({"at": f"2026-11-26 {n:02}:00", "ok": n, "ms": n / 3} for n in range(100))
    each = [*rows, *(value for row in rows for value in row.values())]

    kept = packed(rows)
    assert isinstance(kept, bytes)
    assert sys.getsizeof(kept) < sum(map(sys.getsizeof, each)) / 5


def test_only_the_rows_that_are_asked_for_are_unpacked_and_once() -> None:
    kept: dict[str, KeptRows] = {"one": packed(({"a": 1},)), "damaged": b""}
    rows = UnpackedRows(kept)

    assert "damaged" in rows
    assert set(rows) == {"one", "damaged"}
    assert len(rows) == 2
    assert rows["one"] is rows["one"]


def test_rows_that_are_forgotten_meanwhile_are_gone() -> None:
    kept: dict[str, KeptRows] = {"one": packed(({"a": 1},))}
    rows = UnpackedRows(kept)
    assert rows["one"]

    del kept["one"]
    assert "one" not in rows
    assert rows.get("one", ()) == ()
