"""The columns of a pipe are read off its SQL, or it is said that they cannot be."""

from pathlib import Path

import pytest

from clerk_tinybird_app.tinybird.endpoint_columns import columns_of
from clerk_tinybird_app.tinybird.project import read_files

SOURCE = "SCHEMA >\n    `at` DateTime,\n    `tenant` String,\n    `n` UInt8\n"


def columns(sql: str, *, before: str = "SELECT 1 AS one") -> set[str] | None:
    """Return the columns of a pipe whose endpoint has this SQL, after a node ``before``."""
    indented = sql.replace("\n", "\n    ")
    nodes = f"NODE before\nSQL >\n    {before}\n\nNODE endpoint\nSQL >\n    {indented}\n"
    other = "NODE endpoint\nSQL >\n    SELECT 2 AS two\n\nTYPE ENDPOINT\n"
    files = {
        "asked.pipe": f"{nodes}\nTYPE ENDPOINT\n",
        "other.pipe": other,
        "rows.datasource": SOURCE,
    }
    project = read_files({Path(name): text.encode() for name, text in files.items()})
    assert project.mistakes == ()
    found = columns_of("asked", project)
    return None if found is None else set(found)


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT a, b FROM rows", {"a", "b"}),
        ("select a as x, count() as n from rows group by a", {"x", "n"}),
        ("SELECT r.a, r.b c FROM rows AS r", {"r", "a", "b", "c"}),
        ("SELECT DISTINCT a FROM rows", {"a"}),
        ('SELECT `a b` AS `c d`, "e" FROM rows', {"c d", "e"}),
        ("SELECT 'a, b FROM c' AS text, 1 AS one", {"text", "one"}),
        ("SELECT a -- b, c\n, d /* e, */ FROM rows", {"a", "d"}),
        ("SELECT if(a, b, c) AS x, [1, 2][1] AS y FROM rows", {"x", "y"}),
        ("SELECT count(*) AS n, a * b AS product FROM rows", {"n", "product"}),
        ("SELECT CAST(a AS String) AS x FROM rows", {"x"}),
        ("SELECT toInt32(a) AS x, cast(b AS Int8) FROM rows", {"x", "cast"}),
        ("WITH 1 AS k, (SELECT max(at) FROM rows) AS last SELECT k, last FROM rows", {"k", "last"}),
        ("WITH recent AS (SELECT a, b FROM rows) SELECT c FROM recent", {"c"}),
        ("SELECT a FROM rows UNION ALL SELECT z FROM rows", {"a"}),
        ("SELECT max(n) AS limit, any(n) AS format FROM rows", {"limit", "format"}),
        ("SELECT a, order FROM rows", {"a", "order"}),
        ("SELECT * FROM rows", {"at", "tenant", "n"}),
        ("SELECT *, 1 AS one FROM rows WHERE n > 1", {"at", "tenant", "n", "one"}),
        ("SELECT * FROM before", {"one"}),
        ("SELECT * FROM other", {"two"}),
        ("SELECT * FROM (SELECT a, b AS c FROM rows) LIMIT 1", {"a", "c"}),
        ("SELECT * FROM (SELECT * FROM (SELECT a FROM rows))", {"a"}),
        ("%\nSELECT a {% if defined(x) %}, b{% end %} FROM rows", {"a", "b"}),
        (
            "%\nSELECT {% if defined(x) %} a AS y {% else %} b AS z {% end %}, c FROM rows",
            {"y", "z", "c"},
        ),
        ("%\nSELECT {{ String(x, 'a, b') }} AS x, n FROM rows WHERE n = {{ Int8(n) }}", {"x", "n"}),
    ],
)
def test_what_can_be_told_is_told(sql: str, names: set[str]) -> None:
    assert columns(sql) == names


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT r.* FROM rows AS r",
        "SELECT * EXCEPT (n) FROM rows",
        "SELECT * REPLACE (1 AS n) FROM rows",
        "SELECT * FROM rows, before",
        "SELECT * FROM rows JOIN before ON 1",
        "SELECT * FROM numbers(10)",
        "SELECT * FROM somewhere",
        "SELECT COLUMNS('a.*') FROM rows",
        "SELECT DISTINCT ON (a) a, b FROM rows",
        "FROM rows SELECT a",
        "(SELECT a FROM rows)",
        "%\nSELECT {{ columns(x, 'a,b') }} FROM rows",
        "%\nSELECT a AS {{ symbol(x) }} FROM rows",
        "%\nSELECT {% for x in ['a', 'b'] %} n AS of_{{ x }}, {% end %} n FROM rows",
    ],
)
def test_what_cannot_be_told_is_not_told(sql: str) -> None:
    assert columns(sql) is None


def test_nodes_that_go_round_in_circles_are_not_followed_forever() -> None:
    assert columns("SELECT * FROM before", before="SELECT * FROM endpoint") is None
