"""``/v0/events``: rows in, none lost."""

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird
from tests.local.tinybird.project import visit


@pytest.fixture
def tenant(request: pytest.FixtureRequest) -> str:
    """A tenant of the test's own."""
    return str(request.node.name)


def send(tinybird: Tinybird, body: bytes | str, name: str = "visits", **params: str) -> Any:
    answer = tinybird.post("/v0/events", content=body, params={"name": name, **params})
    return answer.status_code, answer.json()


def ndjson(*rows: Any) -> str:
    return "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)


def counts(good: int, bad: int = 0) -> dict[str, int]:
    return {"successful_rows": good, "quarantined_rows": bad}


def rows_of(tinybird: Tinybird, tenant: str) -> list[dict[str, Any]]:
    text = tinybird.sql(
        f"SELECT * FROM visits WHERE tenant = '{tenant}' ORDER BY at FORMAT JSONEachRow"
    )
    return [json.loads(line) for line in text.splitlines()]


def test_rows_are_there_once_they_are_acknowledged(tinybird: Tinybird, tenant: str) -> None:
    rows = [visit(tenant=tenant, at=f"2030-05-01T10:00:0{n}Z") for n in range(3)]
    assert send(tinybird, ndjson(*rows)) == (202, counts(3))
    assert len(rows_of(tinybird, tenant)) == 3


def test_waiting_is_answered_with_200(tinybird: Tinybird, tenant: str) -> None:
    assert send(tinybird, ndjson(visit(tenant=tenant)), wait="true") == (200, counts(1))


@pytest.mark.parametrize("as_text", [json.dumps, lambda row: json.dumps([row], indent=2)])
def test_one_object_or_an_array_may_span_lines(tinybird: Tinybird, as_text: Any) -> None:
    assert send(tinybird, as_text(visit(tenant="spans lines")))[1] == counts(1)


def test_rows_that_are_no_strict_json_and_that_clickhouse_reads_are_stored(
    tinybird: Tinybird, tenant: str
) -> None:
    row = ndjson(visit(tenant=tenant, page="a b", seconds=0.25))
    rows = row.replace("a b", "a\tb"), row.replace("0.25", ".25"), row.replace("0.25", "+00.25")
    assert send(tinybird, ndjson(*rows))[1] == counts(3)
    stored = rows_of(tinybird, tenant)
    assert sorted(each["page"] for each in stored) == ["a\tb", "a b", "a b"]
    assert {each["seconds"] for each in stored} == {0.25}


def test_every_member_of_a_gzip_body_is_taken(tinybird: Tinybird, tenant: str) -> None:
    rows = [ndjson(visit(tenant=tenant)).encode() + b"\n" for _ in range(3)]

    answer = tinybird.post(
        "/v0/events?name=visits&wait=true",
        content=b"".join(map(gzip.compress, rows)),
        headers={"Content-Encoding": "gzip"},
    )

    assert answer.json() == counts(3)


def test_a_body_may_be_gzip(tinybird: Tinybird, tenant: str) -> None:
    body = gzip.compress(ndjson(visit(tenant=tenant)).encode())
    answer = tinybird.post(
        "/v0/events?name=visits", content=body, headers={"Content-Encoding": "gzip"}
    )
    assert answer.json() == counts(1)
    assert len(rows_of(tinybird, tenant)) == 1


def test_values_arrive_as_they_were_sent(tinybird: Tinybird, tenant: str) -> None:
    note = 'it\'s "quoted" \\ ; DROP TABLE visits -- \u00e9 \u2603 \t\n'
    row = visit(tenant=tenant, note=note, weight=-5, seconds=0.25, extra={"ignored": True})
    send(tinybird, ndjson(row))
    [found] = rows_of(tinybird, tenant)
    assert (found["note"], found["weight"], found["seconds"]) == (note, -5, 0.25)
    assert found["at"] == "2030-05-01 10:00:00.250"


def test_what_is_left_out_gets_its_default(tinybird: Tinybird, tenant: str) -> None:
    send(tinybird, ndjson(visit(tenant=tenant), visit(tenant=tenant, weight=None, note=None)))
    assert [(row["weight"], row["note"]) for row in rows_of(tinybird, tenant)] == [(7, None)] * 2


def test_a_path_is_not_that_of_the_same_name_in_capitals(tinybird: Tinybird, tenant: str) -> None:
    capitals = {"Status" if name == "status" else name: v for name, v in visit().items()}
    body = ndjson(visit(tenant=tenant, NOTE="another"), capitals)
    assert send(tinybird, body) == (202, counts(1, 1))
    assert [row["note"] for row in rows_of(tinybird, tenant)] == [None]


def test_json_paths_lead_into_the_row(tinybird: Tinybird) -> None:
    event = {"event": {"id": 9, "user": {"name": "Maya"}}, "items": [{"price": 1}, {"price": 2.5}]}
    assert send(tinybird, ndjson(event), name="nested")[1] == counts(1)
    assert tinybird.sql("SELECT * FROM nested") == "9\tMaya\t[1,2.5]"


BAD = [
    ({"status": 70_000}, "status", "does not fit UInt16"),
    ({"status": -1}, "status", "does not fit UInt16"),
    ({"status": None}, "status", "required"),
    ({"tenant": None}, "tenant", "required"),
    ({"at": "yesterday"}, "at", "Cannot"),
    ({"at": "2030-13-45T00:00:00"}, "at", "Cannot"),
    ({"seconds": "long"}, "seconds", "Cannot"),
    ({"weight": 2**31}, "weight", "does not fit Int32"),
]


