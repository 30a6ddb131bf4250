"""``/v0/sql``: one SELECT over what the token may read."""

import json
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.test_pipes import OUT_OF_THE_PIPE


def test_the_answer_is_tab_separated_unless_asked_otherwise(tinybird: Tinybird) -> None:
    of_two = "SELECT tenant, count() AS n FROM visits WHERE length(tenant) = 1"
    query = f"{of_two} GROUP BY tenant ORDER BY tenant"
    assert tinybird.sql(query) == "a\t3\nb\t1"
    answer = tinybird.get("/v0/sql", q=f"{query} FORMAT JSON; -- so")
    assert answer.json()["data"] == [{"tenant": "a", "n": 3}, {"tenant": "b", "n": 1}]
    assert answer.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize(
    "sent",
    [
        {"content": "SELECT 1 + 1"},
        {"json": {"q": "SELECT 1 + 1"}},
        {"data": {"q": "SELECT 1 + 1"}},
        {"params": {"q": "SELECT 1 + 1"}},
        {"content": '{"q": "SELECT 1 + 1"}', "headers": {"Content-Type": "Application/JSON"}},
    ],
)
def test_the_query_may_be_posted(tinybird: Tinybird, sent: dict[str, Any]) -> None:
    assert tinybird.post("/v0/sql", **sent).text.strip() == "2"


def test_a_data_source_can_be_described(tinybird: Tinybird) -> None:
    assert tinybird.sql("DESCRIBE visits").splitlines()[1].split("\t")[:2] == ["tenant", "String"]


def test_a_pipe_can_be_read_from(tinybird: Tinybird) -> None:
    answer = tinybird.get("/v0/sql", q="SELECT sum(visits) FROM pages", tenant="a")
    assert answer.text.strip() == "3"


@pytest.mark.parametrize(
    ("query", "status", "text"),
    [
        ("SELECT * FROM nope", 403, "Resource 'nope' not found"),
        ("SELECT 1; SELECT 2", 400, "Syntax error (Multi-statements are not allowed)"),
        ("DROP TABLE visits", 400, "Only SELECT or DESCRIBE queries are supported. Got: DropQuery"),
        ("INSERT INTO visits VALUES (1)", 400, "Got: InsertQuery"),
        ("SELECT nope FROM visits", 400, "(UNKNOWN_IDENTIFIER)"),
        ("SELECT 1 FORMAT Nope", 400, "Unknown format Nope"),
        ("SELECT 1 FORMAT DataFrame", 400, "Unknown format DataFrame"),
        ("SELECT 1 FORMAT ArrowTable", 400, "Unknown format ArrowTable"),
        ("SELECT FROM WHERE", 400, "(SYNTAX_ERROR)"),
        ("SELECT '\0'", 400, "zero bytes"),
    ],
)
def test_what_is_refused_says_why(tinybird: Tinybird, query: str, status: int, text: str) -> None:
    answer = tinybird.get("/v0/sql", q=query)
    assert answer.status_code == status
    assert text in answer.json()["error"]


@pytest.mark.parametrize("query", OUT_OF_THE_PIPE)
def test_a_pipes_token_reads_no_table(tinybird: Tinybird, query: str) -> None:
    token = tinybird.token(reads("echo"))
    answer = tinybird.get("/v0/sql", token, q=query.replace("FROM _", "FROM (SELECT 1 AS page)"))
    assert answer.status_code == 403
    assert "/secret" not in answer.text


def test_a_pipes_token_reads_its_pipe_with_the_fixed_parameters(tinybird: Tinybird) -> None:
    token = tinybird.token(reads("pages", tenant="a"))
    answer = tinybird.get("/v0/sql", token, q="SELECT page FROM pages", tenant="b")
    assert answer.text.split() == ["/about", "/home"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT DISTINCT tenant FROM visits",
        "SELECT DISTINCT v.tenant FROM visits AS v",
        "WITH x AS (SELECT tenant FROM visits) SELECT DISTINCT tenant FROM x",
        "SELECT tenant FROM (SELECT * FROM visits UNION ALL SELECT * FROM visits) GROUP BY tenant",
    ],
)
def test_a_data_sources_filter_holds(tinybird: Tinybird, query: str) -> None:
    scope = {"type": "DATASOURCES:READ", "resource": "visits", "filter": "tenant = 'a'"}
    answer = tinybird.get("/v0/sql", tinybird.token(scope), q=query)
    assert (answer.status_code, answer.text.strip()) == (200, "a")


def test_a_filter_cannot_be_gone_around_by_the_database(tinybird: Tinybird) -> None:
    database = f"w_{tinybird.workspace_id.replace('-', '')}"
    scope = {"type": "DATASOURCES:READ", "resource": "visits", "filter": "tenant = 'a'"}
    query = f"SELECT tenant FROM {database}.visits"
    assert tinybird.get("/v0/sql", tinybird.token(scope), q=query).status_code == 403


def test_an_error_in_a_hidden_table_is_never_reached(tinybird: Tinybird) -> None:
    token = tinybird.token(reads("echo"))
    query = "SELECT (SELECT throwIf(page = '/secret', page) FROM visits LIMIT 1)"
    answer = tinybird.get("/v0/sql", token, q=query)
    assert json.loads(answer.text)["error"] == "Resource 'visits' not found"


LOOKS_BEHIND = [
    "SELECT * FROM {source} WHERE throwIf(page = '/secret', 'It is there.')",
    "SELECT * FROM {source} WHERE page != '/secret' OR toInt32(page) = 1",
    "SELECT 1 FROM {source} AS s JOIN (SELECT 0 AS x) AS y "
    "ON throwIf(s.page = '/secret', 'It is there.') = y.x",
    "SELECT 1 WHERE 'x' IN (SELECT page FROM {source} WHERE throwIf(page = '/secret', 'There.'))",
]
"""Conditions that fail for another tenant's row, if they are asked of it."""


@pytest.mark.parametrize("query", LOOKS_BEHIND)
def test_a_condition_is_never_asked_of_a_row_that_is_kept_out(
    tinybird: Tinybird, query: str
) -> None:
    scope = {"type": "DATASOURCES:READ", "resource": "visits", "filter": "tenant = 'a'"}
    own, pages = tinybird.token(scope), tinybird.token(reads("pages", tenant="a"))
    answers = [
        tinybird.get("/v0/sql", own, q=query.format(source="visits")),
        tinybird.get("/v0/sql", pages, q=query.format(source="pages")),
        tinybird.get("/v0/pipes/pages.json", pages, q=query.format(source="_")),
    ]
    assert [answer.status_code for answer in answers] == [200] * 3
