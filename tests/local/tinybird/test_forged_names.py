"""No name that a caller makes up passes for another: what a query uses is read off a text."""

import pytest

from tests.local.tinybird.process import Tinybird, reads

FIELDS = ("identifier", "function_name", "table_function_name", "alias", "cte_name")
FORGED = [
    *(f"SELECT * FROM visits AS `x, {field}: _`" for field in FIELDS),
    *(f'SELECT * FROM visits AS "x, {field}: pages"' for field in FIELDS),
    *(f"SELECT file('/etc/passwd') AS `x, {field}: plus`" for field in FIELDS),
    *(f"SELECT sleep(0.1) AS `x, {field}: plus`" for field in FIELDS),
    *(f"SELECT * FROM merge('', '.*') AS `x, {field}: numbers`" for field in FIELDS),
    *(f"SELECT * FROM system.databases AS `x, {field}: _`" for field in FIELDS),
    *(f"SELECT 1 IN visits AS `x, {field}: _`" for field in FIELDS),
    *(f"WITH `x, {field}: visits` AS (SELECT 1) SELECT * FROM visits" for field in FIELDS),
    *(f"SELECT 'x, {field}: visits', * FROM visits" for field in FIELDS),
    *(f"SELECT 'x, {field}: system.databases', * FROM system.databases" for field in FIELDS),
    "SELECT * FROM visits AS `x,identifier: _`",
    "SELECT * FROM visits AS `x, identifier : _`",
    "SELECT `file`('/etc/passwd')",
]


@pytest.mark.parametrize("query", FORGED)
@pytest.mark.parametrize("path", ["/v0/pipes/pages.json", "/v0/sql"])
def test_a_forged_name_opens_nothing(tinybird: Tinybird, path: str, query: str) -> None:
    token = tinybird.token(reads("pages", tenant="a"))

    answer = tinybird.get(path, token, q=query)

    assert answer.status_code in (400, 403), answer.text
    assert "/secret" not in answer.text
    assert "root:" not in answer.text


@pytest.mark.parametrize("name", ["p95, ms", "a: b", "größte, in kB"])
def test_a_name_of_words_and_signs_is_a_name(tinybird: Tinybird, name: str) -> None:
    token = tinybird.token(reads("pages", tenant="a"))

    answer = tinybird.get("/v0/pipes/pages.json", token, q=f"SELECT 1 AS `{name}` FROM _ LIMIT 1")

    assert [column["name"] for column in answer.json()["meta"]] == [name]
