"""What is known of a template's parameters without rendering it."""

from typing import Any

import pytest

from clerk_tinybird_app.tinybird.template import Parameter, Template


def parameter(sql: str, name: str = "org") -> Parameter:
    return next(found for found in Template(sql).parameters if found.name == name)


def test_a_parameter_is_described_by_its_arguments() -> None:
    found = parameter(
        "SELECT\n{{Int32(org, 10, description='How many', required=False, enum=['1', '2'],"
        " example='5', format='int')}}"
    )
    assert found == Parameter(
        name="org",
        type="Int32",
        default=10,
        has_default=True,
        required=False,
        description="How many",
        enum=("1", "2"),
        example="5",
        format="int",
        is_conditional=False,
        is_enforced=False,
        line=2,
    )


def test_parameters_come_once_each_in_the_order_of_first_use() -> None:
    template = Template("{{String(b)}}{{Int32(a, 1)}}{% if defined(c) %}{{String(b)}}{% end %}")
    assert [found.name for found in template.parameters] == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("sql", "type_name", "default"),
    [
        ("{{String(org)}}", "String", None),
        ("{{String(org, 'a')}}", "String", "a"),
        ("{{String(org, default='a')}}", "String", "a"),
        ("{{String(org, x + 'a')}}", "String", "x + 'a'"),
        ("{{Array(org)}}", "Array(String)", None),
        ("{{Array(org, 'Int32', [1, 2])}}", "Array(Int32)", [1, 2]),
        ("{{Array(org, Int32, '1')}}", "Array(Int32)", "1"),
        ("{{split_to_array(org, 'a')}}", "Array(String)", "a"),
        ("{{Boolean(org, True)}}", "Boolean", True),
        ("{{JSON(org, '{}')}}", "JSON", "{}"),
        ("{{column(org, 'a')}}", "column", "a"),
        ("{% if org == 'a' %}{% end %}{{Date(org, '2024-01-01')}}", "Date", "2024-01-01"),
        ("{% if org == 'a' %}{% end %}", None, None),
    ],
)
def test_the_type_and_default_are_read(sql: str, type_name: str | None, default: Any) -> None:
    found = parameter(sql)
    assert (found.type, found.default) == (type_name, default)


@pytest.mark.parametrize(
    "sql",
    [
        "{% if defined(org) %} AND org = {{String(org)}} {% end %}",
        "{% if x %}{% else %}{{String(org)}}{% end %}",
        "{% if x %}{% elif String(org) == 'a' %}{% end %}",
        "{% for i in x %}{{String(org)}}{% end %}",
        "{% while x %}{{String(org)}}{% end %}",
        "{% try %}{{String(org)}}{% except %}{% end %}",
        "{% try %}{% except %}{{String(org)}}{% end %}",
        "{% for i in x %}{% if y %}a{% end %}{{String(org)}}{% end %}",
        "-- {{String(org)}}",
        "SELECT 1 /* {{String(org)}} */",
        "SELECT 1 -- it's {{String(org)}}",
        "{% if defined(org) %}1{% end %}",
        "{{'a' if defined(x) else String(org)}}",
        "{% if x or String(org) == 'a' %}{% end %}",
    ],
)
def test_a_use_that_can_be_passed_by_is_conditional(sql: str) -> None:
    found = parameter(sql)
    assert found.is_conditional
    assert not found.is_enforced


@pytest.mark.parametrize(
    "sql",
    [
        "WHERE org = {{String(org)}}",
        "WHERE org IN {{Array(org)}}",
        "{% if defined(org) %}a{% end %} WHERE org = {{String(org)}}",
        "{% if x %}a{% end %} WHERE org = {{String(org)}}",
        "{% if String(org) == 'a' %}{% end %}",
        "{% for i in split_to_array(String(org)) %}{% end %}",
        "{% set a = String(org) %}",
        "{% try %}{% finally %}{{String(org)}}{% end %}",
        "-- note\n{{String(org)}}",
        "SELECT 'it''s -- no comment' {{String(org)}}",
        "{{String(org, 'a')}} {{String(org)}}",
        "{{String(org, required=False)}}",
        "{{sql_and(org=String(org))}}",
        "{{column(org)}}",
    ],
)
def test_a_use_that_is_always_reached_and_has_no_default_is_enforced(sql: str) -> None:
    found = parameter(sql)
    assert not found.is_conditional
    assert found.is_enforced


@pytest.mark.parametrize(
    "sql",
    [
        "{{String(org, 'everyone')}}",
        "{{String(org, '')}}",
        "{{String(org, defined=False)}}",
        "{{sql_and(org=String(org, defined=False))}}",
        "{{Boolean(org)}}",
        "{{JSON(org)}}",
        "{{split_to_array(org)}}",
        "{% if org == 'a' %}{% end %}",
    ],
)
def test_a_parameter_that_something_stands_in_for_is_not_enforced(sql: str) -> None:
    found = parameter(sql)
    assert not found.is_conditional
    assert not found.is_enforced


@pytest.mark.parametrize(
    ("sql", "required"),
    [
        ("{{String(org)}}", True),
        ("{{String(org, 'a')}}", False),
        ("{{String(org, 'a', required=True)}}", True),
        ("{{String(org, required=False)}}", False),
        ("{% if defined(org) %}{{String(org)}}{% end %}", False),
    ],
)
def test_required_is_what_the_template_says_or_else_what_it_does(
    sql: str, *, required: bool
) -> None:
    assert parameter(sql).required is required


def test_the_templates_own_variables_are_no_parameters() -> None:
    template = Template(
        "{% set a = String(b) %}{% for c, d in e %}{{a}}{{c}}{{String(d)}}{% end %}"
    )
    assert [found.name for found in template.parameters] == ["b", "e"]


def test_an_enforced_parameter_really_cannot_be_left_out() -> None:
    sql = "{% if defined(x) %}a{% end %}{{String(org)}}{{String(limit, '1')}}"
    assert [found.name for found in Template(sql).parameters if found.is_enforced] == ["org"]


def test_what_a_list_comprehension_goes_through_is_no_parameter() -> None:
    template = Template("{{[String(a) + b for a in split_to_array(c) if d]}}")
    found = {each.name: each.is_conditional for each in template.parameters}
    assert found == {"c": False, "d": True, "b": True}
