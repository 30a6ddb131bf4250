"""What a template becomes, case by case, in Tinybird's own words and spelling."""

from typing import Any

import pytest

from clerk_tinybird_app.tinybird.template import QueryContext, Template, TemplateError

MISSING_X = (
    "Template Syntax Error: Required parameter is not defined. Check the parameters x. "
    "Please provide a value or set a default value in the pipe code."
)


def render(sql: str, **values: Any) -> str:
    return Template(sql).render(values)


def message(sql: str, **values: Any) -> str:
    with pytest.raises(TemplateError) as caught:
        render(sql, **values)
    assert caught.value.status == 400
    return caught.value.message


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("' OR 1=1 --", r"'\' OR 1=1 --'"),
        ('a\nb\tc\\d"e\0f\r\b`', r"""'a\nb\tc\\d\"e\0f\r\b\`'"""),
        ("é漢😀", "'é漢😀'"),
        ("100%_", r"'100\%_'"),
        ("{{d}} {% end %}", r"'{{d}} {\% end \%}'"),
        ("", "''"),
        (5, "'5'"),
        (1.5, "'1.5'"),
        (True, "'True'"),
        ([1, 2], "'[1, 2]'"),
        ({"a": 1}, r"'{\'a\': 1}'"),
    ],
)
def test_a_string_is_quoted_and_escaped(given: Any, written: str) -> None:
    assert render("{{String(x)}}", x=given) == written


