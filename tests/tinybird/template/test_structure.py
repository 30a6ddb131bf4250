"""No value changes the structure of a query, only the content of its literals."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clerk_tinybird_app.tinybird.template import QueryContext, Template, TemplateError

from .sql_lexer import COMMENT, LITERAL, QUOTED_NAME, SIGN, WORD, Token, tokens, without_lists

_NASTY = st.sampled_from("'\"`\\%\n\r\t\0*/-#;(),$[]{} \u2018\u2019\u201c\u201d=1a_.\u2028\ud800")
_TEXTS = st.text(_NASTY | st.characters(), max_size=20) | st.sampled_from(
    ["' OR 1=1 --", "\\' OR 1=1", "*/ OR 1=1 /*", "\n OR 1=1", "$$ OR 1=1", "-5", "5", "nan",
     "-inf", "2024-01-01", "2024-01-01 00:00:00", "a.b", "a,b", "1,2", "true", "[1]", '{"a": "b"}']
)  # fmt: skip
_SCALARS = st.none() | _TEXTS | st.integers() | st.floats() | st.booleans()
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)
_CONTEXT = QueryContext(tables=frozenset({"a", "b"}))

_PIPE = """SELECT {{column(c, 'n')}}, {{Int(n)}} -{{Int(n)}}, 1-{{Int32(n) + 1}} FROM events
WHERE tenant = {{String(x)}} AND name LIKE {{sql_unescape('%' + String(x) + '%', '%')}}
  AND day >= {{Date(d, '2024-01-01')}} AND at < {{DateTime(d, '2024-01-01 00:00:00')}}
  AND id IN {{Array(x)}} AND f > {{Float64(f, 1.5)}} AND g = {{Float32(f, 1) * 2}}
  AND b = {{Boolean(x)}} AND plain = {{x + ''}} -- said {{String(x)}}
  /* and {{String(x)}} {{x}} */ # once {{String(x)}}
  AND {{sql_and(k=x + '', l__in=split_to_array(x + ''))}}
