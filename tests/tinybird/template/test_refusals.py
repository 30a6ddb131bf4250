"""What a template must not use, also when it is written in another way."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clerk_tinybird_app.tinybird.template import Template, TemplateError
from clerk_tinybird_app.tinybird.template.compiler import NAMESPACE, compile_template


def refusal(sql: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        Template(sql)
    return caught.value


@pytest.mark.parametrize(
    ("name", "directive"),
    [
        ("import", "{% import os %}"),
        ("from", "{% from os import path %}"),
        ("include", '{% include "a" %}'),
        ("extends", '{% extends "a" %}'),
        ("block", "{% block a %}b{% end %}"),
        ("raw", "{% raw x %}"),
        ("apply", "{% apply len %}b{% end %}"),
        ("module", "{% module a() %}"),
        ("autoescape", "{% autoescape None %}"),
        ("whitespace", "{% whitespace oneline %}"),
        ("super", "{% super %}"),
        ("anything", "{% anything %}"),
    ],
)
def test_a_directive_is_refused_by_name_and_line(name: str, directive: str) -> None:
    error = refusal(f"SELECT 1\n\n{directive}")
    assert name in error.message
    assert error.message.endswith(", line 3")
    assert error.line == 3


@pytest.mark.parametrize(
    "expression",
    [
        "x.__class__",
        "x.y",
        "().__class__.__bases__[0].__subclasses__()",
        "''.format(x)",
        "x.upper()",
        "__import__('os').system('true')",
        "open('/etc/passwd')",
        "eval('1')",
        "getattr(x, 'y')",
        "range()",
        "str(1, 2)",
        "globals()",
        "run.context",
        "run.spend(1)",
        "_tt_buffer.append(1)",
        "_tt_utf8('a')",
        "isinstance(x, y)",
        "u_x()",
        "(lambda: 1)()",
        "[i.y for i in x]",
        "[i async for i in x]",
        "[i for i.y in x]",
        "[q for q in x]",
        "[(lambda: i) for i in x]",
        "{i for i in x}",
        "(i for i in x)",
        "{1, 2}",
        "f'{x!r}'",
        "f'{x:{y}}'",
        "'%s' % x",
        "sum([1])",
        "sorted(x)",
        "x.append(1)",
        "x.items()",
        "{i: 1 for i in x}",
        "(y := 5)",
        "b'x'",
        "...",
        "1j",
        "await x",
        "(yield)",
        "String(*x)",
        "String(**x)",
        "String(x, run=1)",
        "{**x}",
        "[*x]",
        "x @ y",
        "2 ** 3",
        "1 << 3",
        "~1",
        "1 / 2",
        "x or 'd'",
        "x == 'a'",
        "String",
        "String(table, 'a')",
        "String(format)",
        "q",
        "__builtins__",
        "String(class)",
        "String()",
        "String(x, foo=1)",
        "Boolean(x, description='d')",
        "table('a', 'b')",
        "min(x, key=len)",
        "tb_secret(x)",
        "String('a'",
        "1) or (1",
        "x; y",
        "x = 1",
        "'a' 'b",
        "",
        "1" * 5000,
        "9" * 200,
    ],
)
def test_an_expression_outside_the_list_is_refused_with_its_line(expression: str) -> None:
    error = refusal(f"SELECT 1,\n{{{{ {expression} }}}}")
    assert error.message.startswith("Template Syntax Error: ")
    assert error.line == 2


@pytest.mark.parametrize(
    "name", ["values", "run", "write", "f_String", "o_item", "u_x", "_tt_utf8"]
)
def test_a_name_of_the_compiled_codes_own_is_only_a_parameter_that_nobody_gave(name: str) -> None:
    template = Template(f"{{{{ {name} }}}}")
    assert [parameter.name for parameter in template.parameters] == [name]
    with pytest.raises(TemplateError, match="evaluated to null"):
        template.render({})
    assert template.render({name: 5}) == "5"


@pytest.mark.parametrize(
    "statement",
    [
        "{% set import os %}",
        "{% set x = 1; import os %}",
        "{% set x.y = 1 %}",
        "{% set x[0].y = 1 %}",
        "{% set x[0], y = z %}",
        "{% set x[0:1] = y %}",
        "{% set x['a'] += 1 %}",
        "{% set y = sorted(x, key=len) %}",
        "{% set y = f'{x.y}' %}",
        "{% set y = {i: i.y for i in x} %}",
        "{% set y = any(i.y for i in x) %}",
        "{% set y = x.format(1) %}",
        "{% set y = x.extend(x) %}",
        "{% set (a, (b, c)) = x %}",
        "{% set *a, b = x %}",
        "{% set x: int = 1 %}",
        "{% set a = b = 1 %}",
        "{% set del x %}",
        "{% set global x %}",
        "{% set raise x %}",
        "{% set return 1 %}",
        "{% set def f(): pass %}",
        "{% set format = 1 %}",
        "{% set __builtins__ = 1 %}",
        "{% set x <<= 1 %}",
        "{% set x = x.__class__ %}",
        "{% set break %}",
        "{% if x:\n import os\nif y %}{% end %}",
        "{% if %}{% end %}",
        "{% if x := 1 %}{% end %}",
        "{% for x in y: import os\nfor z in y %}{% end %}",
        "{% for x.y in z %}{% end %}",
        "{% for x %}{% end %}",
        "{% for x in y if z %}{% end %}",
        "{% while x.y %}{% end %}",
        "{% try x %}{% end %}",
        "{% try %}{% except (KeyError) as e %}{% end %}",
        "{% try %}{% except BaseException %}{% end %}",
        "{% try %}a{% end %}",
        "{% if x %}{% else if y %}{% end %}",
        "{% if x %}{% else %}{% else %}{% end %}",
        "{% if x %}",
        "{% end %}",
        "{% else %}",
        "{% break %}",
        "{% %}",
        "{% for a in [1] %}{% try %}b{% finally %}{% break %}{% end %}{% end %}",
        "{% while 1 %}{% try %}b{% finally %}{% if 1 %}{% continue %}{% end %}{% end %}{% end %}",
        "{{ x",
        "{% if x",
        "{# x",
        "{{ \0 }}",
        "\ud800",
    ],
)
def test_a_statement_outside_the_list_is_refused(statement: str) -> None:
    assert refusal(statement).message.startswith("Template Syntax Error: ")


@pytest.mark.parametrize(
    "sql",
    [
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ " + "-" * 50_000 + "1 }}",
        "{{ " + "1+" * 50_000 + "1 }}",
        "{{ " + "[" * 2000 + "]" * 2000 + " }}",
        "{% if 1 %}" * 2000 + "{% end %}" * 2000,
        "{% for a in [1] %}" * 30 + "{% end %}" * 30,
        "x" * 200_001,
    ],
)
def test_a_template_that_is_too_deep_or_long_is_refused(sql: str) -> None:
    refusal(sql)


def test_a_string_that_looks_like_a_directive_stays_a_string() -> None:
    assert Template(r"{{String(x, '\x25} {\x25 import os %')}}").render({}) == (
        r"'\%} {\% import os \%'"
    )


_WORDS = st.sampled_from(
    [
        "{{", "}}", "{%", "%}", "{#", "#}", "{{!", " ", "\n", "if ", "elif ", "else", "for ",
        " in ", "while ", "end", "set ", "try", "except", "finally", "break", "continue",
        "comment ", "import ", "raw ", "x", "y", "String(", "Array(", "JSON(", "column(",
        "defined(", "Int32(", "error(", ")", "(", "[", "]", "{", "}", ",", "=", "==", "+", "*",
        "**", "-", "<", ".", ".get(", ".join(", ".replace(", ".split(", "__class__", "'", '"',
        "a", "1", "None", "True", "lambda ", ":", "and ", "not ", "--", "/*", "*/", "\\", "%",
        "{{String(x)}}", "{% if x %}", "{% end %}", "{% for y in x %}", "{% set y = x %}",
        "{% while x %}", "{% try %}", "{% except %}", "{{y}}", "{% set x = x + x %}",
    ]
)  # fmt: skip
_SOURCES = st.lists(_WORDS, max_size=25).map("".join) | st.text(max_size=60)
_VALUES = st.dictionaries(
    st.sampled_from(["x", "y", "a"]),
    st.none() | st.text(max_size=5) | st.integers() | st.lists(st.integers(), max_size=3),
)


@settings(max_examples=400, deadline=None)
@given(source=_SOURCES, values=_VALUES)
def test_no_source_raises_anything_but_a_template_error(
    source: str, values: dict[str, object]
) -> None:
    with contextlib.suppress(TemplateError):
        Template(source).render(values)


@settings(max_examples=400, deadline=None)
@given(source=_SOURCES)
def test_no_source_compiles_to_code_that_names_anything_else(source: str) -> None:
    try:
        code = compile_template(source).code
    except TemplateError:
        return
    assert set(code.co_names) <= {
        *NAMESPACE,
        "run",
        "values",
        "isinstance",
        "str",
        "append",
        "join",
    }
    assert all(name.startswith(("_tt_", "u_")) for name in code.co_varnames)
    assert not [constant for constant in code.co_consts if hasattr(constant, "co_code")]
