"""The rendering of every template ends soon, and its result has a limited size."""

import time

import pytest

from clerk_tinybird_app.tinybird.template import Template, TemplateError

_HALF_A_SECOND_AND_A_BUSY_MACHINE = 10.0
_MOST_SECONDS = 3.0

_STOPPED = r"the template was stopped|bits|for numbers only|not supported|at most 99|levels deep"
_DOUBLING_TEXT = "{% set s = 'a' %}{% for i in x %}{% set s = s + s %}{% end %}{{s}}"
_DOUBLING_LIST = "{% set s = [1] %}{% for i in x %}{% set s = [s, s] %}{% end %}{{len(s)}}"
_DOUBLING_BY_APPENDING = (
    "{% set l = [1] %}{% for i in x %}{% set m = [] %}{% set _ = [m.append(l), m.append(l)] %}"
    "{% set l = m %}{% end %}"
)
_TWINS = (
    "{% set a = [1] %}{% set b = [1] %}{% for i in x %}{% set a = [a, a] %}{% set b = [b, b] %}"
    "{% end %}{% if a == b %}same{% end %}"
)
_DEEP = "{% set t = (1,) %}{% for i in range(14) %}{% set t = (t, t) %}{% end %}"
_COLLIDING = 2**61 - 1
_SWALLOWING = "{% while True %}{% try %}{% while True %}{% end %}{% except %}{% end %}{% end %}"
_REPLACING = (
    "{% while True %}{% try %}{% try %}{% while True %}{% end %}"
    "{% finally %}{{error('a')}}{% end %}{% except %}{% end %}{% end %}"
)


@pytest.mark.parametrize(
    "sql",
    [
        "{% while True %}{% end %}",
        "{% while True %}x{% end %}",
        "{% while True %}{% try %}{{Int32('a')}}{% except %}{% end %}{% end %}",
        _SWALLOWING,
        _REPLACING,
        "{% for a in x %}{% for b in x %}{% for c in x %}1{% end %}{% end %}{% end %}",
        "{% for a in x %}" + "y" * 100_000 + "{% end %}",
        "{% for a in x %}" + "{% set b = a %}" * 10_000 + "{% end %}",
        "{% set s = 'a' * 1000000000 %}",
        "{% set s = 1000000000 * [1] %}",
        "{% set s = [[1] * 1000] * 100000 %}",
        "{% set s = 9 ** 999999999 %}",
        "{% set s = 9 ** 9 ** 9 ** 9 %}",
        "{% set s = 10 ** 100 %}{% for i in x %}{% set s = s * s %}{% end %}",
        "{% set s = '%1000000000d' % 5 %}",
        "{% set s = '%s%s' % (big, big) %}",
        "{% set s = '%(a)s%(a)s' % {'a': big} %}",
        "{% set s = '%99d' * 5000 % tuple(range(5000)) %}",
        "{% set s = f'{big}{big}' %}",
        "{% set s = f'{5:1000000000}' %}",
        "{% for i in x %}{% set s = f'{big}' %}{% end %}",
        "{% for i in x %}{% set s = big.upper() %}{% end %}",
        "{% for i in x %}{% set s = big.find('b') %}{% end %}",
        "{% for i in x %}{% set s = sorted(big) %}{% end %}",
        "{% for i in x %}{% set s = sum([1] * 9000) %}{% end %}",
        "{% set s = round(5, 1000000000) %}",
        "{% set s = sum([10 ** 150] * 9000) * 10 ** 20 %}",
        "{% set s = sum([[1] * 900] * 900, []) %}",
        "{% set l = [1] %}{% for i in l %}{% set _ = l.append(i) %}{% end %}",
        "{% set l = [] %}{% for i in x %}{% set _ = l.append(big) %}{% end %}{{len(l)}}",
        _DOUBLING_BY_APPENDING,
        "{% set l = {} %}{% for i in x %}{% set l[i] = big %}{% end %}",
        "{% set s = any(big == big for a in x) %}",
        "{% set s = range(1000000000) %}",
        "{% set s = range(0, 10 ** 100, 3) %}",
        "{% for i in x %}{% set s = range(50000) %}{% end %}",
        "{% set s = [[1 for a in x] for b in x] %}",
        "{% set s = [big for a in x] %}",
        "{% set s = [big + str(a) for a in x] %}",
        "{% set s = [[a for a in range(9)] for b in range(9) for c in range(9) for d in x] %}",
        "{% for i in x %}{% set s = str([big]) %}{% end %}",
        "{% for i in x %}{% set s = big.strip('a') %}{% end %}",
        _DOUBLING_TEXT,
        _DOUBLING_LIST,
        _TWINS,
        "{% set s = big.replace('a', big) %}",
        "{% set s = big.replace('', big) %}",
        "{% set s = big.join(list(big)) %}",
        "{% for i in x %}{% set t = list(big) %}{% end %}",
        "{% for i in x %}{% if big == big + '' %}{% end %}{% end %}",
        "{% for i in x %}{% try %}{% set t = float(big) %}{% except %}{% end %}{% end %}",
        "{% for i in x %}{% try %}{% set t = JSON(big) %}{% except %}{% end %}{% end %}",
        "{% for i in x %}{% if Boolean(big) %}{% end %}{% end %}",
        "{% set s = big.replace('a', 'aaaa') %}",
        "{% set s = big.join(['a', 'b', 'c']) %}",
        "{% set s = big + big %}",
        "{{big}}{{big}}",
        "{% for i in list(big) %}{{i}}{% end %}",
    ],
)
def test_a_template_without_end_or_measure_is_stopped(sql: str) -> None:
    began = time.monotonic()
    with pytest.raises(TemplateError, match=_STOPPED):
        Template(sql).render({"x": list(range(200)), "big": "a" * 900_000})
    assert time.monotonic() - began < _HALF_A_SECOND_AND_A_BUSY_MACHINE


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("{{String(x)}}", "a" * 2_000_000),
        ("{{x}}", ["a"] * 2_000_000),
        ("{{Array(x)}}", "," * 2_000_000),
        ("{{Array(x, 'Int32')}}", ["a"] * 100_000),
        ("{{JSON(x)}}", "[" * 100_000),
        ("{{split_to_array(x)}}", "," * 2_000_000),
        ("{{Int64(x)}}", "9" * 2_000_000),
        ("{{Float64(x)}}", "_" * 2_000_000),
    ],
)
def test_a_huge_value_is_refused_soon(sql: str, value: object) -> None:
    began = time.monotonic()
    with pytest.raises(TemplateError) as caught:
        Template(sql).render({"x": value})
    assert len(caught.value.message) < 5000
    assert time.monotonic() - began < _HALF_A_SECOND_AND_A_BUSY_MACHINE


