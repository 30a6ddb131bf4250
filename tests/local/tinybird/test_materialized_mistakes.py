"""What a materialized pipe cannot be is refused before anything runs, with file and line."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird
from tests.local.tinybird.rollups import materialized

EVENTS = """SCHEMA >
    `at` DateTime `json:$.at`,
    `name` String `json:$.name`,
    `note` Nullable(String) `json:$.note`,
    `size` Int32 `json:$.size`

ENGINE "MergeTree"
ENGINE_SORTING_KEY "at"
"""
TOTALS = """SCHEMA >
    `name` LowCardinality(String),
    `events` UInt64,
    `sizes` AggregateFunction(sum, Int32),
    `more` UInt8 DEFAULT 1

ENGINE "AggregatingMergeTree"
ENGINE_SORTING_KEY "name"
"""
SOURCES = {"datasources/events.datasource": EVENTS, "datasources/totals.datasource": TOTALS}
GOOD = """SELECT
name,
count() AS events,
sumState(size) AS sizes
FROM events GROUP BY name"""
PIPE = "materializations/fill.pipe"
LINE = {"first": 3, "name": 4, "events": 5, "sizes": 6, "from": 7, "target": 10}
"""Of the pipe's file, by what stands there."""


@pytest.fixture(scope="module")
def key(tinybird: Tinybird) -> Iterator[str]:
    with tinybird.workspace("views") as made:
        yield made["token"]


def built(tinybird: Tinybird, key: str, pipe: str, **more: str) -> dict[str, Any]:
    others = {name.replace("__", "."): text for name, text in more.items()}
    return tinybird.build({**SOURCES, PIPE: pipe, **others}, key)


WRONG = {
    "a column that the target lacks": ("count() AS events", "count() AS nope", "events", "nope"),
    "a column without a name": ("count() AS events", "count()", "events", "Use 'AS'"),
    "a column that is not selected": ("count() AS events,\n", "", "target", "'events' of 'totals'"),
    "a state of another argument": ("sumState(size)", "sumState(toInt64(size))", "sizes", "Int64"),
    "a state of another function": ("sumState(size)", "maxState(size)", "sizes", "max"),
    "a state of what may be null": ("sumState(size)", "sumState(size::Nullable(Int32))", "sizes",
                                    "Nullable"),
    "a value for a state": ("sumState(size)", "sum(size)", "sizes", "Int64"),
    "a text for a number": ("count() AS events", "any(note || '') AS events", "events", "String"),
    "a null for a value": ("count() AS", "max(toNullable(size)) AS", "events", "Use ifNull()"),
    "a target that is not there": ("DATASOURCE totals", "DATASOURCE total", "target", "'total'"),
    "no target": ("DATASOURCE totals", "", "first", "DATASOURCE must name"),
    "a union": ("GROUP BY name", "GROUP BY name UNION ALL SELECT name, 1, initializeAggregation("
                "'sumState', size) FROM events", "target", "UNION"),
    "a union below": ("FROM events", "FROM (SELECT * FROM events UNION ALL SELECT * FROM events_"
                      "quarantine_like) AS u", "target", "UNION"),
    "no table": ("FROM events GROUP BY name", "FROM (SELECT 'a' AS name, 1::Int32 AS size) "
                 "GROUP BY name", "target", "would never run"),
    "what did not fit": ("FROM events GROUP", "FROM (SELECT c__error[1] AS name, 1::Int32 AS size "
                         "FROM events_quarantine) GROUP", "target", "not 'events_quarantine'"),
    "rows about Tinybird": ("FROM events GROUP", "FROM events WHERE name IN "
                            "(SELECT pipe_name FROM tinybird.pipe_stats_rt) GROUP", "target",
                            "'tinybird.pipe_stats_rt' cannot be read"),
    "made-up rows": ("FROM events", "FROM (SELECT 'a' AS name, 1::Int32 AS size FROM numbers(9))",
                     "target", "table functions"),
    "a file": ("FROM events GROUP", "FROM events WHERE name IN (SELECT k FROM file('/etc/passwd', "
               "'CSV', 'k String')) GROUP", "from", "data sources alone. Resource 'file' not"),
    "an address": ("FROM events GROUP", "FROM events WHERE name IN (SELECT k FROM url('http://"
                   "localhost:1', 'CSV', 'k String')) GROUP", "from", "Resource 'url' not found."),
    "a file's text": ("name,", "concat(name, file('/etc/hosts')) AS name,", "name", "'file' is"),
    "ClickHouse's own tables": ("FROM events GROUP", "FROM events WHERE name IN (SELECT name FROM "
                                "system.databases) GROUP", "from", "'system.databases' not found"),
    "tables of any name": ("FROM events GROUP", "FROM events WHERE name IN (SELECT name FROM "
                           "merge('', 'events')) GROUP", "from", "'merge' not found"),
    "an endless constant": ("count() AS events", "count() + (SELECT max(cityHash64(number)) FROM "
                            "numbers(1000000000000)) AS events", "target", "Timeout exceeded"),
    "a template": ("SELECT\n", "% SELECT {{ String(x, 'a') }} AS more,\n", "target", "no template"),
}  # fmt: skip
LIKE = EVENTS.replace("events", "x")