@pytest.mark.parametrize(("change", "column", "reason"), BAD)
def test_a_row_that_does_not_fit_is_kept_with_its_reason(
    tinybird: Tinybird, request: pytest.FixtureRequest, change: Any, column: str, reason: str
) -> None:
    page = f"/{request.node.callspec.id}"
    good = visit(tenant="elsewhere", page=page)
    body = ndjson(good, {**good, **change}, good)
    assert send(tinybird, body) == (202, counts(2, 1))
    kept = json.loads(
        tinybird.sql(f"SELECT * FROM visits_quarantine WHERE page = '{page}' FORMAT JSONEachRow")
    )
    assert kept["c__error_column"] == [column]
    assert reason in kept["c__error"][0]
    assert kept["seconds"] == str(change.get("seconds", 1.5))


@pytest.mark.parametrize("line", ["{not json}", "5", '["a"]', '{"at": "2030-05-01", }'])
def test_a_line_that_is_no_object_is_kept_as_it_came(tinybird: Tinybird, line: str) -> None:
    body = ndjson(visit(tenant="beside junk"), line)
    assert send(tinybird, body)[1] == counts(1, 1)
    query = f"SELECT count() > 0 FROM visits_quarantine WHERE at = '{line}'"
    assert tinybird.sql(query) == "1"


def test_every_row_is_somewhere_when_many_are_bad(tinybird: Tinybird, tenant: str) -> None:
    rows = [
        visit(tenant=tenant, at="2030-05-01T10:00:00Z" if n % 7 else "never") for n in range(300)
    ]
    bad = len(range(0, 300, 7))
    assert send(tinybird, ndjson(*rows))[1] == counts(300 - bad, bad)
    assert len(rows_of(tinybird, tenant)) == 300 - bad


def test_a_bad_row_at_the_end_of_many_duplicates_none(tinybird: Tinybird, tenant: str) -> None:
    rows = [visit(tenant=tenant)] * 30_000
    body = ndjson(*rows, visit(tenant=tenant, status=-1))
    assert send(tinybird, body)[1] == counts(30_000, 1)
    assert tinybird.sql(f"SELECT count() FROM visits WHERE tenant = '{tenant}'") == "30000"


def test_one_requests_bad_rows_are_not_anothers(tinybird: Tinybird, tenant: str) -> None:
    def one(number: int) -> Any:
        at = "never" if number % 5 == 0 else "2030-05-01T10:00:00Z"
        return send(tinybird, ndjson(visit(tenant=tenant, at=at)))[1]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(one, range(60)))
    assert answers == [counts(0, 1) if n % 5 == 0 else counts(1) for n in range(60)]
    assert len(rows_of(tinybird, tenant)) == 48


@pytest.mark.parametrize(
    ("params", "status"), [({"name": "nope"}, 404), ({}, 400), ({"name": "visits_quarantine"}, 404)]
)
def test_rows_for_nowhere_are_refused(
    tinybird: Tinybird, params: dict[str, str], status: int
) -> None:
    assert tinybird.post("/v0/events", content="{}", params=params).status_code == status


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"not gzip", {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"{}", mtime=0)[:-6], {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(b"x" * 20_000_000, mtime=0), {"Content-Encoding": "gzip"}, 413),
        (b"x" * 10_000_001, {}, 413),
    ],
)
def test_bodies_that_cannot_be_taken_are_refused(
    tinybird: Tinybird, content: bytes, headers: dict[str, str], status: int
) -> None:
    answer = tinybird.post("/v0/events?name=visits", content=content, headers=headers)
    assert answer.status_code == status


def test_nothing_is_nothing(tinybird: Tinybird) -> None:
    assert send(tinybird, "\n \n") == (202, counts(0))


def test_the_append_token_adds_and_does_nothing_else(tinybird: Tinybird) -> None:
    token = tinybird.get("/v0/tokens/visits_append").json()["token"]
    body = ndjson(visit(tenant="appended"))
    assert tinybird.post("/v0/events?name=visits", token, content=body).status_code == 202
    assert tinybird.post("/v0/events?name=nested", token, content="{}").status_code == 403
    assert tinybird.get("/v0/sql", token, q="SELECT * FROM visits").status_code == 403
    assert tinybird.get("/v0/pipes/pages.json", token, tenant="a").status_code == 403
    assert tinybird.get("/v0/tokens", token).status_code == 403


def test_a_token_that_only_reads_cannot_add(tinybird: Tinybird) -> None:
    token = tinybird.token({"type": "DATASOURCES:READ", "resource": "visits"})
    answer = tinybird.post("/v0/events?name=visits", token, content=ndjson(visit()))
    assert answer.status_code == 403


@pytest.fixture
def own(project: Path, tmp_path: Path) -> Iterator[Tinybird]:
    with Tinybird(project, tmp_path / "data") as running:
        yield running


def test_every_acknowledged_row_survives_a_kill(own: Tinybird) -> None:
    acknowledged = []

    def add(number: int) -> None:
        try:
            status, _ = send(own, ndjson(visit(tenant=f"t{number}", weight=number)))
        except (OSError, ValueError, RuntimeError):
            return
        if status == 202:
            acknowledged.append(number)
            if len(acknowledged) == 40:
                own.kill()

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(add, number) for number in range(200)]:
            done.exception()
    assert len(acknowledged) >= 40
    own.start()
    found = {int(text) for text in own.sql("SELECT DISTINCT weight FROM visits").split()}
    assert set(acknowledged) <= found
