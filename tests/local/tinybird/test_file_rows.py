"""Rows of a file as JSON objects."""

import json
from pathlib import Path
from typing import Any

import pytest

from clerk_tinybird_app.local.tinybird.errors import ApiError
from clerk_tinybird_app.local.tinybird.intake.rows import as_ndjson
from clerk_tinybird_app.tinybird.project import Column, DataSource

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
    found = as_ndjson(text.encode(), "csv", SOURCE, **options)
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


def test_another_kind_of_file_is_refused() -> None:
    with pytest.raises(ApiError, match="'parquet'"):
        as_ndjson(b"", "parquet", SOURCE)
