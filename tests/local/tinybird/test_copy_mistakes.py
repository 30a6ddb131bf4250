"""What a copy pipe cannot be is refused before it runs, with file and line."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.local.tinybird.copying import copy
from tests.local.tinybird.process import Tinybird
from tests.local.tinybird.rollups import materialized
from tests.local.tinybird.test_materialized_mistakes import EVENTS, GOOD, SOURCES

PIPE = "copies/fill.pipe"
LINE = {
    "first": 3,
    "name": 4,
    "events": 5,
    "sizes": 6,
    "from": 7,
    "target": 10,
    "mode": 11,
    "schedule": 12,
}
"""Of the pipe's file, by what stands there."""

MORE = "COPY_MODE append\nCOPY_SCHEDULE 0 * * * *\n"


@pytest.fixture(scope="module")
def key(tinybird: Tinybird) -> Iterator[str]:
    with tinybird.workspace("copies") as made:
        yield made["token"]


def built(tinybird: Tinybird, key: str, pipe: str, **more: str) -> dict[str, Any]:
    others = {f"datasources/{name}.datasource": text for name, text in more.items()}
    return tinybird.build({**SOURCES, PIPE: pipe, **others}, key)


WRONG = {
    "a target that is not there": ("DATASOURCE totals", "DATASOURCE total", "target", "'total'"),
    "no target": ("TARGET_DATASOURCE totals", "DATASOURCE totals", "first",
                  "TARGET_DATASOURCE must name what a copy node fills"),
    "a column that the target lacks": ("count() AS events", "count() AS nope, 1 AS events",
                                       "events", "'totals' has no column 'nope'"),
    "a column that is not selected": ("count() AS events", "count() AS more", "target",
                                      "'events' of 'totals'"),
    "a type that cannot be cast": ("count() AS events", "[1] AS events", "events",
                                   "The column 'events' is Array(UInt8), and in 'totals' it is"),
    "a state of another argument": ("sumState(size)", "sumState(toInt64(size))", "sizes", "Int64"),
    "a column that is not there": ("FROM events GROUP BY name", "FROM events GROUP BY nope",
                                   "from", "nope"),
    "a mode": ("COPY_MODE append", "COPY_MODE upsert", "mode", "append or replace, not 'upsert'"),
    "a minute": ("0 * * * *", "60 * * * *", "schedule", "not '60 * * * *': Bad minute"),
    "a day that never comes": ("0 * * * *", "0 0 30 2 *", "schedule", "Bad day-of-month"),
    "seconds": ("0 * * * *", "0 0 * * * *", "schedule", "not 5 fields"),
    "a word": ("0 * * * *", "@once", "schedule", "@on-demand or a cron expression"),
    "an instruction": ("COPY_MODE append", "COPY_TIMESTAMP at", "mode", "'COPY_TIMESTAMP' is not"),
    "a file to write": ("GROUP BY name", "GROUP BY name INTO OUTFILE 'x'", "from", "OUTFILE"),
    "two statements": ("GROUP BY name", "GROUP BY name; SELECT 1", "from", "more than one"),
    "a parameter that nobody gives": ("SELECT\n", "%SELECT {{UInt8(more)}} AS more,\n",
                                      "first", "nobody gives it the parameter 'more'"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_is_refused_at_its_line(tinybird: Tinybird, key: str, what: str) -> None:
    old, new, where, said = WRONG[what]
    good = copy(GOOD, "totals", MORE)
    assert old in good
    answer = built(tinybird, key, good.replace(old, new))
    [fault] = answer["errors"]
    assert fault["filename"] == PIPE
    assert fault["error"].startswith(f"line {LINE[where]}: "), fault
    assert said in fault["error"]
    assert "w_" not in fault["error"]


@pytest.mark.parametrize("schedule", ["0 3 * * 1-5", "@daily", "@on-demand", "*/5 * * * mon"])
def test_what_is_right_is_served(tinybird: Tinybird, key: str, schedule: str) -> None:
    sql = GOOD.replace("SELECT\n", "%\nSELECT\n{{DateTime(job_timestamp)}} < now() AS more,\n")
    answer = built(tinybird, key, copy(sql, "totals", f"COPY_SCHEDULE {schedule}\n"))
    assert (answer["result"], answer["build"]["feedback"]) == ("success", [])


@pytest.mark.parametrize(
    ("new", "line", "told"),
    [
        ("300 AS more,", 4, "'more' is UInt16, and in 'totals' it is UInt8. What does not fit"),
        ("toNullable(1) AS more,", 4, "Use ifNull()."),
        ("'1' AS more,", 4, "'more' is String, and in 'totals' it is UInt8. Convert it."),
        ("{% if defined(x) %} 1 AS nope, {% end %}", 4, ""),
        ("{% if not defined(x) %} 1 AS nope, {% end %}", 4, "no column"),
    ],
)
def test_what_fails_with_some_rows_or_calls_is_a_warning(
    tinybird: Tinybird, key: str, new: str, line: int, told: str
) -> None:
    start = "%SELECT" if "{%" in new else "SELECT"
    sql = GOOD.replace("SELECT", start, 1).replace("name,", f"name, {new}", 1)
    answer = built(tinybird, key, copy(sql, "totals"))
    assert answer["result"] == "success", answer
    found = [one["message"] for one in answer["build"]["feedback"]]
    assert [f"{PIPE}:{line}: " in one and told in one for one in found] == [True] * bool(told)


@pytest.mark.parametrize(
    "reached", ["url('http://{}/x', 'CSV')", "postgresql('{}', 'd', 't', 'u', 'p')"]
)
@pytest.mark.parametrize("kind", [copy, materialized])
def test_a_build_asks_no_address(
    tinybird: Tinybird, key: str, reached: str, kind: Callable[[str, str], str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"127.0.0.1:{server.getsockname()[1]}"
        sql = GOOD.replace("FROM events", f"FROM {reached.format(address)}")
        answer = built(tinybird, key, kind(sql, "totals"))
        with pytest.raises(BlockingIOError):
            server.accept()
    assert (answer["result"] == "success") is (kind is copy)


def test_a_build_does_not_wait_for_a_query(tinybird: Tinybird, key: str) -> None:
    slow = "(SELECT max(cityHash64(number)) FROM numbers(1000000000000))"
    sql = GOOD.replace("count() AS", f"count() + {slow} AS")
    assert built(tinybird, key, copy(sql, "totals"))["result"] == "success"


NEIGHBOURS = {
    "KAFKA_CONNECTION_NAME k\nKAFKA_TOPIC t\n": "Kafka",
    "IMPORT_CONNECTION_NAME c\nIMPORT_BUCKET_URI s3://b/*.csv\n": "S3",
    "IMPORT_CONNECTION_NAME c\nIMPORT_BUCKET_URI gs://b/*.csv\n": "GCS",
    "IMPORT_CONNECTION_NAME c\nIMPORT_TABLE_ARN arn:aws:dynamodb:x:1:table/t\n": "DynamoDB",
    "IMPORT_SERVICE 'bigquery'\n": "another system",
}


def test_a_connector_is_said_by_name_and_line(tinybird: Tinybird, key: str) -> None:
    fed = {f"fed{n}": f"{EVENTS}\n{instructions}" for n, instructions in enumerate(NEIGHBOURS)}
    answer = built(tinybird, key, copy(GOOD, "totals"), **fed)
    told = {one["resource"]: one["message"] for one in answer["build"]["feedback"]}
    assert told.keys() == fed.keys()
    line = EVENTS.count("\n") + 2
    for (name, message), service in zip(sorted(told.items()), NEIGHBOURS.values(), strict=True):
        assert f"{name}.datasource:{line}: A connector to {service} " in message
        assert f"'{name}' gets no rows from it" in message
        for action in ("start", "stop", "sample", "scheduling/runs"):
            asked = tinybird.post(f"/v0/datasources/{name}/{action}", key)
            assert (asked.status_code, asked.json()["error"] in message) == (400, True)
    plain = tinybird.post("/v0/datasources/events/start", key)
    assert plain.json()["error"] == "The data source 'events' has no connector"


def test_what_would_be_shared_is_said_by_name_and_line(tinybird: Tinybird, key: str) -> None:
    shared = f"{EVENTS}\nSHARED_WITH >\n    other\n"
    answer = built(tinybird, key, copy(GOOD, "totals"), shared=shared)
    [told] = answer["build"]["feedback"]
    line = EVENTS.count("\n") + 2
    text = f"datasources/shared.datasource:{line}: SHARED_WITH does not run"
    assert told["message"].startswith(text)


FORWARD_QUERIES = {
    "SELECT at, name, CAST(size, 'Int32') AS size": "note",
    "SELECT at, name AS title, '' AS note, 1 AS size": "name",
    "SELECT at, name, note, toInt32(size) AS size": "",
    "SELECT * EXCEPT (size), toInt32(size) AS size": "",
    "SELECT at, name, (": "",
}


def test_a_forward_query_without_a_column_is_said_by_name_and_line(
    tinybird: Tinybird, key: str
) -> None:
    moved = {
        f"moved{n}": f"{EVENTS}\nFORWARD_QUERY >\n    {query}\n"
        for n, query in enumerate(FORWARD_QUERIES)
    }
    answer = built(tinybird, key, copy(GOOD, "totals"), **moved)
    told = {one["resource"]: one["message"] for one in answer["build"]["feedback"]}
    line = EVENTS.count("\n") + 2
    for name, lacks in zip(moved, FORWARD_QUERIES.values(), strict=True):
        text = f"datasources/{name}.datasource:{line}: FORWARD_QUERY does not select {lacks}, which"
        assert (text in told.get(name, "")) is bool(lacks)
    assert len(told) == 2
