"""Rows told good from bad without ClickHouse."""

import json
from pathlib import Path
from typing import Any

import pytest

from clerk_tinybird_app.local.tinybird.intake.rows import (
    BadRow,
    count_objects,
    read_row,
    split_rows,
)
from clerk_tinybird_app.tinybird.project import Column, DataSource


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
        (b'{\n"a": 1\n}', None),
        (b'[{"a":1},\n{"a":2}]', None),
        (b'{"a":1}\n5\n{"a":2}', None),
        (b'{"a":{\n}\n{"b":1}}', None),
    ],
)
def test_rows_are_counted_when_each_line_looks_like_one(body: bytes, count: int | None) -> None:
    assert count_objects(body) == count


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
