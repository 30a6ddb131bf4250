"""Rows replaced and removed, of tables that changed and of those that materialized pipes read."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird
from tests.local.tinybird.rollups import materialized, written

EVENTS = """
SCHEMA >
    `at` DateTime `json:$.at`,
    `name` String `json:$.name`

ENGINE "MergeTree"
ENGINE_SORTING_KEY "at"
ENGINE_TTL "at + toIntervalYear(90)"
"""
WIDER = EVENTS.replace("    `name`", "    `place` String `json:$.place` DEFAULT 'x',\n    `name`")
COUNTS = """
SCHEMA >
    `name` String,
    `events` SimpleAggregateFunction(sum, UInt64)

ENGINE "AggregatingMergeTree"
ENGINE_SORTING_KEY "name"
"""
TOTAL = COUNTS.replace("name", "all")
FILES = {
    "datasources/events.datasource": EVENTS,
    "datasources/counts.datasource": COUNTS,
    "datasources/total.datasource": TOTAL,
    "materializations/to_counts.pipe": materialized(
        "SELECT name, count() AS events FROM events GROUP BY name", "counts"
    ),
    "materializations/to_total.pipe": materialized(
        "SELECT 'all' AS all, sum(events) AS events FROM counts", "total"
    ),
}
TARGETS = "SELECT sum(events), (SELECT sum(events) FROM total) FROM counts"


def event(name: str, **more: Any) -> dict[str, Any]:
    return {"at": "2030-05-01 00:00:00", "name": name, **more}


def rebuild(own: Tinybird, files: dict[str, str]) -> None:
    assert own.build(files)["result"] == "success"


def replace(own: Tinybird, name: str, *rows: dict[str, Any]) -> None:
    params = {"name": name, "mode": "replace", "format": "ndjson"}
    answer = own.post("/v0/datasources", params=params, content="\n".join(map(json.dumps, rows)))
    assert answer.json()["successful_rows"] == len(rows), answer.text


def test_replacing_rows_have_their_columns_also_where_one_was_added_between(
    tinybird: Tinybird, tmp_path: Path
) -> None:
    with tinybird.serving(written(tmp_path, FILES)) as own:
        own.add(event("old"), name="events")
        rebuild(own, {**FILES, "datasources/events.datasource": WIDER})
        asked = "SELECT create_table_query FROM system.tables WHERE name = 'events'"
        table = own.sql(asked)
        replace(own, "events", event("a", place="here"), event("b"))
        assert own.sql(asked) == table
        asked = "SELECT name, place FROM events ORDER BY name"
        assert own.sql(asked).split() == ["a", "here", "b", "x"]


@pytest.mark.parametrize("how", ["replace", "delete", "truncate"])
@pytest.mark.parametrize("table", ["events", "counts"])
def test_pipes_go_on_when_rows_are_changed_that_they_read(
    tinybird: Tinybird, tmp_path: Path, how: str, table: str
) -> None:
    """What they filled stays, as no view sees that; what comes later is added to it."""
    with tinybird.serving(written(tmp_path, FILES)) as own:
        own.add(event("a"), event("b"), name="events")
        if how == "replace":
            replace(own, table, event("c") if table == "events" else {"name": "a", "events": 2})
        elif how == "delete":
            data = {"delete_condition": "name = 'b'"}
            assert own.post(f"/v0/datasources/{table}/delete", data=data).is_success
        else:
            assert own.post(f"/v0/datasources/{table}/truncate").is_success
        left = own.sql(TARGETS)
        own.add(event("d"), name="events")
        rebuild(own, FILES)
        first, second = map(int, left.split())
        assert own.sql(TARGETS).split() == [str(first + 1), str(second + 1)]


def test_a_file_of_a_form_is_bounded_like_any_other(tinybird: Tinybird, tmp_path: Path) -> None:
    # So little too much that it is all sent when the answer comes.
    rows = json.dumps(event("x")).ljust(10_000_000)
    with tinybird.serving(written(tmp_path, FILES)) as own:
        files = {"ndjson": ("rows.ndjson", rows)}
        answer = own.post("/v0/datasources?name=events&format=ndjson", files=files)
        assert answer.status_code == 413
        assert own.sql("SELECT count() FROM events") == "0"
