"""What stands for a value that a row leaves out, or that is null: its column's default."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird

# By column: its type, its default, and what is stored then.
DEFAULTS: dict[str, tuple[str, str, Any]] = {
    "level": ("Enum8('low' = 1, 'high' = 2)", "'high'", "high"),
    "text": ("String", "'x'", "x"),
    "kind": ("LowCardinality(String)", "'x'", "x"),
    "note": ("Nullable(String)", "'x'", "x"),
    "nothing": ("Nullable(String)", "NULL", None),
    "code": ("FixedString(2)", "'ab'", "ab"),
    "day": ("Date", "'2030-01-02'", "2030-01-02"),
    "second": ("DateTime", "'2030-01-02 03:04:05'", "2030-01-02 03:04:05"),
    "small": ("UInt8", "'7'", 7),
    "large": ("UInt64", "toUInt64(18446744073709551615)", 2**64 - 1),
    "huge": ("Nullable(Int128)", "5", 5),
    "share": ("Float64", "'0.5'", 0.5),
    "price": ("Decimal(9, 2)", "'1.25'", 1.25),
    "uuid": ("UUID", "'00000000-0000-0000-0000-000000000001'", f"{'0' * 8}{'-0000' * 3}-{1:012}"),
    "address": ("IPv4", "'127.0.0.1'", "127.0.0.1"),
    "is_new": ("Bool", "true", True),
    "sizes": ("Array(UInt8)", "[1, 2]", [1, 2]),
    "pairs": ("Map(String, UInt8)", "map('a', 1)", {"a": 1}),
    "pair": ("Tuple(a UInt8, b String)", "(1, 'x')", {"a": 1, "b": "x"}),
    "event": ("JSON", """'{"a":{"b":"x"}}'""", {"a": {"b": "x"}}),
    "later": ("String", "concat(text, '!')", "x!"),
}
GIVEN: dict[str, Any] = {
    "level": "low",
    "sizes": [3],
    "pairs": {"b": 2},
    "pair": {"a": 2, "b": "y"},
    "event": {"c": "z"},
    "text": "y",
    "small": 9,
}


@pytest.fixture(scope="module")
def own(tinybird: Tinybird, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    folder = tmp_path_factory.mktemp("defaults")
    columns = (f"`{name}` {kind} DEFAULT {text}" for name, (kind, text, _) in DEFAULTS.items())
    schema = ",\n    ".join(("`id` UInt8", *columns))
    (folder / "odd.datasource").write_text(f"SCHEMA >\n    {schema}\n\nENGINE_SORTING_KEY id\n")
    with tinybird.serving(folder) as running:
        yield running


def stored(own: Tinybird, number: int) -> dict[str, Any]:
    [line] = own.sql(f"SELECT * EXCEPT id FROM odd WHERE id = {number} FORMAT JSONEachRow").split(
        "\n"
    )
    found: dict[str, Any] = json.loads(line)
    return found


WANTED = {name: value for name, (_, _, value) in DEFAULTS.items()}


def test_every_kind_of_column_gets_its_default_for_a_value_left_out(own: Tinybird) -> None:
    own.add({"id": 1}, name="odd")
    assert stored(own, 1) == WANTED


def test_every_kind_of_column_gets_its_default_for_null(own: Tinybird) -> None:
    own.add({"id": 2, **dict.fromkeys(DEFAULTS)}, name="odd")
    assert stored(own, 2) == WANTED


def test_every_kind_of_column_gets_its_default_beside_a_row_that_does_not_fit(
    own: Tinybird,
) -> None:
    rows = [{"id": 3}, {"id": 4, "level": "nope"}, {"id": 5, "sizes": ["x"]}]
    body = "\n".join(map(json.dumps, rows))
    answer = own.post("/v0/events?name=odd&wait=true", content=body)
    assert answer.json() == {"successful_rows": 1, "quarantined_rows": 2}
    assert stored(own, 3) == WANTED


def test_a_value_that_is_given_is_kept(own: Tinybird) -> None:
    own.add({"id": 6, **GIVEN, "later": "z"}, name="odd")
    assert stored(own, 6) == {**WANTED, **GIVEN, "later": "z"}


def test_an_empty_array_is_a_value(own: Tinybird) -> None:
    own.add({"id": 7, "sizes": [], "pairs": {}}, name="odd")
    found = stored(own, 7)
    assert (found["sizes"], found["pairs"]) == ([], {})


def test_an_empty_cell_of_a_csv_gets_the_default(own: Tinybird) -> None:
    answer = own.post(
        "/v0/datasources?name=odd&format=csv&mode=append", content="id,level,text,small\n8,,,\n"
    )
    assert answer.json()["quarantine_rows"] == 0
    assert stored(own, 8) == WANTED
