"""Rows removed, jobs listed: for admins, by conditions that read no more than queries may."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.project import visit, write_project


@contextmanager
def serving(tinybird: Tinybird, folder: Path) -> Iterator[Tinybird]:
    with tinybird.serving(write_project(folder / "project")) as running:
        running.add(visit(page="/a"), visit(page="/b", note="x"), visit(page="/c", tenant="b"))
        yield running


@pytest.fixture
def own(tinybird: Tinybird, tmp_path: Path) -> Iterator[Tinybird]:
    with serving(tinybird, tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def kept(tinybird: Tinybird, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    """One for all tests that change nothing."""
    with serving(tinybird, tmp_path_factory.mktemp("jobs")) as running:
        yield running


def pages(own: Tinybird) -> list[str]:
    return own.sql("SELECT page FROM visits ORDER BY page").split()


def delete(own: Tinybird, condition: str, token: str | None = None, **more: Any) -> httpx.Response:
    data = {"delete_condition": condition, **more}
    return own.post("/v0/datasources/visits/delete", token, data=data)


def test_all_rows_of_a_data_source_and_of_its_quarantine_are_removed(own: Tinybird) -> None:
    own.post("/v0/events?name=visits&wait=true", json=visit(status=-1))
    for name in ("visits", "visits_quarantine"):
        assert own.sql(f"SELECT count() > 0 FROM {name}") == "1"
        assert own.post(f"/v0/datasources/{name}/truncate").is_success
        assert own.sql(f"SELECT count() FROM {name}") == "0"
    own.add(visit(page="/later"))
    assert pages(own) == ["/later"]
    answer = own.post("/v0/datasources/nope/truncate")
    assert (answer.status_code, answer.json()["error"]) == (
        404,
        'Data Source "nope" does not exist',
    )


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("page = '/a'", ["/b", "/c"]),
        ("note = 'x' -- a comment", ["/a", "/c"]),
        ("tenant IN (SELECT tenant FROM visits WHERE page = '/c')", ["/a", "/b"]),
        ("page IN ('/a') OR note IS NOT NULL", ["/c"]),
        ("1", []),
        ("note", ["/a", "/b", "/c"]),
    ],
)
def test_rows_that_meet_a_condition_are_removed(
    own: Tinybird, condition: str, left: list[str]
) -> None:
    if condition == "note":
        assert delete(own, condition).status_code == 400
    else:
        count = 3 - len(left)
        counted = delete(own, condition, dry_run="true")
        assert counted.json() == {"rows_to_be_deleted": count}
        assert len(pages(own)) == 3
        job = delete(own, condition).json()
        assert (job["status"], job["rows_affected"]) == ("done", count)
        assert job["id"] == job["job_id"] == job["delete_id"]
        assert own.get(job["job_url"]).json()["kind"] == "delete_data"
    assert pages(own) == left
    own.add(visit(page="/d"))
    assert pages(own) == [*left, "/d"]


HOSTILE = [
    "",
    "page = ",
    "1) UNION ALL SELECT count() FROM visits WHERE (1",
    "1), DELETE WHERE (1",
    "1); DROP TABLE visits; SELECT (1",
    "1) SETTINGS max_threads = 1 -- ",
    "1) INTO OUTFILE 'stolen.txt' FORMAT TSV -- ",
    "1) FORMAT TSV -- ",
    "file('/etc/passwd') != ''",
    "page IN (SELECT * FROM file('/etc/passwd', 'LineAsString'))",
    "page IN (SELECT page FROM {other}.visits)",
    "page IN {other}.visits",
    "(SELECT count() FROM {other}.visits) > 0",
    "page IN (SELECT page FROM {own}.visits)",
    "page IN (SELECT name FROM system.tables)",
    "page IN (SELECT page FROM merge('', 'visits'))",
    "page IN (SELECT * FROM url('http://localhost:1', 'LineAsString'))",
    "page IN (SELECT page FROM pages)",
    "sleep(3) = 0",
    "throwIf(page = '/c') = 0",
    "page IN (WITH (a, b) -> 1 AS equals SELECT page FROM visits)",
    "dictGet('x', 'y', 1) = 1",
    "page AS `x, identifier: visits` IN (SELECT name FROM system.tables)",
    "nope = 1",
]


@pytest.mark.parametrize("condition", HOSTILE)
def test_what_is_no_condition_over_data_sources_removes_nothing(
    kept: Tinybird, tinybird: Tinybird, condition: str
) -> None:
    others = tinybird.sql("SELECT count() FROM visits")
    database, other = (f"w_{each.workspace_id.replace('-', '')}" for each in (kept, tinybird))
    answer = delete(kept, condition.format(own=database, other=other))
    assert answer.status_code in (400, 403), answer.text
    assert "/secret" not in answer.text
    assert "root:" not in answer.text
    assert len(pages(kept)) == 3
    assert tinybird.sql("SELECT count() FROM visits") == others
    assert not list(Path().glob("stolen.txt"))


def test_jobs_are_listed_the_latest_first(own: Tinybird) -> None:
    made = own.post("/v1/datasources/visits/append?format=ndjson", content=json.dumps(visit()))
    deleted = delete(own, "page = '/a'").json()
    listed = own.get("/v0/jobs").json()["jobs"]
    assert [job["id"] for job in listed] == [deleted["id"], made.json()["id"]]
    assert [job["id"] for job in own.get("/v0/jobs", kind="import").json()["jobs"]] == [
        made.json()["id"]
    ]
    assert own.get("/v0/jobs", status="working").json()["jobs"] == []
    assert set(listed[0]) >= {"id", "job_id", "kind", "status", "created_at", "updated_at"}
    assert own.get("/v0/jobs/nope").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v0/datasources/visits/truncate"),
        ("POST", "/v0/datasources/visits_quarantine/truncate"),
        ("POST", "/v0/datasources/visits/delete?delete_condition=1"),
        ("POST", "/v0/datasources/visits/delete?delete_condition=1&dry_run=true"),
        ("GET", "/v0/jobs"),
        ("GET", "/v0/variables"),
        ("GET", "/v0/variables/x"),
        ("POST", "/v0/variables?name=x&value=y"),
        ("PUT", "/v0/variables/x?value=y"),
        ("DELETE", "/v0/variables/x"),
        ("POST", "/v0/tokens?name=x&scope=ADMIN"),
        ("POST", "/v0/tokens/visits_append/refresh"),
        ("DELETE", "/v0/tokens/visits_append"),
    ],
)
def test_only_admins_may(kept: Tinybird, method: str, path: str) -> None:
    tokens = [
        kept.token(reads("pages", tenant="a")),
        kept.token({"type": "DATASOURCES:READ", "resource": "visits"}),
        kept.get("/v0/tokens/visits_append").json()["token"],
    ]
    for token in tokens:
        answer = kept.http.request(method, path, headers=kept.bearer(token))
        assert (answer.status_code, kept.key in answer.text) == (403, False)
    assert len(pages(kept)) == 3
