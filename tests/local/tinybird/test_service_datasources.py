"""What happened in a workspace, read by those who may: with SQL and from pipes of the project."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird, reads, until
from tests.local.tinybird.project import visit, write_project

NAMES = ("pipe_stats_rt", "pipe_stats", "endpoint_errors", "datasources_ops_log", "jobs_log")
WATCHED = """
NODE endpoint
SQL >
    %
    SELECT pipe_name, token_name, count() AS requests FROM tinybird.pipe_stats_rt AS seen
    WHERE token_name = {{ String(who) }} GROUP BY pipe_name, token_name

TYPE ENDPOINT
"""

COPY = """
NODE copied
SQL >
    SELECT at, tenant, page, status, seconds, note, weight FROM visits

TYPE copy
TARGET_DATASOURCE visits
"""


@pytest.fixture
def own(tinybird: Tinybird, tmp_path: Path) -> Iterator[Tinybird]:
    project = write_project(tmp_path / "project")
    (project / "endpoints/watched.pipe").write_text(WATCHED.lstrip())
    (project / "endpoints/doubled.pipe").write_text(COPY.lstrip())
    with tinybird.serving(project) as running:
        yield running


def told(own: Tinybird, query: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in own.sql(f"{query} FORMAT JSONEachRow").splitlines()]


def requests(own: Tinybird) -> list[dict[str, Any]]:
    columns = "pipe_name, status_code, error, token_name, toUInt32(result_rows) AS rows"
    return told(own, f"SELECT {columns} FROM tinybird.pipe_stats_rt ORDER BY pipe_name, rows")


def test_a_request_to_a_pipe_is_told_once_it_is_answered(own: Tinybird) -> None:
    own.add(visit(), visit(page="/about"))
    token = own.token(reads("pages", tenant="a"), name="frontend_jwt_user_1")
    before = int(time.time())

    answer = own.http.get(f"/v0/pipes/pages.json?top=5&token={token}&page=/home")

    [row] = told(own, "SELECT * FROM tinybird.pipe_stats_rt")
    assert row.pop("duration") > 0
    assert (
        before
        <= told(own, "SELECT toUnixTimestamp(start_datetime) AS at FROM tinybird.pipe_stats_rt")[0][
            "at"
        ]
        <= time.time()
    )
    pipe = own.get("/v0/pipes/pages").json()
    assert row["request_id"] == answer.headers["x-request-id"]
    assert (row["pipe_id"], row["pipe_name"]) == (pipe["id"], "pages")
    assert row["url"] == "/v0/pipes/pages.json?top=5&page=%2Fhome"
    assert row["parameters"] == {"top": "5", "page": "/home"}
    assert (row["method"], row["status_code"], row["error"]) == ("GET", 200, 0)
    statistics = answer.json()["statistics"]
    assert (row["read_rows"], row["read_bytes"], row["result_rows"]) == (
        statistics["rows_read"],
        statistics["bytes_read"],
        1,
    )
    assert row["token_name"] == "frontend_jwt_user_1"
    assert token not in json.dumps(row)


def test_callers_sql_is_told_as_query_api_and_what_reads_the_log_is_not(own: Tinybird) -> None:
    own.sql("SELECT number FROM numbers(3)")
    own.get("/v0/pipes/watched.json", who="someone")

    assert (
        requests(own)
        == requests(own)
        == [
            {
                "pipe_name": "query_api",
                "status_code": 200,
                "error": 0,
                "token_name": "admin",
                "rows": 3,
            }
        ]
    )
    assert told(own, "SELECT parameters FROM tinybird.pipe_stats_rt") == [
        {"parameters": {"q": "SELECT number FROM numbers(3)"}}
    ]


@pytest.mark.parametrize("name", NAMES)
def test_nobody_goes_untold_by_writing_such_a_name(kept: Tinybird, name: str) -> None:
    token = kept.token(reads("pages", tenant="a"), name=f"writes {name}")
    for text in (f"tinybird.{name}", f"`tinybird:{name}`"):
        assert kept.get("/v0/pipes/pages.json", token, page=text).is_success
        for asked in (f"SELECT '{text}' FROM pages", f'SELECT 1 AS "{text.strip("`")}"'):
            assert kept.get("/v0/sql", token, q=asked).is_success

    found = told(kept, "SELECT token_name, toUInt32(count()) AS n FROM tinybird.pipe_stats_rt "
                 f"WHERE token_name = 'writes {name}' GROUP BY token_name")  # fmt: skip
    assert found == [{"token_name": f"writes {name}", "n": 6}]


def test_what_was_refused_is_told_with_its_reason(own: Tinybird) -> None:
    limited = own.token(reads("echo"), limits={"rps": 1})
    own.get("/v0/pipes/pages.json")
    own.get("/v0/pipes/pages.json", own.token(reads("echo")))
    own.get("/v0/sql", q="SELECT nope FROM visits")
    for _ in range(2):
        own.get("/v0/pipes/echo.json", limited, text="x")
    own.get("/v0/pipes/nope.json")
    own.get("/v0/pipes/pages.json", "p.nope")

    errors = told(
        own,
        "SELECT pipe_name, status_code, error FROM tinybird.endpoint_errors "
        "ORDER BY pipe_name, status_code",
    )
    assert [(row["pipe_name"], row["status_code"]) for row in errors] == [
        ("echo", 429),
        ("pages", 400),
        ("pages", 403),
        ("query_api", 400),
    ]
    assert "Required parameter is not defined" in errors[1]["error"]
    assert "UNKNOWN_IDENTIFIER" in errors[3]["error"]
    assert [row["error"] for row in requests(own)] == [1, 0, 1, 1, 1]


def test_requests_are_counted_by_day(own: Tinybird) -> None:
    for _ in range(3):
        own.get("/v0/pipes/echo.json", text="x")
    own.get("/v0/pipes/echo.json")

    [row] = told(
        own,
        "SELECT date, pipe_name, sum(view_count) AS requests, sum(error_count) AS errors, "
        "avgMerge(avg_duration_state) AS ms, "
        "quantilesTimingMerge(0.9, 0.95, 0.99)(quantile_timing_state) AS timings "
        "FROM tinybird.pipe_stats GROUP BY date, pipe_name",
    )

    seconds = told(own, "SELECT avg(duration) AS seconds FROM tinybird.pipe_stats_rt")[0]["seconds"]
    assert (row["pipe_name"], row["requests"], row["errors"]) == ("echo", 4, 1)
    assert row["ms"] == pytest.approx(seconds * 1000, rel=1e-3)
    assert len(row["timings"]) == 3


def test_what_became_of_a_data_source_is_told(own: Tinybird) -> None:
    own.post("/v0/events?name=visits", json=visit(status=-1))
    own.add(visit(), visit(page="/b"))
    rows = "\n".join(map(json.dumps, (visit(), visit(status="bad"))))
    file = own.post("/v0/datasources?mode=append&name=visits&format=ndjson", content=rows).json()
    own.post("/v0/datasources?mode=replace&name=visits&format=parquet", content=b"none")
    own.post("/v0/datasources/visits/delete", data={"delete_condition": "page = '/b'"})
    own.post("/v0/datasources/visits_quarantine/truncate")

    found = told(
        own,
        "SELECT event_type, datasource_name, result, rows, rows_quarantine, error, job_id "
        "FROM tinybird.datasources_ops_log ORDER BY event_type, rows",
    )
    told_of = [tuple(row.values())[:5] for row in found]
    assert told_of == [
        ("append", "visits", "error", 1, 1),
        ("append-hfi", "visits", "ok", 0, 1),
        ("append-hfi", "visits", "ok", 2, 0),
        ("delete", "visits", "ok", 1, 0),
        ("replace", "visits", "error", 0, 0),
        ("truncate", "visits_quarantine", "ok", 0, 0),
    ]
    assert (found[0]["error"], found[0]["job_id"]) == (file["error"], file["id"])
    assert "no Parquet" in found[4]["error"]
    jobs = told(
        own,
        "SELECT job_id, job_type, status, datasource_id, job_metadata "
        "FROM tinybird.jobs_log ORDER BY job_type",
    )
    assert [(row["job_type"], row["status"]) for row in jobs] == [
        ("delete_data", "done"),
        ("import", "done"),
    ]
    assert jobs[1]["job_id"] == json.loads(jobs[1]["job_metadata"])["id"] == file["id"]
    assert jobs[0]["datasource_id"] == file["datasource"]["id"]


def test_a_copy_is_told_with_its_pipe_and_its_job(own: Tinybird) -> None:
    own.add(visit(), visit(page="/b"))

    job = own.post("/v0/pipes/doubled/copy").json()["job"]
    until(lambda: own.get(f"/v0/jobs/{job['id']}").json()["status"] == "done", "it is not done")

    [row] = told(
        own,
        "SELECT datasource_name, result, rows, pipe_name, job_id FROM tinybird.datasources_ops_log "
        "WHERE event_type = 'copy'",
    )
    assert tuple(row.values()) == ("visits", "ok", 2, "doubled", job["id"])
    [listed] = told(own, "SELECT pipe_name, status FROM tinybird.jobs_log")
    assert listed == {"pipe_name": "doubled", "status": "done"}


ATTEMPTS = [
    "SELECT * FROM tinybird.{name}",
    "SELECT * FROM `tinybird`.`{name}`",
    "SELECT * FROM `tinybird.{name}`",
    "SELECT * FROM `tinybird:{name}`",
    "SELECT * FROM {database}.`tinybird:{name}`",
    "SELECT 1 WHERE 'x' IN tinybird.{name}",
    "WITH `tinybird.{name}` AS (SELECT 1) SELECT * FROM tinybird.{name}",
    "DESCRIBE TABLE tinybird.{name}",
    "SELECT * FROM merge(currentDatabase(), 'tinybird')",
]


@pytest.fixture(scope="module")
def kept(tinybird: Tinybird, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    """One for all tests that only try to read, with rows to be read."""
    with tinybird.serving(write_project(tmp_path_factory.mktemp("kept") / "project")) as running:
        running.add(visit(page="/secret"))
        running.get("/v0/pipes/echo.json", text="secret")
        running.sql("SELECT count() FROM tinybird.pipe_stats_rt")
        yield running


@pytest.mark.parametrize("attempt", ATTEMPTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_tenants_token_reaches_none_of_it(kept: Tinybird, name: str, attempt: str) -> None:
    database = f"w_{kept.workspace_id.replace('-', '')}"
    query = attempt.format(name=name, database=database)
    seeing = [reads("pages", tenant="a"), {"type": "DATASOURCES:READ", "resource": "visits"}]
    token = kept.token(*seeing)

    for answer in (
        kept.get("/v0/sql", token, q=query),
        kept.get("/v0/pipes/pages.json", token, q=query),
    ):
        assert (answer.status_code, "secret" in answer.text) == (403, False), answer.text
        assert "not found" in answer.json()["error"]


def test_each_workspace_has_its_own_rows_only(own: Tinybird, kept: Tinybird) -> None:
    assert requests(own) == []
    assert [row["pipe_name"] for row in requests(kept)][:1] == ["echo"]


def test_a_token_for_one_of_them_reads_that_one_by_its_filter(own: Tinybird) -> None:
    for text in ("a", "b"):
        own.get("/v0/pipes/echo.json", own.token(reads("echo"), name=f"user_{text}"), text=text)
    scope = {"type": "DATASOURCES:READ", "resource": "tinybird.pipe_stats_rt"}
    filtered = own.token({**scope, "filter": "token_name = 'user_a'"})
    query = "SELECT token_name FROM tinybird.pipe_stats_rt ORDER BY token_name"

    assert own.get("/v0/sql", filtered, q=query).text.split() == ["user_a"]
    assert own.get("/v0/sql", own.token(scope), q=query).text.split() == ["user_a", "user_b"]
    other = own.get("/v0/sql", own.token(scope), q="SELECT * FROM tinybird.endpoint_errors")
    assert other.status_code == 403


def test_a_pipe_of_the_project_reads_it_for_whoever_may_read_the_pipe(own: Tinybird) -> None:
    for text in ("a", "b", "b"):
        own.get("/v0/pipes/echo.json", own.token(reads("echo"), name=f"user_{text}"), text=text)
    token = own.token(reads("watched", who="user_b"))

    assert own.get("/v0/pipes/watched.json", token, who="user_a").json()["data"] == [
        {"pipe_name": "echo", "token_name": "user_b", "requests": 2}
    ]
    assert own.get("/v0/sql", token, q="SELECT sum(requests) FROM watched").text == "2\n"
    query = "SELECT * FROM tinybird.pipe_stats_rt"
    assert own.get("/v0/pipes/watched.json", token, q=query).status_code == 403


def test_a_pipe_that_names_a_column_it_lacks_is_a_mistake(own: Tinybird) -> None:
    text = WATCHED.lstrip().replace("SELECT pipe_name", "SELECT pipe")
    files = {
        file.relative_to(own.project).as_posix(): file.read_text()
        for file in own.project.rglob("*.*")
    }

    [mistake] = own.build({**files, "endpoints/watched.pipe": text})["errors"]

    assert mistake["filename"] == "endpoints/watched.pipe"
    assert mistake["error"].startswith("line 4: Unknown expression identifier `pipe`")


def test_no_token_is_in_any_of_it(own: Tinybird) -> None:
    secret = own.token(reads("echo"))
    for value in (secret, own.key):
        own.http.get("/v0/pipes/echo.json", params={"token": secret, "text": value})
        own.get("/v0/sql", q=f"SELECT '{value}'")
        own.get("/v0/sql", q=f"SELECT nope_{value}")
        own.post("/v0/sql", json={"q": f"SELECT '{value}'", "token": value})
        condition = f"page = '{value}'"
        own.post("/v0/datasources/visits/delete", data={"delete_condition": condition})

    for name in NAMES:
        rows = own.sql(f"SELECT * FROM tinybird.{name} FORMAT JSONEachRow")
        assert rows
        for value in (secret, own.key):
            assert value not in rows
            assert value.rpartition(".")[2] not in rows


def test_what_is_long_or_no_text_costs_no_other_row(own: Tinybird) -> None:
    own.get("/v0/pipes/echo.json", text="x")
    headers = {"Content-Type": "application/json"}
    own.post("/v0/pipes/echo.json", content=rb'{"text":"\ud800","more":"\u0000"}', headers=headers)
    own.post("/v0/pipes/echo.json", json={f"p{n}": "x" * 9_000 for n in range(100)})

    found = told(own, "SELECT parameters FROM tinybird.pipe_stats_rt")
    assert sorted(len(row["parameters"]) for row in found) == [1, 2, 3]
    assert {"text": "?", "more": "\0"} in [row["parameters"] for row in found]
    assert max(len(value) for row in found for value in row["parameters"].values()) == 1_000


def test_it_is_kept_for_a_bounded_time_and_written_many_rows_at_once(own: Tinybird) -> None:
    began = time.monotonic()
    for _ in range(60):
        own.get("/v0/pipes/echo.json", text="x")
    assert own.sql("SELECT count() FROM tinybird.pipe_stats_rt") == "60"
    every_two_seconds = (time.monotonic() - began) / 2

    tables = told(
        own,
        "SELECT name, engine_full LIKE '% TTL %' AS ends FROM system.tables "
        "WHERE database = currentDatabase() AND name LIKE 'tinybird:%'",
    )
    assert {row["name"]: row["ends"] for row in tables} == {f"tinybird:{n}": 1 for n in NAMES}
    parts = "SELECT max(max_block_number) FROM system.parts WHERE database = currentDatabase()"
    assert int(own.sql(f"{parts} AND table = 'tinybird:pipe_stats_rt'")) < every_two_seconds + 3


def test_what_nobody_asks_for_is_written_soon(own: Tinybird) -> None:
    own.get("/v0/pipes/echo.json", text="x")

    # The table's own name would have it written at once.
    parts = "SELECT count() FROM system.parts WHERE database = currentDatabase()"
    until(lambda: own.sql(f"{parts} AND table LIKE '%pipe_stats_rt'") != "0", "nothing is written")


def test_what_was_written_outlives_a_killed_process(tmp_path: Path) -> None:
    project = write_project(tmp_path / "project")
    with Tinybird(project, tmp_path / "data") as running:
        running.get("/v0/pipes/echo.json", text="x")
        assert [row["pipe_name"] for row in requests(running)] == ["echo"]
        running.kill()
        running.start()
        running.get("/v0/pipes/echo.json", text="y")
        assert running.stop() == 0
        running.release()
        running.start()
        assert [row["pipe_name"] for row in requests(running)] == ["echo", "echo"]