LIMIT {{UInt8(u, 5)}}"""
_REFERENCE = {"x": "plain", "n": 1, "c": "col", "d": None, "f": "1", "u": 7}


def shape(sql: str) -> list[Token]:
    return without_lists(tokens(sql))


@settings(max_examples=400, deadline=None)
@given(x=_TEXTS, n=st.integers(-300, 300), c=_TEXTS, f=_TEXTS | st.floats())
def test_no_value_changes_the_structure_of_a_query(x: str, n: int, c: str, f: Any) -> None:
    values = {"x": x, "n": n, "c": c, "f": f, "u": n, "d": x}
    template = Template(_PIPE)
    reference = shape(template.render(_REFERENCE))
    for changed, value in values.items():
        # One at a time: else a value that is refused would hide the others.
        try:
            sql = template.render({**_REFERENCE, changed: value})
        except TemplateError:
            continue
        if changed == "c":
            sql = sql.replace("`.`", "")  # a name's parts are all still that one name
        assert shape(sql) == reference


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT {{String(x)}}",
        "SELECT {{x}} AND 1",
        "SELECT 1 -- {{x}}\n",
        "SELECT 1 /* {{String(x)}} */",
        "SELECT 1 # {{x}}\n",
        "SELECT 1 -{{x}}",
        "SELECT 1 /* {% if x %}*/{% else %}*/{% end %} AND {{String(x)}}",
        "SELECT {% if 1 %}'it''s' --{% else %}/*{% end %} {{String(x)}} */\n",
        "SELECT a{{x}}",
        "SELECT 'a{{x}}'",
        "SELECT `a{{x}}`",
        "SELECT $$ {{x}} $$",
        "SELECT \u2018{{x}}\u2019",
        "{% for i in [1, 2] %}{{x}} --{% end %}",
        "{% for i in [1, 2] %}{{x}} /*{% end %}*/",
        "SELECT {% try %}/* {{Int32('a')}}{% except %}{{x}} */{% end %} 1",
        "SELECT {% try %}/* {{Int32('a')}} */{% except %}{{x}} */{% end %} 1",
        "{% for i in [1, 2] %}/* {% break %}*/{% end %}{{x}} */",
        "SELECT '{{String(x)}}'",
        "SELECT {{'a' + String(x)}}",
        "SELECT {{String(x).replace('a', String(x))}}",
        "SELECT {{','.join(split_to_array(String(x)))}}",
        "SELECT {{max_threads(x)}} 1",
        "SELECT {{symbol(x)}}",
    ],
)
@settings(max_examples=60, deadline=None)
@given(x=_TEXTS, y=_TEXTS)
def test_no_text_ends_the_literal_or_comment_it_is_written_into(sql: str, x: str, y: str) -> None:
    template = Template(sql)
    shapes = []
    for value in (x, y):
        try:
            # Every branch must come out alike for the shapes to be comparable.
            shapes.append(tokens(template.render({"x": value or "a"}, _CONTEXT)))
        except TemplateError:
            return
    assert shapes[0] == shapes[1]


@settings(max_examples=300, deadline=None)
@given(value=_JSON)
def test_a_json_value_is_written_as_literals_alone(value: Any) -> None:
    for sql in ("{{JSON(x)}}", "{{x}}", "{{Array(x)}}", "{{sql_unescape(x)}}", "{{[x, (x, 1)]}}"):
        try:
            found = tokens(Template(sql).render({"x": value}))
        except TemplateError:
            continue
        strange = [
            token
            for token in found
            if token.kind in {WORD, COMMENT, QUOTED_NAME}
            or (token.kind == SIGN and token.text not in "[](){},:")
        ]
        assert not strange


_EVERYTHING = [
    *(f"{{{{{name}(x)}}}}" for name in (
        "String", "Date", "DateTime", "DateTime64", "Float32", "Float64", "Int", "Integer", "Int8",
        "Int256", "UInt8", "UInt256", "Array", "Boolean", "JSON", "column", "columns", "symbol",
        "table", "defined", "enumerate_with_last", "split_to_array", "error", "custom_error",
        "max_threads", "cache_ttl", "sql_unescape", "len", "min", "max", "int", "float", "list",
    )),
    *(f"{{{{{name}(x, y)}}}}" for name in (
        "day_diff", "date_diff_in_days", "date_diff_in_hours", "date_diff_in_minutes",
        "date_diff_in_seconds", "custom_error", "Array", "split_to_array", "sql_unescape",
        "columns", "symbol", "min",
    )),
    "{{date_diff_in_days(x, y, x, y)}}", "{{sql_and(a=x, b__in=y)}}", "{{columns(x, y, y)}}",
    "{{x.get(y)}}", "{{x.split(y)}}", "{{x.replace(x, y)}}", "{{x.join(y)}}", "{{x[y]}}",
    "{{x[y:y]}}", "{{x + y}}", "{{x - y}}", "{{x * y}}", "{{-x}}", "{{not x}}", "{{{x: y} }}",
    "{% set a = x ** y %}", "{% set a = x / y %}", "{% set a = x % y %}", "{% set a = x // y %}",
    "{% if x < y %}{% end %}", "{% if x in y %}{% end %}", "{% if x == y %}{% end %}",
    "{% for i in x %}{{i}}{% end %}", "{% set a, b = x %}", "'{{x}}'", "-{{x}}", "a{{x}}",
]  # fmt: skip


@pytest.mark.parametrize("sql", _EVERYTHING)
@settings(max_examples=40, deadline=None)
@given(x=_JSON, y=_JSON)
def test_no_value_raises_anything_but_a_template_error(sql: str, x: Any, y: Any) -> None:
    with contextlib.suppress(TemplateError):
        assert isinstance(Template(sql).render({"x": x, "y": y}, _CONTEXT), str)


def test_a_value_that_is_no_json_is_refused() -> None:
    with pytest.raises(TemplateError, match="is no JSON value"):
        Template("{{x}}").render({"x": object()})


def test_the_lexer_itself_tells_a_broken_query_from_a_whole_one() -> None:
    assert shape("a = 'x' -- y\n") == [
        Token(WORD, "a"), Token(SIGN, "="), Token(LITERAL, "text"), Token(COMMENT, "")
    ]  # fmt: skip
    assert shape("a = '' OR 1=1 --'") != shape("a = 'b'")
    with pytest.raises(AssertionError, match="never closed"):
        tokens("a = 'b")
