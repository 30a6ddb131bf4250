"""Materialized pipes: what they fill is at every moment what its sources make of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.rollups import UPTIME, UPTIME_TRUTHS, WEB, WEB_TRUTHS, written

START = datetime(2030, 5, 1, 23, 30, tzinfo=UTC)


def page_view(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "at": f"{START + timedelta(minutes=number):%Y-%m-%d %H:%M:%S}",
        "site": "ab"[number % 2],
        "visitor": f"v{number % 7}",
        "path": ["/", "/docs", "/health"][number % 3],
        "seconds": number / 4 if number % 5 else None,
    }
    return {**row, **changes}


def agrees(tinybird: Tinybird, truths: dict[str, str]) -> None:
    for asked, truth in truths.items():
        rows = tinybird.sql(truth)
        assert rows
        assert tinybird.sql(asked) == rows


@pytest.fixture(scope="module")
def web(tinybird: Tinybird, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    with tinybird.serving(written(tmp_path_factory.mktemp("web"), WEB)) as serving:
        serving.add({"site": "a", "plan": "free"}, {"site": "b", "plan": "pro"}, name="sites")
        yield serving


def test_every_insert_fills_all_targets_chains_too(web: Tinybird) -> None:
    for start in range(0, 60, 12):
        web.add(*(page_view(number) for number in range(start, start + 12)), name="page_views")
        agrees(web, WEB_TRUTHS)
    assert web.sql("SELECT path, count() FROM latest FINAL GROUP BY path ORDER BY path")


def test_the_same_rows_sent_twice_count_twice(web: Tinybird) -> None:
    before = int(web.sql("SELECT countMerge(views) FROM daily"))
    for _ in range(2):
        web.add(page_view(1), page_view(4), name="page_views")
    assert int(web.sql("SELECT countMerge(views) FROM daily")) == before + 4
    agrees(web, WEB_TRUTHS)


def test_rows_that_must_be_reshaped_or_quarantined_leave_no_trace_in_a_target(
    web: Tinybird,
) -> None:
    rows = [page_view(90), page_view(91, at="never"), page_view(92, at="2030-05-03T01:00:00Z")]
    answer = web.post("/v0/events?name=page_views", content="\n".join(map(json.dumps, rows)))
    assert answer.json() == {"successful_rows": 2, "quarantined_rows": 1}
    agrees(web, WEB_TRUTHS)


def test_an_endpoint_over_a_target_answers_for_its_tenant_alone(web: Tinybird) -> None:
    token = web.token(reads("days", site="a"))
    answer = web.get("/v0/pipes/days.json", token, site="b").json()["data"]
    truth = web.sql(
        "SELECT toDate(at) AS day, count() FROM page_views WHERE site = 'a' AND path != '/health' "
        "GROUP BY day ORDER BY day"
    )
    assert [[row["day"], str(row["views"])] for row in answer] == [
        line.split("\t") for line in truth.splitlines()
    ]


def test_a_token_reads_of_a_target_what_its_filter_lets_through(web: Tinybird) -> None:
    scope = {"type": "DATASOURCES:READ", "resource": "sessions", "filter": "site = 'a'"}
    token = web.token(scope)
    for modifier in ("", " FINAL"):
        asked = web.get("/v0/sql", token, q=f"SELECT DISTINCT site FROM sessions{modifier}")
        assert asked.text.split() == ["a"]
    for name in ("hourly", "page_views", "sessions_quarantine"):
        assert web.get("/v0/sql", token, q=f"SELECT * FROM {name}").status_code == 403


def test_the_api_tells_a_materialized_pipe_and_lists_no_view(web: Tinybird) -> None:
    assert web.get("/v0/pipes/to_daily").json()["type"] == "materialized"
    listed = web.get("/v0/datasources").json()["datasources"]
    names = {file.partition("/")[2].removesuffix(".datasource") for file in WEB if "sour" in file}
    assert {one["name"] for one in listed} == names


def test_uptime_checks_have_rollups_of_three_sizes(tinybird: Tinybird, tmp_path: Path) -> None:
    rows = [
        {
            "at": f"{START + timedelta(minutes=2 * number):%Y-%m-%d %H:%M:%S}",
            "monitor": f"m{number % 3}",
            "region": ["fra", "iad"][number % 2],
            "status": [200, 503, None][number % 3 if number % 4 == 0 else 0],
            "milliseconds": 20 + number,
        }
        for number in range(200)
    ]
    with tinybird.serving(written(tmp_path, UPTIME)) as uptime:
        for start in range(0, 200, 50):
            uptime.add(*rows[start : start + 50], name="checks")
        agrees(uptime, UPTIME_TRUTHS)
        quantiles = "SELECT arrayMap(x -> round(x), quantilesMerge(0.5, 0.99)(milliseconds))"
        assert uptime.sql(f"{quantiles} FROM days WHERE monitor = 'm0'")
