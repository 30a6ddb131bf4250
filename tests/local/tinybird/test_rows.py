"""Rows told good from bad, and plain from others, without ClickHouse; and those of files."""

import json
from pathlib import Path
from typing import Any

import pytest

from clerk_tinybird_app.local.tinybird.errors import ApiError
from clerk_tinybird_app.local.tinybird.intake.rows import (
    BadRow,
    count_objects,
    count_plain,
    csv_rows,
    read_row,
    split_rows,
)
from clerk_tinybird_app.tinybird.project import Column, DataSource
from tests.local.tinybird.scenes import scene


def source(**types: str) -> DataSource:
    return DataSource(
        name="x",
        description="",
        columns=tuple(Column(name=name, type=kind) for name, kind in types.items()),
        engine="MergeTree",
        engine_settings={},
        tokens=(),
        path=Path("x.datasource"),
    )


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b'{"a":1}\n{"a":2}\n', 2),
        (b'{"a":1}\r\n\r\n{"a":2}', 2),
        (b'{\n "a": 1\n}', 1),
        (b'[{"a":1},{"a":2},5]', 3),
        (b'{"a":1}\nnot json\n', 2),
        (b"", 0),
    ],
)
def test_a_body_is_split_into_its_rows(body: bytes, rows: int) -> None:
    assert len(list(split_rows(body))) == rows


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (b'{"a":1}', 1),
        (b'{"a":1}\n{"a":"{"}\n', 2),
        (b' {"a":1}\r\n{"a":2}\r\n', 2),
        (b" \n ", 0),
        (b'{\n"a": 1\n}', 1),
        (b'[{"a":1},\n{"a":2}]', None),
        (b'{"a":1}\n5\n{"a":2}', None),
        (b'{"a":{\n}\n{"b":1}}', None),
    ],
)
def test_rows_are_counted_when_each_is_an_object(body: bytes, count: int | None) -> None:
    assert count_objects(body, (Column(name="at", type="Date"),)) == count


LOOSE = (*(b'"x\ty"', rb'"\x41"', rb'"\'"', b".5", b"+1", b"01", b"1.", b"NaN"),)
"""Values that are no JSON and that ClickHouse reads."""


@pytest.mark.parametrize("value", LOOSE, ids=bytes.decode)
@pytest.mark.parametrize("kind", ["String", "Nullable(Date)"])
def test_what_only_clickhouse_reads_is_left_to_it(kind: str, value: bytes) -> None:
    columns = (Column(name="at", type=kind), Column(name="a", type="String"))
    assert count_objects(b'{"a":%s}\n{"a":1}' % value, columns) == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (rb"\ud800", "Not text: it has half of a surrogate pair"),
        (b"\xed\xa0\x80", "Not text: it has half of a surrogate pair"),
        (b"\xff", "Not text: it has what is no UTF-8"),
    ],
)
def test_what_is_no_text_is_told_in_words(text: bytes, reason: str) -> None:
    [row] = split_rows(b'{"a": "' + text + b'"}')
    found = read_row(row, source(a="String"))
    assert isinstance(found, BadRow)
    assert found.reasons == (reason,)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("UInt8", 255),
        ("Int8", "-128"),
        ("LowCardinality(Nullable(Int16))", None),
        ("Array(Int32)", None),
        ("String", 5),
        ("DateTime", "only ClickHouse knows"),
        ("UInt64", 2**64 - 1),
    ],
)
def test_a_value_that_may_fit_passes(kind: str, value: Any) -> None:
    line = json.dumps({"a": value}).encode()
    assert read_row(line, source(a=kind)) == {"a": value}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("UInt8", 256),
        ("UInt8", -1),
        ("Int8", 1.5),
        ("Int64", 2**63),
        ("UInt16", "many"),
        ("UInt16", [1]),
        ("String", None),
        ("LowCardinality(String)", None),
    ],
)
def test_a_value_that_does_not_fit_is_named(kind: str, value: Any) -> None:
    found = read_row(json.dumps({"a": value}).encode(), source(a=kind))
    assert isinstance(found, BadRow)
    assert found.columns == ("a",)


DATES: dict[str, tuple[list[Any], list[Any]]] = {
    "Date": ([0, 65_535, "2030-01-01"], [65_536, 70_000, -1, 1_800_000_000]),
    "Nullable(Date32)": ([-25_567, 120_529, None], [-25_568, 120_530]),
    "DateTime": ([0, 1.5, 2**32 - 1, "9999"], [-1, 2**32, 1_800_000_000_000]),
    "DateTime64": ([-2_208_988_800, 253_402_300_799.5], [1_800_000_000_000, -2_208_988_801]),
    "DateTime64(9, 'UTC')": ([9_223_372_036], [9_223_372_037]),
    "Array(Nullable(Date))": ([[], [1, None], None, ["2030-01-01"]], [[1, 65_536]]),
    "Array(Array(DateTime64(3)))": ([[[1], []]], [[[1], [1_800_000_000_000]]]),
}
"""By a type, what fits it, and what ClickHouse would wrap or cut."""


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [(kind, value, not n) for kind, both in DATES.items() for n in (0, 1) for value in both[n]],
)
def test_a_number_that_is_beyond_a_type_of_dates_is_told(kind: str, value: Any, fits: bool) -> None:
    columns, line = source(a=kind).columns, json.dumps({"a": value}).encode()
    told = [count_plain(line, columns), count_objects(line, columns)]
    assert told == ([1, 1] if fits else [None, None])
    assert isinstance(read_row(line, source(a=kind)), BadRow) is not fits