@pytest.mark.parametrize(
    ("sql", "given", "written"),
    [
        ("{{Int32(x)}}", "5", "toInt32('5')"),
        ("{{Int32(x)}}", "+05", "toInt32('5')"),
        ("{{Int32(x)}}", 5, "toInt32('5')"),
        ("{{Int32(x)}}", "٣", "toInt32('3')"),
        ("{{Int32(x)}}", "-2147483648", "toInt32('-2147483648')"),
        ("{{Int8(x)}}", 127, "toInt8('127')"),
        ("{{UInt64(x)}}", "18446744073709551615", "toUInt64('18446744073709551615')"),
        ("{{Int256(x)}}", "5", "toInt256('5')"),
        ("{{Int(x)}}", "5", "5"),
        ("{{Integer(x)}}", "-5", "-5"),
        ("{{Int32(x) + 1}}", "5", "6"),
        ("{{-Int32(x) * 2}}", "5", "-10"),
        ("{{min(Int32(x), 100)}}", "5", "toInt32('5')"),
        ("{{Float32(x)}}", "1.5", "toFloat32('1.5')"),
        ("{{Float64(x)}}", "1e5", "toFloat64('100000.0')"),
        ("{{Float64(x)}}", 5, "toFloat64('5.0')"),
        ("{{Float64(x)}}", "nan", "toFloat64('nan')"),
        ("{{Float64(x)}}", "1e400", "toFloat64('inf')"),
        ("{{Float32(x) + 1}}", 5, "6.0"),
        ("{{Boolean(x)}}", "true", "1"),
        ("{{Boolean(x)}}", "FALSE", "0"),
        ("{{Boolean(x)}}", "0", "0"),
        ("{{Boolean(x)}}", "", "0"),
        ("{{Boolean(x)}}", "no", "1"),
        ("{{Boolean(x)}}", 0, "0"),
        ("{{Boolean(x)}}", None, "0"),
        ("{{Boolean(x, True)}}", None, "1"),
        ("{{Boolean(x, 'true')}}", None, "1"),
        ("{{Date(x)}}", "2024-13-45", "'2024-13-45'"),
        ("{{DateTime(x)}}", "2024-01-02 10:00:00", "'2024-01-02 10:00:00'"),
        ("{{DateTime(x)}}", "2024-01-02T10:00:00.5Z", "'2024-01-02T10:00:00.5Z'"),
        ("{{DateTime(x)}}", "2024-01-02 10:00:00+02:00", "'2024-01-02 10:00:00+02:00'"),
        ("{{DateTime64(x)}}", "2024-01-02 10:00:00.123456", "'2024-01-02 10:00:00.123456'"),
        ("{{Array(x)}}", "a',b", r"['a\'','b']"),
        ("{{Array(x, 'String')}}", ["a", "b,c"], "['a','b,c']"),
        ("{{Array(x, 'Int32')}}", "1,-2", "[1,-2]"),
        ("{{Array(x, Int32)}}", "1", "[1]"),
        ("{{Array(x, 'Float64')}}", "1.5,2", "[1.5,2.0]"),
        ("{{Array(x, 'Boolean')}}", [True, "no", 0], "[1,1,0]"),
        ("{{Array(x, 'Date')}}", "2024-01-01", "['2024-01-01']"),
        ("{{Array(x, 'UUID')}}", "a-b,c", "['a-b','c']"),
        ("{{Array(x)}}", "", "['']"),
        ("{{Array(x)}}", [], "[]"),
        ("{{Array(x, 'Int32', [1, 2])}}", None, "[1,2]"),
        ("{{Array(x, 'String', 'a,b')}}", None, "['a','b']"),
        ("{{JSON(x)}}", '{"a": [1, null, "b\'"]}', r"{'a': [1, NULL, 'b\'']}"),
        ("{{JSON(x)}}", [1, "a"], "[1, 'a']"),
        ("{{JSON(x)}}", None, "{}"),
        ("{{JSON(x).get('a', 'z')}}", '{"b": 1}', "'z'"),
        ("{{JSON(x)['a']}}", '{"a": 1.5}', "1.5"),
        ("{{column(x)}}", "a.b", "`a`.`b`"),
        ("{{column(x, 'd')}}", None, "`d`"),
        ("{{columns(x)}}", "a, b", "`a`,`b`"),
        ("{{columns(x, 'c,d', 'sum')}}", None, "sum(`c`) as `c`,sum(`d`) as `d`"),
        ("{{symbol(x)}}", "a.b", "`a.b`"),
        ("{{symbol(x, '\"')}}", "a", '"a"'),
        ("{{x}}", "abc", "'abc'"),
        ("{{x}}", 5, "5"),
        ("{{x}}", True, "True"),
        ("{{x}}", [1, "a'"], r"[1, 'a\'']"),
        ("{{'a' + String(x)}}", "b'", r"'ab\''"),
        ("{{sql_unescape(x, '%')}}", "a%b'", r"'a%b\''"),
        ("LIKE {{sql_unescape('%' + String(x) + '%', '%')}}", "a", "LIKE '%a%'"),
        ('{{sql_unescape(x, "\'")}}', "a'", r"'a\''"),
        ("{{split_to_array(x)}}", "a, b", "['a', 'b']"),
        ("{{split_to_array(x, 'c|d', separator='|')}}", None, "['c', 'd']"),
        ("{{split_to_array(x)}}", None, "['']"),
        ("{{','.join(split_to_array(x))}}", "p, q'", r"'p,q\''"),
        ("{{x.split(',')[0]}}", "p,q", "'p'"),
        ("{% if x.startswith('p') %}yes{% else %}no{% end %}", "p,q", "yes"),
        ("{% if x.startswith('q') %}yes{% else %}no{% end %}", "p,q", "no"),
        ("{% if String(x).startswith(('a', 'p')) %}yes{% else %}no{% end %}", "p,q", "yes"),
        ("{% if x.endswith('q') %}yes{% else %}no{% end %}", "p,q", "yes"),
        (
            "{% for n, i in enumerate(split_to_array(x)) %}{{n}}={{i}};{% end %}",
            "p,q",
            "0='p';1='q';",
        ),
        ("{% for n, i in enumerate(split_to_array(x), 5) %}{{n}}={{i}};{% end %}", "p", "5='p';"),
        ("{{x.strip()}}", " a ", "'a'"),
        ("{{String(x).strip('ab')}}", "abcab", "'c'"),
        ("{{range(3)}} {{range(1, 3)}} {{range(5, 0, -2)}}", None, "[0, 1, 2] [1, 2] [5, 3, 1]"),
        ("{% for i in range(Int32(x)) %}{{i}},{% end %}", "3", "0,1,2,"),
        ("{{str(x)}} {{str(1)}} {{str(Int32('7'))}} {{str(1.5)}}", "a'", r"'a\'' '1' '7' '1.5'"),
        ("{{column('page_' + str(Int32(x)))}}", "5", "`page_5`"),
        ("{{[i for i in split_to_array(x)]}}", "p, q'", r"['p', 'q\'']"),
        ("{{[Int32(i) for i in x]}}", ["1", "2"], "[toInt32('1'), toInt32('2')]"),
        (
            "{% set z = 2 %}{% set l = [n * z for n, i in enumerate(x) if i != 'a'] %}{{l}}",
            ["a", "b", "c"],
            "[2, 4]",
        ),
        ("{{[a + b for a in x for b in range(a)]}}{{x}}", [1, 2], "[1, 2, 3][1, 2]"),
        ("{{','.join([x + 'b' for x in ['a']])}} {{x}}", "outer", "'ab' 'outer'"),
        ("{{x.replace('a', 'b', 1)}}", "aa", "'ba'"),
        ("{{x[0:2]}}", "abc", "'ab'"),
        ("{{sql_and(a=x)}}", "z", "a = 'z'"),
        ("{{sql_and(a__gt=Int32(x), b=y)}}", "1", "a > toInt32('1')"),
        (
            "{{sql_and(a__in=Array(x, 'Int32', defined=False), b__lte=1)}}",
            "1,2",
            "a in [1,2] and b <= 1",
        ),
        ("{{sql_and(a__not_in=Array(x, defined=False))}}", None, ""),
        ("{{max_threads(x)}}", "4", "-- max_threads 4\n"),
        ("{{max_threads(x)}}", "4\n; DROP", "-- max_threads: wrong argument '4\\n; DROP'\n"),
        ("{{cache_ttl('5m')}}", None, "-- cache_ttl 5m\n"),
        ("{{tb_secret('k', 'd')}}{{tb_var('k', 'e')}}", None, "'d''e'"),
        ("{{day_diff(Date(x), '2024-01-05')}}", "2024-01-01", "4"),
        ("{{date_diff_in_days(x, '2024-01-05')}}", "2024-01-07", "2"),
        ("{{date_diff_in_hours(x, '2024-01-02 12:30:00')}}", "2024-01-01 00:00:00", "36"),
        (
            "{{date_diff_in_hours(x, '2024-01-02 12:00:00', backup_date_format='%Y-%m-%d')}}",
            "2024-01-01",
            "36",
        ),
        ("{{date_diff_in_minutes(x, '2024-01-01 01:00:30')}}", "2024-01-01 00:00:00", "60"),
        (
            "{{date_diff_in_seconds(x, '2022-12-19T18:42:20.021Z', '%Y-%m-%dT%H:%M:%S.%fZ')}}",
            "2022-12-19T18:42:23.521Z",
            "3",
        ),
        ("{{len(split_to_array(x))}}{{max([1, 5])}}{{int('5')}}{{float('1')}}", "a,b", "2551.0"),
        ("{{list(x)}}", "ab", "['a', 'b']"),
        ("{{'x' if defined(x) else 'y'}}", None, "'y'"),
        ("{{defined(x)}}", "", "True"),
        ("{{defined(x)}}", None, "False"),
    ],
)
def test_a_value_is_written_by_its_type(sql: str, given: Any, written: str) -> None:
    assert render(sql, x=given) == written


