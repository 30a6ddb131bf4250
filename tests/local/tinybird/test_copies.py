"""Copy pipes run when they are asked to, and their jobs tell how it went."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.tinybird.copying import copy, ended, run
from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.project import visit, write_project
from tests.local.tinybird.rollups import materialized, written

TOTALS = """
SCHEMA >
    `page` LowCardinality(String),
    `visits` UInt64,
    `latest` DateTime DEFAULT '2001-01-01 00:00:00',
    `tenants` AggregateFunction(uniq, String)

ENGINE "MergeTree"
ENGINE_SORTING_KEY "page"
"""
SEEN = """
SCHEMA >
    `page` String,
    `visits` UInt64

ENGINE "SummingMergeTree"
ENGINE_SORTING_KEY "page"
"""
BY_PAGE = (
    "SELECT page, count() AS visits, uniqState(tenant) AS tenants FROM visits {} GROUP BY page"
)


OF_TENANT = "%\nSELECT page, count() AS visits, uniqState(tenant) AS tenants,\n"
OF_TENANT += "{{ DateTime(job_timestamp) }} AS latest FROM visits\n"
OF_TENANT += "WHERE tenant = {{ String(tenant) }} GROUP BY page"
FILES = {
    "datasources/totals.datasource": TOTALS,
    "datasources/seen.datasource": SEEN,
    "copies/by_page.pipe": (
        "NODE chosen\nSQL >\n    SELECT * FROM visits WHERE page != '/health'\n\n"
        + copy(BY_PAGE.format("").replace("visits  GROUP", "chosen GROUP"), "totals")
    ),
    "copies/of_tenant.pipe": copy(OF_TENANT, "totals", "COPY_MODE replace\n"),
    "copies/again.pipe": copy("SELECT * FROM totals", "totals"),
    "copies/failing.pipe": copy(
        "SELECT '/x' AS page, toUInt64(throwIf(number = 99999)) AS visits, "
        "uniqState('') AS tenants FROM numbers(100000) GROUP BY number",
        "totals",
    ),
    "copies/nightly.pipe": copy(BY_PAGE.format(""), "totals", "COPY_SCHEDULE 0 3 * * *\n"),
    "materializations/to_seen.pipe": materialized("SELECT page, visits FROM totals", "seen"),
    "sinks/exported.pipe": "NODE rows\nSQL >\n    SELECT page FROM visits\n\nTYPE sink\n"
    "EXPORT_SERVICE s3_iamrole\n",
}
TEXTS = 'SCHEMA >\n    `text` String\n\nENGINE "MergeTree"\nENGINE_SORTING_KEY "text"\n'
OUT_OF_REACH = {
    "local_file": "SELECT line AS text FROM file('/etc/passwd', 'LineAsString', 'line String')",
    "address": "SELECT line AS text FROM url('http://localhost:1', 'LineAsString', 'line String')",
    "another_workspace": "SELECT page AS text FROM {other}.visits",
    "another_as_a_set": "SELECT page AS text FROM visits WHERE page IN {other}.visits",
    "clickhouse": "SELECT name AS text FROM system.tables",
    "any_table": "SELECT page AS text FROM merge('', 'visits')",
    "service_data": "SELECT pipe_name AS text FROM tinybird.pipe_stats_rt",
    "contents": "SELECT file('/etc/passwd') AS text",
    "waiting": "SELECT toString(sleep(3)) AS text FROM visits",
}
TOKENS: list[dict[str, Any]] = [
    {"type": "DATASOURCES:APPEND", "resource": "totals"},
    {"type": "DATASOURCES:READ", "resource": "totals"},
    reads("by_page"),
]


@pytest.fixture(scope="module")
def own(tinybird: Tinybird, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    project = write_project(tmp_path_factory.mktemp("copies") / "project")
    other = f"w_{tinybird.workspace_id.replace('-', '')}"
    hostile = {
        f"copies/{name}.pipe": copy(sql.format(other=other), "texts")
        for name, sql in OUT_OF_REACH.items()
    }
    texts = {"datasources/texts.datasource": TEXTS}
    with tinybird.serving(written(project, {**FILES, **texts, **hostile})) as running:
        running.add(visit(), visit(page="/about"), visit(page="/health"), visit(tenant="b"))
        yield running


@pytest.fixture(autouse=True)
def empty(own: Tinybird) -> None:
    for name in ("totals", "seen"):
        own.post(f"/v0/datasources/{name}/truncate")


def totals(own: Tinybird, table: str = "totals") -> list[str]:
    return own.sql(f"SELECT page, visits FROM {table} ORDER BY page, visits").splitlines()


def test_the_rows_of_a_pipe_are_added_to_those_of_its_target(own: Tinybird) -> None:
    job = run(own, "by_page")
    assert (job["kind"], job["status"], job["pipe_name"]) == ("copy", "done", "by_page")
    assert job["statistics"]["row_count"] == 2
    assert totals(own) == ["/about\t1", "/home\t2"]
    run(own, "by_page")
    assert totals(own) == ["/about\t1", "/about\t1", "/home\t2", "/home\t2"]
    # States are copied as they are, and what the pipe does not select has its default.
    assert own.sql("SELECT uniqMerge(tenants), any(latest) FROM totals WHERE page = '/home'") == (
        "2\t2001-01-01 00:00:00"
    )
    # A pipe that is filled from the target sees what is added.
    assert own.sql("SELECT page, sum(visits) FROM seen GROUP BY page ORDER BY page") == (
        "/about\t2\n/home\t4"
    )


def test_the_answer_describes_the_pipe_and_its_job_which_is_listed(own: Tinybird) -> None:
    answer = own.post("/v0/pipes/by_page/copy")
    job = ended(own, answer)
    told = answer.json()
    assert (told["type"], told["copy_mode"], told["schedule"]) == ("copy", "append", {})
    assert told["job"]["status"] == "waiting"
    target = own.get(f"/v0/datasources/{told['tags']['copy_target_datasource']}").json()
    assert target["name"] == job["datasource"]["name"] == "totals"
    assert told["copy_target_datasource"] == target["id"]
    assert told["copy_node"] in [node["id"] for node in told["nodes"]]
    listed = own.get("/v0/jobs", kind="copy", status="done", pipe_name="by_page").json()["jobs"]
    assert listed[0] == job


@pytest.mark.parametrize("sent", ["params", "data"])
def test_parameters_are_given_with_the_call_and_the_time_of_the_run_is_one(
    own: Tinybird, sent: str
) -> None:
    run(own, "by_page")
    request: dict[str, Any] = {sent: {"tenant": "b"}}
    job = ended(own, own.post("/v0/pipes/of_tenant/copy", **request))
    assert job["mode"] == "replace"
    assert totals(own) == ["/home\t1"]
    assert own.sql("SELECT any(latest) FROM totals") == job["created_at"]
    missing = own.post("/v0/pipes/of_tenant/copy")
    assert missing.status_code == 400
    assert "Required parameter is not defined" in missing.text
    assert "tenant" in missing.text


def test_a_call_may_choose_what_becomes_of_the_rows_that_are_there(own: Tinybird) -> None:
    run(own, "of_tenant", tenant="a")
    run(own, "of_tenant", tenant="b", _mode="append")
    assert totals(own) == ["/about\t1", "/health\t1", "/home\t1", "/home\t1"]
    run(own, "by_page", _mode="replace")
    assert totals(own) == ["/about\t1", "/home\t2"]
    assert "_mode must be append or replace" in own.post("/v0/pipes/by_page/copy?_mode=add").text


def test_nothing_in_the_place_of_rows_is_nothing(own: Tinybird) -> None:
    run(own, "by_page")
    job = run(own, "of_tenant", tenant="nobody")
    assert (job["status"], job["statistics"]["row_count"]) == ("done", 0)
    assert totals(own) == []
    assert run(own, "of_tenant", tenant="nobody", _mode="append")["status"] == "done"


def test_rows_may_be_made_of_those_whose_place_they_take(own: Tinybird) -> None:
    run(own, "by_page")
    assert run(own, "again", _mode="replace")["statistics"]["row_count"] == 2
    assert totals(own) == ["/about\t1", "/home\t2"]


@pytest.mark.parametrize("mode", ["append", "replace"])
def test_a_copy_that_fails_is_a_failed_job_and_changes_no_row(own: Tinybird, mode: str) -> None:
    run(own, "by_page")
    job = run(own, "failing", _mode=mode)
    assert job["status"] == "error"
    assert "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO" in job["error"]
    assert "w_" not in job["error"]
    assert totals(own) == ["/about\t1", "/home\t2"]
    assert own.get("/v0/jobs", status="error").json()["jobs"][0]["id"] == job["id"]


def test_a_schedule_is_paused_and_resumed(own: Tinybird) -> None:
    schedule = {"timezone": "Etc/UTC", "cron": "0 3 * * *", "status": "running"}
    assert own.get("/v0/pipes/nightly").json()["schedule"] == schedule
    for action, status in (("pause", "shutdown"), ("resume", "running"), ("cancel", "shutdown")):
        answer = own.post(f"/v0/pipes/nightly/copy/{action}").json()
        assert answer["schedule"] == {**schedule, "status": status}
        listed = own.get("/v0/pipes", attrs="name,schedule").json()["pipes"]
        assert {"name": "nightly", "schedule": answer["schedule"], "url": answer["url"]} in listed
    assert answer["cancelled_jobs"] == []
    on_demand = own.post("/v0/pipes/by_page/copy/pause")
    assert (on_demand.status_code, "no COPY_SCHEDULE" in on_demand.text) == (400, True)


def test_what_is_no_copy_says_so(own: Tinybird) -> None:
    for path, status, text in (
        ("pages/copy", 400, "'pages' has no node of TYPE copy"),
        ("pages/copy/pause", 400, "'pages' has no node of TYPE copy"),
        ("nope/copy", 404, "The pipe 'nope' does not exist"),
        ("by_page/copy/nope", 404, "Not found"),
        ("exported/sink", 400, "A sink to S3 does not run in the embedded Tinybird"),
        ("pages/sink", 400, "'pages' has no node of TYPE sink"),
    ):
        answer = own.post(f"/v0/pipes/{path}")
        assert (answer.status_code, text in answer.json()["error"]) == (status, True), answer.text


@pytest.mark.parametrize(
    "path",
    [
        *(f"/v0/pipes/by_page/copy{action}" for action in ("", "/pause", "/resume", "/cancel")),
        "/v0/pipes/exported/sink",
        "/v0/datasources/visits/start",
        "/v0/jobs/nope/cancel",
    ],
)
def test_only_admins_may(own: Tinybird, path: str) -> None:
    for token in (own.token(*TOKENS), own.token(*TOKENS[:1])):
        assert own.post(path, token).status_code == 403
    assert totals(own) == []


@pytest.mark.parametrize("what", OUT_OF_REACH)
def test_a_copy_reads_nothing_but_data_sources(own: Tinybird, what: str) -> None:
    job = run(own, what)
    assert job["status"] == "error"
    assert "not found" in job["error"] or "not allowed" in job["error"], job["error"]
    assert own.sql("SELECT count() FROM texts") == "0"
