"""``tb fmt``, ``tb build`` and ``tb test run``, as a person runs them in the project's folder."""

import json
import re

import pytest

from tests.products.demo.clients.isolated import ROOT
from tests.products.demo.clients.tb import Tb

PROJECT = ROOT / "tinybird"
FILES = sorted(
    path.relative_to(PROJECT).as_posix()
    for kind in ("*.datasource", "*.pipe")
    for path in PROJECT.rglob(kind)
)
A_DAY = ("--start", "2099-06-02T00:00:00", "--end", "2099-06-03T00:00:00")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("datasources/requests.datasource", "    `status` UInt16", "  `status`   UInt16"),
        ("endpoints/usage_summary.pipe", "FROM requests", "from   requests"),
    ],
)
def test_a_file_that_is_not_formatted_is_found_among_the_others(
    tb: Tb, file: str, old: str, new: str
) -> None:
    tb.edit(file, old, new)

    assert tb.run("fmt", "--diff", *FILES).status == 1


def test_the_project_builds_and_its_endpoints_answer_with_the_fixtures_rows(tb: Tb) -> None:
    built = tb.local("build")

    assert built.status == 0, built.text
    assert [file for file in FILES if f"✓ {file} created" not in built.text] == []

    asked = ("top_routes", "--format", "json", "--tenant_id", "org_acme", *A_DAY)
    answer = tb.local("endpoint", "data", *asked)
    assert [row["route"] for row in json.loads(answer.stdout)["data"]][:1] == ["/v1/orders"]


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (
            "endpoints/top_routes.pipe",
            "FROM filtered_requests",
            "FROM {{ nosuch( }}",
            r"'\(' was never closed",
        ),
        ("endpoints/top_routes.pipe", "{% end %}", "{% endd %}", "endd"),
        ("endpoints/top_routes.pipe", "TYPE ENDPOINT", "TYPE ENDPOINTS", "TYPE must be one of"),
        ("datasources/requests.datasource", "ENGINE MergeTree", "ENGIN MergeTree", "ENGIN"),
    ],
)
def test_a_mistake_fails_the_build_with_its_file_and_line(
    tb: Tb, file: str, old: str, new: str, told: str
) -> None:
    line = tb.edit(file, old, new)

    said = tb.local("build")

    assert said.status == 1
    assert "Build failed" in said.text
    assert re.search(rf"{file}\s+line {line}: .*{told}", said.text), said.text


def test_a_mistake_put_right_builds(tb: Tb) -> None:
    tb.edit("endpoints/top_routes.pipe", "TYPE ENDPOINT", "TYPE ENDPOINTS")
    assert tb.local("build").status == 1

    tb.edit("endpoints/top_routes.pipe", "TYPE ENDPOINTS", "TYPE ENDPOINT")

    assert tb.local("build").status == 0


def test_an_altered_expectation_fails_its_case(tb: Tb) -> None:
    tb.edit("tests/latency_over_time.yaml", '"p50_ms":700,', '"p50_ms":701,')

    said = tb.local("test", "run", "latency_over_time")

    assert said.status == 1
    assert "✓ five_seconds passed" in said.text
    assert "✗ another_tenant failed" in said.text


def test_an_altered_query_fails_the_tests(tb: Tb) -> None:
    tb.edit("endpoints/top_routes.pipe", "status >= 400", "status >= 500")

    said = tb.local("test", "run", "top_routes")

    assert said.status == 1
    assert "✗ a_day failed" in said.text
