"""verdin, a published client of Tinybird's API, works unchanged: it sends rows and reads them."""

from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.products.demo.clients.rows import requests_of
from tests.products.demo.clients.verdin_client import RefusedError, Verdin

DAY = {"start": "2099-06-02T00:00:00", "end": "2099-06-03T00:00:00"}


def routes(verdin: Verdin, tenant: str, token: str | None = None) -> list[str]:
    parameters = {"tenant_id": tenant, **DAY}
    rows = verdin.do("query", token, pipe="top_routes", parameters=parameters)
    return sorted(row["route"] for row in rows)


@pytest.mark.parametrize(
    ("action", "more"),
    [
        ("send_events", {"wait": True}),
        ("send_compressed", {}),
        ("append_ndjson", {}),
        ("append_csv", {}),
    ],
)
def test_rows_can_be_read_once_they_are_sent(
    verdin: Verdin, action: str, more: dict[str, Any]
) -> None:
    rows = requests_of(f"verdin_{action}", "/a", "/it's", "/b")

    assert verdin.do(action, name="requests", rows=rows, **more) == [3, 0]
    assert routes(verdin, f"verdin_{action}") == ["/a", "/b", "/it's"]


def test_a_row_that_does_not_fit_is_put_in_quarantine_with_its_reason(verdin: Verdin) -> None:
    good, bad = requests_of("verdin_quarantine", "/good", "/bad")
    bad["status"] = "teapot"

    sent = verdin.do("send_events", name="requests", rows=[good, bad], wait=True)

    assert sent == [1, 1]
    assert routes(verdin, "verdin_quarantine") == ["/good"]
    [kept] = verdin.do(
        "sql",
        sql="SELECT route, c__error_column AS columns FROM requests_quarantine "
        "WHERE tenant_id = 'verdin_quarantine'",
    )
    assert kept == {"route": "/bad", "columns": ["status"]}


def test_the_projects_append_token_sends_rows_and_reads_none(
    verdin: Verdin, tinybird: Tinybird
) -> None:
    tokens = tinybird.get("/v0/tokens").json()["tokens"]
    append = next(each["token"] for each in tokens if each["name"] == "requests_append")
    rows = requests_of("verdin_append", "/a")

    assert verdin.do("send_events", append, name="requests", rows=rows, wait=True) == [1, 0]
    with pytest.raises(RefusedError):
        routes(verdin, "verdin_append", append)


def test_a_tenants_token_reads_its_own_rows_whichever_tenant_is_asked_for(
    verdin: Verdin, tinybird: Tinybird
) -> None:
    both = requests_of("verdin_mine", "/mine") + requests_of("verdin_yours", "/yours")
    verdin.do("send_events", name="requests", rows=both, wait=True)
    token = tinybird.token(reads("top_routes", tenant_id="verdin_mine"))

    assert routes(verdin, "verdin_mine", token) == ["/mine"]
    assert routes(verdin, "verdin_yours", token) == ["/mine"]


def test_a_tenants_token_reads_no_other_pipe(verdin: Verdin, tinybird: Tinybird) -> None:
    token = tinybird.token(reads("usage_summary", tenant_id="verdin_mine"))

    with pytest.raises(RefusedError):
        routes(verdin, "verdin_mine", token)


def test_sql_runs_on_top_of_a_pipe_with_a_tenants_token(verdin: Verdin, tinybird: Tinybird) -> None:
    rows = requests_of("verdin_on_top", "/a", "/b")
    verdin.do("send_events", name="requests", rows=rows, wait=True)
    token = tinybird.token(reads("top_routes", tenant_id="verdin_on_top", **DAY))

    query = "SELECT sum(requests) AS n FROM _"
    assert verdin.do("query_on_top", token, pipe="top_routes", sql=query) == [{"n": 2}]


@pytest.mark.parametrize(
    ("action", "arguments", "told"),
    [
        ("query", {"pipe": "nosuch", "parameters": {}}, "The pipe 'nosuch' does not exist"),
        ("query", {"pipe": "top_routes", "parameters": {}}, "Required parameter is not defined"),
        ("sql", {"sql": "SELECT * FROM nosuch"}, "403: Resource 'nosuch' not found"),
    ],
)
def test_what_cannot_be_answered_is_verdins_own_error_in_tinybirds_words(
    verdin: Verdin, action: str, arguments: dict[str, Any], told: str
) -> None:
    with pytest.raises(RefusedError, match=told):
        verdin.do(action, **arguments)