@pytest.mark.parametrize(
    ("type_name", "given"),
    [
        ("Int32", "x"),
        ("Int32", ""),
        ("Int32", " 5"),
        ("Int32", "5\n"),
        ("Int32", "5.0"),
        ("Int32", 5.5),
        ("Int32", True),
        ("Int32", [1]),
        ("Int32", "1_000"),
        ("Int32", "2147483648"),
        ("Int32", "9" * 5000),
        ("Int8", "-129"),
        ("UInt8", "256"),
        ("UInt8", "-1"),
        ("UInt8", "+1"),
        ("UInt256", str(1 << 256)),
        ("Float64", "x"),
        ("Float64", "1_0"),
        ("Float64", True),
        ("Date", "20240102"),
        ("Date", "2024-01-02 10:00:00"),
        ("Date", "2024-01-02'"),
        ("Date", "२०२४-०१-०२"),
        ("Date", "today"),
        ("DateTime", "2024-01-02"),
        ("DateTime", "2024-01-02 10:00"),
        ("DateTime", "2024-01-02 10:00:00'"),
        ("DateTime", 1700000000),
        ("DateTime64", "2024-01-02 10:00:00"),
        ("DateTime64", "2024-01-02 10:00:00.1"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(type_name: str, given: Any) -> None:
    told = str(given) if len(str(given)) <= 1000 else str(given)[:1000] + "..."
    assert (
        message(f"{{{{{type_name}(x)}}}}", x=given)
        == f"Template Syntax Error: Error validating '{told}' to type {type_name}"
    )


@pytest.mark.parametrize(
    ("expression", "given", "written"),
    [
        ("x.lower() + x.upper() + x.title()", "aB", "'abABAb'"),
        ("x.upper()", "ß", "'SS'"),
        ("x.lstrip('a') + x.rstrip('b')", "ab", "'ba'"),
        ("x.removeprefix('a') + x.removesuffix('b')", "ab", "'ba'"),
        ("[x.find('b'), x.find('c'), x.count('a'), x.index('b')]", "ab", "[1, -1, 1, 1]"),
        ("[x.isdigit(), x.isalpha()]", "12", "[True, False]"),
        ("x.startswith('b', 1)", "ab", "True"),
        ("[[1, 2, 1].count(1), (1, 2).index(2)]", None, "[2, 1]"),
        ("[k + str(v) for k, v in JSON(x).items()]", '{"a": 1}', "['a1']"),
        ("JSON(x).keys() + JSON(x).values()", '{"a": 1}', "['a', 1]"),
        ("[bool('0'), bool('x'), bool(x)]", None, "[0, 1, 0]"),
        ("any([i == 'b' for i in x])", ["a", "b"], "True"),
        ("all(i > 1 for i in x)", [1, 2], "False"),
        ("sum(i * 2 for i in x)", [1, 2], "6"),
        ("[sum([1.5, 2], 1), abs(Int32(x)), round(2.567, 2), round(2.5)]", -4, "[4.5, 4, 2.57, 2]"),
        (
            "sorted(x) + sorted(x, reverse=True) + list(reversed(x))",
            "ba",
            "['a', 'b', 'b', 'a', 'a', 'b']",
        ),
        ("zip([1, 2], x)", ["a", "b"], "[(1, 'a'), (2, 'b')]"),
        ("dict([('a', 1)], b=x)", 2, "{'a': 1, 'b': 2}"),
        ("tuple(x)", [1, 2], "(1, 2)"),
        ("{k: Int32(v) for k, v in x.items() if v}", {"a": 1, "b": 0}, "{'a': toInt32('1')}"),
        ("f'{x}-{1 + 1}'", "a'", r"'a\'-2'"),
        ("f'{x:>4}|{1.234:.1f}|{x!s}'", "a", "'   a|1.2|a'"),
        ("f'{Int32(x)}-{Int32(x):03d}-{Float64(x)}'", "5", "'5-005-5.0'"),
        ("'%s-%s-%3s' % (Int32(x), Float64(x), Int32(x))", "5", "'5-5.0-  5'"),
        ("'%s' % Int32(x)", "5", "'5'"),
        ("'%(a)s%(b)s%(a)s' % {'a': Int32(x), 'b': x}", "5", "'555'"),
        ("'%s' % [Int32(x)]", "5", "'[5]'"),
        ("{'a': 1}.get(x, 'b')", None, "'b'"),
        ("{k: k * 2 for k in [1, -2]}[x]", -2, "-4"),
        ("'%s-%d-%05.1f%%' % (x, 3, 2.25)", "a'", r"'a\'-3-002.2\%'"),
        ("'%(a)s' % {'a': x}", "b", "'b'"),
        ("7 % 4", None, "3"),
    ],
)
def test_a_statement_may_use_what_python_has(expression: str, given: Any, written: str) -> None:
    sql = f"{{% set made = {expression} %}}{{{{made}}}}"
    assert Template(sql).render({"x": given}) == written


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ("{% set l = [] %}{% for i in x %}{% set _ = l.append(i + 1) %}{% end %}{{l}}", "[2, 3]"),
        ("{% set l = {} %}{% set l['a'] = x %}{% set l['a'][0] = 5 %}{{l}}", "{'a': [5, 2]}"),
        ("{% set _ = x.append(3) %}{{x}}", "[1, 2, 3]"),
        ("{% set y = [n.append(3) for n in [x]] %}{{x}}", "[1, 2, 3]"),
        ("{% for k in JSON('{\"a\": 1}') %}{{k}}{% end %}", "'a'"),
        ("{% set d = {'a': 1} %}{% for k in d %}{% set d[k + 'b'] = 1 %}{% end %}{{len(d)}}", "2"),
    ],
)
def test_what_a_template_adds_to_is_its_own(sql: str, written: str) -> None:
    template, given = Template(sql), {"x": [1, 2]}
    assert template.render(given) == written
    assert template.render(given) == written
    assert given == {"x": [1, 2]}


def test_a_parameter_may_have_the_name_of_a_function_of_pythons() -> None:
    template = Template("{{Int32(all, 0)}} {% if sum %}{{sum}}{% end %}")
    assert template.render({"all": 5, "sum": 6}) == "toInt32('5') 6"


def test_a_hint_for_the_engine_is_a_plain_name() -> None:
    assert Template("{{backend_hint('fast')}}1").render({}) == "-- backend_hint fast\n1"
    assert "takes a plain name" in message("{{backend_hint(x)}}", x="a\n; DROP")


@pytest.mark.parametrize("given", [{}, {"x": None}])
@pytest.mark.parametrize(
    "sql",
    [
        "{{String(x)}}",
        "{{String(x, required=False)}}",
        "{{String(x, None)}}",
        "{{Int32(x, description='d')}}",
        "{{Date(x)}}",
        "{{Array(x, 'Int32')}}",
        "{{symbol(x)}}",
        "-- {{String(x)}}",
        "/* {{String(x)}} */",
        "{% if Int32(x) > 5 %}a{% end %}",
        "{% if defined(String(x)) %}a{% end %}",
        "{% for i in [1] %}{{String(x)}}{% end %}",
    ],
)
def test_a_missing_value_is_an_error_in_tinybirds_words(sql: str, given: dict[str, None]) -> None:
    assert message(sql, **given) == MISSING_X


@pytest.mark.parametrize("given", [{}, {"c": "1"}, {"d": "2026-01-01"}])
def test_the_error_names_every_parameter_without_a_default_given_or_not(
    given: dict[str, str],
) -> None:
    text = message(
        "{{String(c)}}{{Int32(b, 1)}}{% if defined(e) %}{{Date(d)}}{% end %}{{String(a)}}", **given
    )
    assert "Check the parameters c, d and a." in text


@pytest.mark.parametrize(
    ("sql", "values", "text"),
    [
        ("{{x}}", {}, 'expression "x" evaluated to null'),
        ("{{None}}", {}, 'expression "None" evaluated to null'),
        (
            "{{String(x, defined=False)}}",
            {},
            'expression "String(x, defined=Fa..." evaluated to null',
        ),
        (
            "{{Array(x, 'Int32')}}",
            {"x": "1,a"},
            "Error validating [1,a][1] (a) to type Int32",
        ),
        (
            "{{Array(x, 'Int32')}}",
            {"x": ""},
            "Error validating [][0] (empty string) to type Int32",
        ),
        ("{{Array(x)}}", {"x": 5}, "transform type function Array is not well defined"),
        ("{{Int(x)}}", {"x": "5" * 12}, "Error validating '555555555555' to type Int32"),
        (
            "{{column(x)}}",
            {},
            "Missing column() default value, use `column(column_name, 'default_column_name')`",
        ),
        (
            "{{columns(x)}}",
            {"x": ["a"]},
            "The 'columns' function expects a String not an Array",
        ),
        (
            "{{JSON(x)}}",
            {"x": "{bad"},
            "Error parsing JSON: '{bad' - Expecting property name enclosed in double quotes: "
            "line 1 column 2 (char 1)",
        ),
        (
            "{{cache_ttl('60s')}}",
            {},
            "Invalid TTL cache expression, valid expressions are ('5s', '1m', '5m', '30m', '1h')",
        ),
        ("{{sql_and(a__like=1)}}", {}, "operand like not supported"),
        (
            "{{JSON(x)['b']}}",
            {"x": "{}"},
            "Missing key 'b' while rendering the template. "
            "Ensure every object accessed in the template has this key.",
        ),
        (
            "{% if not defined(x) %}{% set x = 'q' %}{% end %}{{String(x)}}",
            {"x": "url"},
            "cannot access local variable 'x' where it is not associated with a value",
        ),
        ("{% if x > 5 %}a{% end %}", {"x": "6"}, "'>' not supported between instances of"),
        ("{{x.split(',')}}", {}, "'NoneType' object has no attribute 'split'"),
        (
            "{% if x.startswith('a') %}{% end %}",
            {},
            "'NoneType' object has no attribute 'startswith'",
        ),
        ("{% if x.startswith(5) %}{% end %}", {"x": "a"}, "startswith first arg must be str"),
        ("{% for n, i in enumerate(x) %}{% end %}", {}, "'NoneType' object is not iterable"),
        ("{{tb_secret('k')}}", {}, "Cannot access secret 'k'."),
        ("{{day_diff('bad', '2024-01-01')}}", {}, "invalid date format in function `day_diff`"),
        ("{{String(x)}}", {"x": "\ud800"}, "surrogates not allowed"),
        ("{% for i in Array(x) %}{{i}}{% end %}", {"x": "a"}, "use split_to_array() for a list"),
    ],
)
def test_an_error_says_what_tinybird_says(sql: str, values: dict[str, Any], text: str) -> None:
    said = message(sql, **values)
    assert said.startswith("Template Syntax Error: ")
    assert text in said


@pytest.mark.parametrize(
    ("sql", "values", "written"),
    [
        ("{% if x %}a{% elif y %}b{% else %}c{% end %}", {"y": "1"}, "b"),
        ("{% if x == 'a' %}A{% else %}B{% end %}", {}, "B"),
        ("{% if x in ['a'] and not y %}A{% end %}", {"x": "a"}, "A"),
        ("{% if 1 < int(x) <= 3 %}A{% end %}", {"x": "3"}, "A"),
        ("{% if x is None %}A{% end %}", {}, "A"),
        ("{% for i in [1, 2] %}{{i}}{% else %}e{% end %}", {}, "12e"),
        ("{% for i in [1, 2, 3] %}{% if i == 2 %}{% break %}{% end %}{{i}}{% end %}", {}, "1"),
        ("{% for i in [1, 2] %}{% if i == 1 %}{% continue %}{% end %}{{i}}{% end %}", {}, "2"),
        (
            "{% for last, i in enumerate_with_last(split_to_array(x)) %}"
            "{{i}}{% if not last %},{% end %}{% end %}",
            {"x": "a,b"},
            "'a','b'",
        ),
        ("{% set n = 0 %}{% while n < 3 %}{{n}}{% set n += 1 %}{% end %}", {}, "012"),
        ("{% set a, b = 7 / 2, 7 // 2 %}{{a}} {{b}}", {}, "3.5 3"),
        ("{% set a = 2 ** 3 - 7 % 4 %}{{a}}", {}, "5"),
        ("{% set a = x or 'd' %}{{a}}", {}, "'d'"),
        ("{% set x = 'q' %}{{String(x)}}", {"x": "url"}, "'q'"),
        ("{% set a = Array(x, 'Int32') %}{{a}}", {"x": "1,2"}, "[1,2]"),
        ("{% set a = Int32(x) %}{{a}}", {"x": "5"}, "toInt32('5')"),
        ("{% set a = column(x) %}{{a}}", {"x": "c"}, "`c`"),
        ("{% try %}{{Int32(x)}}{% except %}bad{% end %}", {"x": "a"}, "bad"),
        ("{% try %}{{error('a')}}{% except Exception %}bad{% end %}", {}, "bad"),
        ("{% try %}a{% except %}b{% else %}c{% finally %}d{% end %}", {}, "acd"),
        ("{% comment hello %}a{# {{String(zz)}} #}", {}, "a"),
        ("{{!x}}{%!x%}", {}, "{{x}}{%x%}"),
        ("SELECT { 1 } {a:Int32} 100%", {}, "SELECT { 1 } {a:Int32} 100%"),
        ("{{ String(x,\n 'a'\n) }}", {}, "'a'"),
        ("a\n  b\t<pre>  c", {}, "a\n  b\t<pre>  c"),
    ],
)
def test_control_statements_do_what_python_does(
    sql: str, values: dict[str, Any], written: str
) -> None:
    assert render(sql, **values) == written


def test_what_is_no_template_is_left_alone() -> None:
    sql = "SELECT '{{String(x)}}' {% import os %}"
    template = Template(sql, is_template=False)
    assert template.render({}) == sql
    assert template.parameters == ()


def test_error_answers_with_the_templates_own_text() -> None:
    assert message("{% if not defined(x) %}{{error('x is needed')}}{% end %}") == "x is needed"


def test_custom_error_answers_with_its_own_status_and_body() -> None:
    with pytest.raises(TemplateError) as caught:
        render("{{custom_error({'error': 'taken', 'id': 7}, 409)}}")
    assert caught.value.status == 409
    assert caught.value.message == "taken"
    assert caught.value.body == {"error": "taken", "id": 7}


def test_an_error_points_to_tinybirds_documentation() -> None:
    with pytest.raises(TemplateError) as caught:
        render("{{column(x)}}")
    assert caught.value.documentation == (
        "https://docs.tinybird.co/cli/advanced-templates.html#column"
    )


def test_table_gives_only_tables_of_the_project() -> None:
    template = Template("SELECT * FROM {{table(x)}}")
    context = QueryContext(tables=frozenset({"requests"}))
    assert template.render({"x": "requests"}, context) == "SELECT * FROM requests"
    for stranger in ("system.tables", "other", "requests; DROP", "file('/etc/passwd')"):
        with pytest.raises(TemplateError):
            template.render({"x": stranger}, context)


def test_without_tables_table_is_refused() -> None:
    with pytest.raises(TemplateError, match="Resource 'requests' not found"):
        Template("SELECT * FROM {{table('requests')}}").render({})


def test_a_secret_is_quoted_and_stays_out_of_errors_and_reprs() -> None:
    context = QueryContext(secrets={"k": "s3cr'et"})
    assert Template("{{tb_secret('k')}}").render({}, context) == r"'s3cr\'et'"
    assert "s3cr" not in repr(context)
    with pytest.raises(TemplateError) as caught:
        Template("{{Int32(tb_var('k'))}}").render({}, context)
    assert "s3cr" not in caught.value.message


@pytest.mark.parametrize("function", ["column", "columns", "symbol"])
@pytest.mark.parametrize("name", ["a b", "a`b", "1a", "a;b", "", "a.", "a\n", "a'b", "x" * 200])
def test_only_an_identifier_can_name_a_column(function: str, name: str) -> None:
    assert "Error validating" in message(f"{{{{{function}(x)}}}}", x=name)


@pytest.mark.parametrize(
    ("sql", "given", "written"),
    [
        ("1 -{{Int(x)}}", 5, "1 -5"),
        ("1 -{{Int(x)}}", -5, "1 - -5"),
        ("toInt{{Int(x)}}(1)", 64, "toInt64(1)"),
        ("INTERVAL '{{x}} day'", 5, "INTERVAL '5 day'"),
        ("-- {{String(x)}}\n", "a\nb", "-- 'a\\nb'\n"),
        ("/* {{String(x)}} */", "a*/b", "/* 'a /b' */"),
        ("-- {{max_threads(4)}} 1", None, "-- -- max_threads 4  1"),
    ],
)
def test_a_value_is_written_by_its_place(sql: str, given: Any, written: str) -> None:
    assert render(sql, x=given) == written


@pytest.mark.parametrize(
    ("sql", "given", "text"),
    [
        ("toInt{{Int(x)}}(1)", -5, '"Int(x)" continues a word'),
        ("toInt{{x}}(1)", 1.5, '"x" continues a word'),
        ("a = '{{String(x)}}'", "a", '"String(x)" stands between quotes'),
        ("a LIKE '%{{x}}%'", "a", '"x" stands between quotes'),
        ('"{{Int32(x)}}"', 5, '"Int32(x)" stands between quotes'),
        ("$tag${{x}}$tag$", "a", '"x" stands between quotes'),
    ],
)
def test_a_value_is_refused_where_it_would_do_harm(sql: str, given: Any, text: str) -> None:
    assert text in message(sql, x=given)


def test_a_value_is_left_as_it_was_given() -> None:
    given = {"x": [1, 2], "y": "a,b"}
    render("{{Array(x, 'Int32')}}{% set y = [3] %}{{y}}", **given)
    assert given == {"x": [1, 2], "y": "a,b"}
