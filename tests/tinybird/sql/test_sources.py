"""The tables that a node may read, told from its SQL."""

import pytest

from clerk_tinybird_app.tinybird.project import Node
from clerk_tinybird_app.tinybird.sql.sources import ANY_TABLE, named_in, sources


def found(sql: str) -> frozenset[str]:
    is_template = "{" in sql
    return sources(Node(name="n", description="", sql=sql, is_template=is_template, line=1))


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT a, b FROM t", {"t"}),
        ("SELECT t FROM u AS t, v x WHERE y IN (1, 2)", {"u", "v"}),
        ("SELECT 1 FROM db.t LEFT JOIN `u` ON t.a = f(u.a, b), v", {"t", "u", "v"}),
        ("SELECT 1 FROM (SELECT 1 FROM t GROUP BY a, b), u", {"t", "u"}),
        ("SELECT 1 WHERE a IN t AND b IN (SELECT c FROM u)", {"t", "u"}),
        ("SELECT 'FROM s' /* FROM s */ -- it's FROM s\nFROM t", {"t"}),
        ("SELECT 1 # it's one\nFROM t # that's all", {"t"}),
        ("SELECT 1 FROM {% if a %} t {% else %} u {% end %}, v", {"t", "u", "v"}),
        ("SELECT 1 {% if a %} FROM t {% else %} FROM u {% end %}", {"t", "u"}),
        ("SELECT {{ String(a) }} FROM {{ table(b) }}", {ANY_TABLE}),
        ("FROM t SELECT count() AS u", {"t"}),
        (
            "SELECT 1 FROM {% if a %} {% if b %} t {% else %} u {% end %} {% elif c %} v {% end %}",
            {"t", "u", "v"},
        ),
        ("SELECT 1 FROM t WHERE {% for y in z %} c = {{ y }} OR {% end %} 0", {"t"}),
        ('SELECT a AS "b s" FROM t WHERE a IN ((u))', {"t", "u"}),
        ("(SELECT a FROM t) UNION ALL (SELECT b FROM u)", {"t", "u"}),
        ("SELECT 1 FROM file('s')", set()),
    ],
)
def test_the_tables_of_a_query_are_found(sql: str, tables: set[str]) -> None:
    assert found(sql) >= tables
    assert not found(sql) & {"s", "a", "b", "y"}


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT a FROM t AS x, db.u WHERE b AND in(c, v), y", {"t", "u", "v"}),
        ("SELECT a, b FROM (SELECT y FROM t) JOIN `u` ON a = b", {"t", "u"}),
        ("SELECT 'FROM s' -- FROM s\nFROM t", {"t"}),
        ("SELECT 'of no end FROM s", set()),
        ("SELECT a FROM (SELECT 1), u", {"u"}),
        ("SELECT a FROM numbers(10, b), u", {"u"}),
        ("SELECT a FROM t FINAL, u", {"t", "u"}),
        ("SELECT a FROM t SAMPLE 0.1, u", {"t", "u"}),
        ("SELECT a FROM t x JOIN u ON x.a = x.b, v", {"t", "u", "v"}),
        ("SELECT a FROM t WHERE a IN u GROUP BY y, b", {"t", "u"}),
    ],
)
def test_of_sql_that_cannot_be_parsed_every_name_in_a_tables_place_counts(
    sql: str, tables: set[str]
) -> None:
    assert set(named_in(sql)) >= tables
    assert not set(named_in(sql)) & {"s", "a", "b", "y"}


def test_reading_a_query_writes_nothing_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        assert found("SELECT a[1], quantiles(0.5, 0.9)(b)[2] FROM t") == {"t"}

    assert caplog.text == ""
