"""One SELECT from a pipe's nodes."""

from pathlib import Path

import pytest

from clerk_tinybird_app.local.tinybird.errors import ApiError
from clerk_tinybird_app.local.tinybird.project.pipe_sql import compiled, plain, with_before
from clerk_tinybird_app.tinybird.project import Node, Pipe


def pipe(name: str, *nodes: tuple[str, str]) -> Pipe:
    made = tuple(
        Node(name=node, description="", sql=sql, is_template="{" in sql, line=10)
        for node, sql in nodes
    )
    return Pipe(name=name, description="", nodes=made, tokens=(), path=Path(f"{name}.pipe"))


def query(*pipes: Pipe, **values: str) -> str:
    found, mistakes = compiled({each.name: each for each in pipes})
    assert mistakes == []
    return found[pipes[0].name].sql(values)


def test_one_node_is_the_query() -> None:
    assert query(pipe("p", ("n", " SELECT 1 ;\n"))) == "SELECT 1"


def test_nodes_it_reads_from_stand_before_it_once() -> None:
    sql = query(
        pipe("p", ("a", "SELECT 1 AS x"), ("b", "SELECT * FROM a"), ("c", "SELECT * FROM a, b"))
    )
    assert sql == ("WITH `a` AS (SELECT 1 AS x\n), `b` AS (SELECT * FROM a\n) SELECT * FROM a, b")


def test_nodes_it_does_not_read_from_are_not_rendered() -> None:
    assert query(pipe("p", ("a", "SELECT {{ String(missing) }}"), ("b", "SELECT 2"))) == "SELECT 2"


def test_its_own_with_is_kept() -> None:
    assert with_before({"a": "SELECT 1"}, "with b AS (SELECT 2) SELECT * FROM a, b") == (
        "with `a` AS (SELECT 1\n), b AS (SELECT 2) SELECT * FROM a, b"
    )


def test_pipes_it_reads_from_get_the_same_parameters() -> None:
    outer = pipe("outer", ("n", "SELECT * FROM inner_one"))
    inner = pipe("inner_one", ("n", "SELECT {{ String(x) }} AS x"))
    assert query(outer, inner, x="it's") == (
        "WITH `inner_one` AS (SELECT 'it\\'s' AS x\n) SELECT * FROM inner_one"
    )


@pytest.mark.parametrize(
    "pipes",
    [
        [pipe("p", ("a", "SELECT * FROM b"), ("b", "SELECT * FROM a"))],
        [pipe("p", ("n", "SELECT * FROM q")), pipe("q", ("n", "SELECT * FROM p"))],
    ],
)
def test_a_circle_is_refused(pipes: list[Pipe]) -> None:
    with pytest.raises(ApiError, match="Circular reference"):
        query(*pipes)


def test_a_column_named_as_a_pipe_is_no_circle() -> None:
    total = pipe("total", ("n", "SELECT sum(total) FROM pages"))
    pages = pipe("pages", ("n", "SELECT 1 AS total -- FROM total"))
    assert query(total, pages) == (
        "WITH `pages` AS (SELECT 1 AS total -- FROM total\n) SELECT sum(total) FROM pages"
    )


def test_a_mistake_in_a_template_names_file_and_line() -> None:
    wrong = pipe("p", ("n", "SELECT 1\n{% if x %}"), ("m", "SELECT {{"))
    found, mistakes = compiled({"p": wrong})
    assert [(each.file, each.line) for each in mistakes] == [(Path("p.pipe"), 11), (wrong.path, 10)]
    assert found == {}


@pytest.mark.parametrize("sql", ["-- why\n/* and */ SELECT 1", "  SELECT 1;; \n"])
def test_comments_before_and_semicolons_after_are_dropped(sql: str) -> None:
    assert plain(sql) == "SELECT 1"
