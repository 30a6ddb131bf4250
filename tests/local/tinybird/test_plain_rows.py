"""Rows that go straight into the data source."""

from pathlib import Path

import pytest

from clerk_tinybird_app.local.tinybird.intake.rows import count_plain
from clerk_tinybird_app.tinybird.project import Column
from tests.local.tinybird.scenes import scene

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
