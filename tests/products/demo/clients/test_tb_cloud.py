"""``tb --cloud``: reads and appends as against Tinybird's cloud, with a host and a token."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.products.demo.clients.rows import requests_of
from tests.products.demo.clients.tb import Tb

DAY = ("--start", "2099-06-02T00:00:00", "--end", "2099-06-03T00:00:00")


def data(tb: Tb, tenant: str, *more: str, form: str = "json") -> str:
    asked = ("top_routes", "--tenant_id", tenant, *DAY, "--format", form, *more)
    said = tb.cloud("endpoint", "data", *asked)
    assert said.status == 0, said.text
    return said.stdout


def routes(tb: Tb, tenant: str) -> list[str]:
    return sorted(row["route"] for row in json.loads(data(tb, tenant))["data"])


def as_ndjson(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize(("ending", "write"), [("ndjson", as_ndjson), ("csv", as_csv)])
def test_a_files_rows_can_be_read_once_they_are_appended(
    tb: Tb, tmp_path: Path, ending: str, write: Any
) -> None:
    file = tmp_path / f"rows.{ending}"
    file.write_text(write(requests_of(f"by_{ending}", "/a", "/b, c")), encoding="utf-8")

    said = tb.cloud("datasource", "append", "requests", "--file", str(file))

    assert said.status == 0, said.text
    assert routes(tb, f"by_{ending}") == ["/a", "/b, c"]


def test_an_event_can_be_read_once_it_is_appended(tb: Tb) -> None:
    [event] = requests_of("by_event", "/a")

    said = tb.cloud("datasource", "append", "requests", "--events", json.dumps(event))

    assert said.status == 0, said.text
    assert routes(tb, "by_event") == ["/a"]


def test_appending_to_a_data_source_that_is_not_there_fails(tb: Tb) -> None:
    said = tb.cloud(
        "datasource", "append", "nosuch", "--file", str(tb.project / "fixtures/requests.ndjson")
    )

    assert said.status == 1
    assert "nosuch" in said.text


def test_endpoint_data_comes_as_json_and_csv_and_under_sql_of_ones_own(tb: Tb) -> None:
    [event] = requests_of("by_reader", "/a")
    tb.cloud("datasource", "append", "requests", "--events", json.dumps(event))

    answer = json.loads(data(tb, "by_reader"))
    assert (answer["rows"], answer["data"][0]["requests"]) == (1, 1)
    assert data(tb, "by_reader", form="csv").splitlines()[1].startswith('"GET","/a",1,')
    on_top = data(tb, "by_reader", "--query", "SELECT sum(requests) AS n FROM _")
    assert json.loads(on_top)["data"] == [{"n": 1}]


def test_endpoint_data_without_the_tenant_is_an_error(tb: Tb) -> None:
    said = tb.cloud("endpoint", "data", "top_routes")

    assert said.status == 1
    assert "Required parameter is not defined" in said.text


def test_sql_answers(tb: Tb) -> None:
    said = tb.cloud("--output", "json", "sql", "SELECT toUInt8(40 + 2) AS answer")

    assert said.status == 0, said.text
    assert json.loads(said.stdout)["data"] == [{"answer": 42}]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT * FROM nosuch", "Resource 'nosuch' not found"),
        ("SELECT nosuch FROM requests", "UNKNOWN_IDENTIFIER"),
        ("DROP TABLE requests", "Error"),
    ],
)
def test_sql_that_cannot_be_answered_fails_in_tinybirds_words(
    tb: Tb, query: str, told: str
) -> None:
    said = tb.cloud("sql", query)

    assert said.status == 1
    assert told in said.text


def test_a_token_that_is_not_the_workspaces_fails(tb: Tb) -> None:
    said = replace(tb, token="p.nosuch").cloud("sql", "SELECT 1")

    assert said.status == 1
    assert "token" in said.text.lower()
