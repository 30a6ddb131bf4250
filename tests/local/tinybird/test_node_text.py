"""A node's text with its branches chosen, and the line of each piece of it."""

from clerk_tinybird_app.local.tinybird.project.node_text import NodeText, Placed, node_text, placed
from clerk_tinybird_app.tinybird.project import Node
from clerk_tinybird_app.tinybird.template import Template

FIRST_LINE = 10


def text(sql: str) -> NodeText:
    node = Node(name="n", description="", sql=sql, is_template="{" in sql, line=FIRST_LINE)
    return node_text(node)


def chosen(sql: str, *choices: int, **values: str) -> str:
    """Return the SQL of these branches, its blanks made one."""
    return " ".join(rendered(text(sql), *choices, **values).sql.split())


def rendered(found: NodeText, *choices: int, **values: str) -> Placed:
    return placed(Template(found.written(dict(enumerate(choices)))).render(values))


def line_of(found: NodeText, sql: Placed, word: str) -> int:
    return found.pieces[sql.piece_at(sql.sql.index(word))].line


CHAIN = "SELECT {% if x == 1 %} a {% elif x == 2 %} b {% else %} c {% end %} FROM t"


def test_each_branch_of_an_if_can_be_chosen_whatever_its_condition() -> None:
    assert text(CHAIN).branches == (3,)
    assert [chosen(CHAIN, branch) for branch in range(3)] == [
        "SELECT a FROM t",
        "SELECT b FROM t",
        "SELECT c FROM t",
    ]


def test_an_if_without_an_else_can_be_passed() -> None:
    sql = "SELECT 1 {% if x %} WHERE a {% end %}"
    assert text(sql).branches == (2,)
    assert chosen(sql, 1) == "SELECT 1"


def test_an_if_within_another_is_there_only_with_its_branch() -> None:
    sql = "{% if x %} a {% if y %} b {% end %} {% else %} c {% if z %} d {% end %}{% end %}"
    found = text(sql)
    assert found.branches == (2, 2, 2)
    assert found.within == ({}, {0: 0}, {0: 1})
    assert chosen(sql, 0, 0, 0) == "a b"
    assert chosen(sql, 1, 0, 0) == "c d"


def test_the_else_of_a_loop_is_none_of_an_if() -> None:
    sql = "{% for n in [1] %}{{ n }}{% if x %} , {% end %}{% else %} last {% end %}"
    assert text(sql).branches == (2,)
    assert chosen(sql, 0) == "1 , last"


def test_what_refuses_a_request_is_left_out() -> None:
    sql = "SELECT 1 {% if x %} {{ error('no') }} {{ custom_error({'a': 1}) }} {% end %}"
    assert chosen(sql, 0) == "SELECT 1"


def test_every_piece_knows_its_line() -> None:
    sql = "SELECT a,\n{{\nString(x)\n}} AS b, c\n{% if x %}\n  , d\n{% end %}\nFROM t"
    found = text(sql)
    written = rendered(found, 0, x="one two")
    lines = {word: line_of(found, written, word) for word in ("a,", "AS b", ", d", "FROM")}
    assert lines == {"a,": 10, "AS b": 13, ", d": 15, "FROM": 17}


def test_text_that_is_no_template_is_kept_as_it_is() -> None:
    sql = "SELECT '%', {x:Int8}\nFROM t"
    node = Node(name="n", description="", sql=sql, is_template=False, line=FIRST_LINE)
    found = node_text(node)
    written = placed(found.written({}))
    assert written.sql == sql
    assert line_of(found, written, "FROM") == FIRST_LINE + 1