def _often(expression: str, times: int = 100) -> str:
    """Return a template with an expression as often as a caller can write it."""
    tried = f"{{% try %}}{{% set _ = {expression} %}}{{% except %}}{{% end %}}" * times
    return f"{{% for i in range(9000) %}}{tried}{{% end %}}"


@pytest.mark.parametrize(
    ("sql", "value", "told"),
    [
        ("{% set d = dict(x) %}", [[k * _COLLIDING, 1] for k in range(20_000)], "a key is"),
        ("{% set d = {k: 1 for k in x} %}", [k * _COLLIDING for k in range(9000)], "a key is"),
        (
            "{% set d = {} %}{% for k in x %}{% set d[k] = 1 %}{% end %}",
            [k * _COLLIDING for k in range(9000)],
            "a key is",
        ),
        ("{% set d = dict([[x, 1]]) %}", 1.5, "a key is"),
        ("{% set d = {(1, x): 1} %}", 1, "a key is"),
        ("{% set d = dict(x) %}", [[k, 1] for k in range(20_000)], "too much work"),
        ("{% set s = '" + "%(a)s" * 780 + "' % {'a': x} %}", [[1]] * 15_000, "too much work"),
        ("{% set l = [JSON(x)] * 50000 %}{% set s = String(l) %}", "9" * 3900, "bits"),
        ("{% set l = [x] * 50000 %}{% set s = '%s' % l %}", 10**3900, "bits"),
        ("{% set l = [x] * 50000 %}{% set s = f'{l}' %}", 10**3900, "bits"),
        (_DEEP + "{% for i in range(3000) %}{% set _ = x[t] %}{% end %}", {}, "a key is"),
        (_DEEP + "{% for i in range(3000) %}{% set _ = x.get(t) %}{% end %}", {}, "a key is"),
        (_often("{x: 1}.get(x[1:] + 'a')"), "a" * 400_000, "too much work"),
        (_often("x.rfind('ab' + x[2:200000])"), "a" * 450_000, "too much work"),
        (_often("x.rpartition('ab' + x[2:200000])"), "a" * 450_000, "too much work"),
        (_often("x[0].strip(x[1])"), ["\u0161" * 9000, "\u0261" * 9000 + "\u0161"], "much work"),
        (_often("x[1] in x[0]"), ["a" * 2400, "a" * 600 + "b" + "a" * 600], "too much work"),
        (_often("x[0].find(x[1])"), ["a" * 2400, "a" * 600 + "b" + "a" * 600], "too much work"),
        (
            "{% for i in range(9000) %}{% for k in x %}{% break %}{% end %}{% end %}",
            {str(k): 1 for k in range(200_000)},
            "too much work",
        ),
        (_often("sorted(x)"), [[[[1] * 200 + [k % 7]]] for k in range(50)], "too much work"),
        (_often("Boolean(None, x)"), "A" * 900_000, "too much work"),
        (_often("enumerate([], x)"), "9" * 900_000, "too much work"),
        (_DEEP + _often("Array(x, t)"), "1", "too much work"),
        (_DEEP + _often("symbol('a', t)"), "1", "too much work"),
        (_often("Array(x)"), "," * 600_000, "too much work"),
        ("{{columns(x, fn='" + "a" * 120 + "')}}", ",".join("a" * 20_000), "larger than"),
        (_often("date_diff_in_days('2', '3', '%A %B %c' + str(i))"), "", "too much work"),
    ],
)
def test_what_a_caller_asks_for_is_stopped_before_it_costs_much(
    sql: str, value: object, told: str
) -> None:
    began = time.process_time()
    with pytest.raises(TemplateError, match=told):
        Template(sql).render({"x": value})
    assert time.process_time() - began < _MOST_SECONDS