@pytest.mark.parametrize("line", [b"{", b"5", b"[1]", b'{"a":"\xff"}', b"[" * 100_000])
def test_what_is_no_json_object_is_kept_as_it_came(line: bytes) -> None:
    found = read_row(line, source(a="String"))
    assert isinstance(found, BadRow)
    assert found.text == line.decode(errors="replace")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.a", 1),
        ("$.b.c", 2),
        ("$.b['c']", 2),
        ("$.d[0].e", 3),
        ("$.d[:].e", [3, 4]),
        ("$.d[:].none", [None, None]),
    ],
)
def test_json_paths_lead_into_the_row(path: str, value: object) -> None:
    row = {"a": 1, "b": {"c": 2}, "d": [{"e": 3}, {"e": 4}]}
    columns = (Column(name="x", type="Nullable(String)", json_path=path),)
    where = source()
    reader = DataSource(
        name="x",
        description="",
        columns=columns,
        engine="MergeTree",
        engine_settings={},
        tokens=(),
        path=where.path,
    )
    assert read_row(json.dumps(row).encode(), reader) == {"x": value}


def test_a_path_to_nowhere_leaves_the_column_out() -> None:
    columns = (Column(name="x", type="Nullable(String)", json_path="$.b.c"),)
    reader = DataSource(
        name="x",
        description="",
        columns=columns,
        engine="MergeTree",
        engine_settings={},
        tokens=(),
        path=Path("x"),
    )
    assert read_row(b'{"b": 5}', reader) == {}


COLUMNS = (
    Column(name="status", type="UInt16", json_path="$.status"),
    Column(name="page", type="LowCardinality(String)"),
    Column(name="note", type="Nullable(String)"),
    Column(name="sizes", type="Array(Int32)"),
    Column(name="weight", type="Int32", default="7"),
)


def row(text: str) -> bytes:
    return b'{"page":"/","weight":1,%s}' % text.encode()


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (row('"status":65535'), 1),
        (row('"status":0,"note":null,"sizes":[1],"more":{"a":[]}'), 1),
        (row('"status":0') + b"\r\n\n" + row('"status":1') + b"\n", 2),
        (b" \n", 0),
        (b"", 0),
    ],
)
def test_plain_rows_are_counted(body: bytes, count: int) -> None:
    assert count_plain(body, COLUMNS) == count


@pytest.mark.parametrize(
    "body",
    [
        row('"status":65536'),
        row('"status":-1'),
        row('"status":1.0'),
        row('"status":"1"'),
        row('"status":null'),
        row('"Status":1'),
        row('"status":65536,"status":1'),
        row('"st\\u0061tus":65536'),
        row('"note":"no status"'),
        b'{"page":"/","status":1}',
        b'{"page":"/","status":1,"weight":null}',
        b'{"page":null,"status":1,"weight":1}',
        row('"status":1') + b"\n" + row('"status":65536'),
        b"[" + row('"status":1') + b"]",
        row('"status":1')[:-1],
        row('"status":1,"page":"\\ud800"'),
        b'{"page":"\xff","status":1,"weight":1}',
        row('"status":1,"more":' + "[" * 100_000 + "]" * 100_000),
    ],
    ids=lambda body: body[:60].decode(errors="replace"),
)
def test_what_may_be_read_otherwise_is_not_plain(body: bytes) -> None:
    assert count_plain(body, COLUMNS) is None


@pytest.mark.parametrize(
    "column",
    [
        Column(name="status", type="UInt16", json_path="$.event.status"),
        Column(name="status", type="UInt16", json_path="$.code"),
        Column(name="sizes", type="Array(UInt8)", default="[1]"),
        Column(name="large", type="UInt128"),
        Column(name="sum", type="SimpleAggregateFunction(sum, UInt64)"),
        Column(name="any", type="JSON"),
    ],
    ids=str,
)
def test_a_column_that_is_read_otherwise_knows_no_plain_rows(column: Column) -> None:
    assert count_plain(b"{}", (column,)) is None


def test_plain_rows_are_stored_alike_both_ways(tmp_path: Path) -> None:
    told = scene("both_ways", tmp_path)
    assert told["otherwise"] == []
    assert told["plain"] > told["stored"] > 300


SOURCE = DataSource(
    name="x",
    description="",
    columns=(Column(name="a", type="String"), Column(name="b", type="Nullable(Int32)")),
    engine="MergeTree",
    engine_settings={},
    tokens=(),
    path=Path("x.datasource"),
)


def rows(text: str, **options: str) -> list[Any]:
    found, _ = csv_rows(text.encode(), SOURCE, **options)
    return [json.loads(line) for line in found.splitlines()]


@pytest.mark.parametrize("header", ["a,b\n", ""])
def test_a_csvs_header_may_be_left_out(header: str) -> None:
    assert rows(f'{header}"x,y",1\nz,') == [{"a": "x,y", "b": "1"}, {"a": "z", "b": None}]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_honoured(delimiter: str) -> None:
    text = f"b{delimiter}a\n1{delimiter}x,y\n"
    assert rows(text, delimiter=delimiter) == [{"a": "x,y", "b": "1"}]


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "\r"])
def test_what_cannot_stand_between_fields_is_refused(delimiter: str) -> None:
    with pytest.raises(ApiError, match="dialect_delimiter"):
        rows("a,b\n1,2", delimiter=delimiter)


def test_a_field_that_is_too_long_to_be_one_is_refused() -> None:
    with pytest.raises(ApiError, match="field larger"):
        rows("x" * 200_000)
