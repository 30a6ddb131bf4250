"""Whatever a request says, a token's answer holds its own tenant's rows alone."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local.tinybird.process import Tinybird, reads

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