def test_numbers_are_keys_that_a_caller_cannot_make_stand_in_each_others_way() -> None:
    """Each of these goes through all places of the object that others have taken."""
    places, place = [], 7
    for _ in range(2048):
        places.append(place)
        place = (5 * place + 1) % 4096
    sql = "{% set d = dict(x) %}" + _often("d.get(k)", 200)
    began = time.process_time()
    with pytest.raises(TemplateError, match="too much work"):
        Template(sql).render({"x": [[key, 1] for key in places], "k": 4096 + places[0]})
    assert time.process_time() - began < _MOST_SECONDS


def test_blocks_deep_within_each_other_are_refused_soon() -> None:
    began = time.monotonic()
    with pytest.raises(TemplateError, match="nested too deeply"):
        Template("{% for a in x %}" * 400 + "{% end %}" * 400)
    assert time.monotonic() - began < 1


def test_a_deep_value_is_refused() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for sql in ("{{x}}", "{{String(x)}}", "{{JSON(x)}}", "{{Array(x)}}", "{{sql_and(a=x)}}"):
        with pytest.raises(TemplateError):
            Template(sql).render({"x": deep})
    while deep:  # freed step by step: to free it at once would recurse too deep
        deep = deep[0]  # type: ignore[assignment]


@pytest.mark.parametrize(
    "sql",
    [
        "{% try %}{% while True %}{% end %}{% except %}fine{% end %}",
        "{% try %}{% try %}{% while True %}{% end %}{% finally %}{{error('a')}}{% end %}"
        "{% except %}fine{% end %}",
    ],
)
def test_a_limit_is_no_error_that_a_template_can_catch(sql: str) -> None:
    with pytest.raises(TemplateError, match="the template was stopped"):
        Template(sql).render({})


def test_what_a_real_pipe_asks_for_fits() -> None:
    ids = [f"org_{number}" for number in range(20_000)]
    sql = Template("{{Array(x)}}{% for i in y %}{{i}}{% end %}").render(
        {"x": ids, "y": list(range(5000))}
    )
    assert sql.startswith("['org_0','org_1',")