@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_is_refused_at_its_line(tinybird: Tinybird, key: str, what: str) -> None:
    old, new, where, said = WRONG[what]
    good = materialized(GOOD, "totals")
    assert old in good
    text = good.replace(old, new)
    answer = built(tinybird, key, text, events_quarantine_like__datasource=LIKE)
    [fault] = answer["errors"]
    assert fault["filename"] == PIPE
    line = LINE[where] - (what == "a column that is not selected")
    assert fault["error"].startswith(f"line {line}: "), fault
    assert said in fault["error"]
    assert "w_" not in fault["error"]


def test_what_is_right_is_served(tinybird: Tinybird, key: str) -> None:
    answer = built(tinybird, key, materialized(GOOD, "totals"))
    assert (answer["result"], answer["build"]["feedback"]) == ("success", [])


def test_another_workspace_is_out_of_reach(tinybird: Tinybird, key: str) -> None:
    other = f"w_{tinybird.workspace_id.replace('-', '')}"
    joined = GOOD.replace("GROUP", f"WHERE name IN (SELECT page FROM {other}.visits) GROUP")
    [fault] = built(tinybird, key, materialized(joined, "totals"))["errors"]
    assert f"line {LINE['from']}: " in fault["error"]
    assert "visits' not found" in fault["error"]


def test_a_query_may_name_a_lambda_and_read_other_pipes(tinybird: Tinybird, key: str) -> None:
    named = GOOD.replace("SELECT", "WITH (x) -> upper(x) AS louder SELECT", 1)
    named = named.replace("name,", "louder(name) AS name,", 1).replace("FROM events", "FROM some")
    some = "NODE some_rows\nSQL >\n    SELECT * FROM events\n\nTYPE endpoint\n"
    answer = built(tinybird, key, materialized(named, "totals"), some__pipe=some)
    assert answer["result"] == "success", answer


def test_values_that_may_be_cut_are_a_warning(tinybird: Tinybird, key: str) -> None:
    text = materialized(GOOD.replace("name,", "name, 300 AS more,", 1), "totals")
    answer = built(tinybird, key, text)
    assert answer["result"] == "success", answer
    [told] = answer["build"]["feedback"]
    assert told["resource"] == "fill"
    assert "The column 'more' is UInt16, and in 'totals' it is UInt8." in told["message"]
    assert f"{PIPE}:4: " in told["message"]


def test_what_would_fill_itself_is_refused(tinybird: Tinybird, key: str) -> None:
    copied = materialized("SELECT name, events, sizes FROM totals", "others")
    back = materialized("SELECT name, events, sizes FROM others", "totals")
    answer = built(tinybird, key, back, others__datasource=TOTALS, there__pipe=copied)
    assert {one["filename"] for one in answer["errors"]} == {PIPE, "there.pipe"}
    for one in answer["errors"]:
        assert "Circular reference: " in one["error"]


def test_a_pipe_has_one_output(tinybird: Tinybird, key: str) -> None:
    text = materialized(GOOD, "totals") + "\nNODE end\nSQL >\n    SELECT 1\n\nTYPE endpoint\n"
    [fault] = built(tinybird, key, text)["errors"]
    assert fault["error"] == "line 12: A pipe has one node with a TYPE. Remove it from the others."


def test_a_data_source_with_a_mistake_is_not_filled(tinybird: Tinybird, key: str) -> None:
    broken = TOTALS.replace("LowCardinality(String)", "LowCardinality(Strin)")
    answer = built(
        tinybird, key, materialized(GOOD, "totals"), **{"datasources/totals__datasource": broken}
    )
    assert [one["filename"] for one in answer["errors"]] == ["datasources/totals.datasource"]
