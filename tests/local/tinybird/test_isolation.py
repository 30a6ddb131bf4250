"""Whatever a request says, a token's answer holds its own tenant's rows alone."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local.tinybird.process import Tinybird, reads, until

NAMES = st.sampled_from(["tenant", "TENANT", "tenant[]", "page", "top", "q", "_", "user_id"])
WORDS = (
    *("SELECT", "*", "page", "tenant", "FROM", "_", "visits", "pages", "total", "WHERE", "1"),
    *("OR", "IN", "(", ")", ",", "AS", "WITH", "x -> 1", "equals", "UNION ALL", "JOIN", "t"),
    *("USING", "view(", "merge('', 'visits')", "--", "/*", "*/", ";", "'", "`", "count()"),
)
SQL = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)
VALUES = st.one_of(st.sampled_from(["b", "a' OR 1=1 --", "", "%", "/secret"]), st.text(), SQL)
PARAMETERS = st.lists(st.tuples(NAMES, VALUES), max_size=4)


@pytest.fixture(scope="module")
def token(tinybird: Tinybird) -> str:
    return tinybird.token(reads("pages", tenant="a"), reads("total", tenant="a"), exp=4_000_000_000)


def _send(tinybird: Tinybird, token: str, way: str, path: str, given: list[Any]) -> Any:
    headers = tinybird.bearer(token)
    if way == "GET":
        return tinybird.http.get(path, params=given, headers=headers)
    if way == "form":
        return tinybird.http.post(path, data=dict(given), headers=headers)
    return tinybird.http.post(path, json=dict(given), params=given[:1], headers=headers)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    way=st.sampled_from(["GET", "form", "JSON"]),
    path=st.sampled_from(["/v0/pipes/pages.json", "/v0/pipes/total.json", "/v0/sql"]),
    parameters=PARAMETERS,
)
def test_no_request_returns_another_tenants_row(
    tinybird: Tinybird, token: str, way: str, path: str, parameters: list[tuple[str, str]]
) -> None:
    answer = _send(tinybird, token, way, path, parameters)

    assert answer.status_code in (200, 400, 403, 404, 408, 413)
    if answer.status_code == 200:
        # The other tenant's only page; a request may name it, so only answers count.
        said_by_the_request = any("/secret" in value for _name, value in parameters)
        assert said_by_the_request or "/secret" not in answer.text
        if path.endswith("pages.json") and "q" not in dict(parameters):
            rows = answer.json()["data"]
            assert {row["page"] for row in rows} <= {"/home", "/about"}


OF_A_TABLE_THAT_IS_GONE = [
    "SELECT t FROM gone",
    "SELECT 'secret' IN gone",
    "SELECT * FROM (WITH gone AS (SELECT 1) SELECT * FROM gone) AS x, gone",
]


def test_rows_of_a_data_source_that_was_removed_are_nobodys(project: Path, tmp_path: Path) -> None:
    source = project / "datasources" / "gone.datasource"
    source.write_text("SCHEMA >\n    `t` String `json:$.t`\n")
    with Tinybird(project, tmp_path / "data") as running:
        running.add({"t": "secret"}, name="gone")
        source.unlink()
        until(lambda: running.get("/v0/datasources/gone").status_code == 404, "it is still there")
        token = running.token(reads("pages", tenant="a"))
        answers = [
            running.get(path, token, q=query)
            for query in OF_A_TABLE_THAT_IS_GONE
            for path in ("/v0/sql", "/v0/pipes/pages.json")
        ]
    assert {answer.status_code for answer in answers} == {403}


def test_two_filters_over_one_data_source_open_nothing(tinybird: Tinybird) -> None:
    source = tinybird.get("/v0/datasources/visits").json()
    scopes = [
        {"type": "DATASOURCES:READ", "resource": resource, "filter": condition}
        for resource, condition in ((source["name"], "tenant = 'a'"), (source["id"], "1"))
    ]
    answer = tinybird.get("/v0/sql", tinybird.token(*scopes), q="SELECT page FROM visits")
    assert answer.status_code == 403
