"""The judgement of one answer's values."""

from typing import Any

import pytest

from clerk_tinybird_app.check.disclosure import alike, beyond, by_row, disclosed, of_others
from clerk_tinybird_app.tinybird.client import PipeAnswer


def answer(*rows: dict[str, Any], **kinds: str) -> PipeAnswer:
    return PipeAnswer(
        status=200,
        columns=tuple(kinds.items()),
        rows=list(rows),
        duration_ms=0.0,
        rate=None,
        body=b"",
    )


@pytest.mark.parametrize("value", [0, 0.0, None, "", " ", [], {}, [0, None, ""], False])
def test_zeros_nulls_and_empty_values_disclose_nothing(value: object) -> None:
    assert disclosed(answer({"x": value})) == {}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("1970-01-01 00:00:00", "DateTime"),
        ("1970-01-01", "Date"),
        ("1900-01-01 00:00:00.000", "DateTime64(3)"),
        ("0", "UInt64"),
        ("0.00", "Decimal(9, 2)"),
    ],
)
def test_the_zero_of_a_type_discloses_nothing(value: str, kind: str) -> None:
    assert disclosed(answer({"x": value}, x=kind)) == {}


@pytest.mark.parametrize("value", [1, -0.5, "a", [0, "a"], {"k": [3]}, True])
def test_whatever_else_discloses_something(value: object) -> None:
    assert list(disclosed(answer({"x": value}))) == ["x"]


def test_what_was_asked_with_discloses_nothing() -> None:
    assert disclosed(answer({"x": "org_1"}), ["org_1"]) == {}
    assert list(disclosed(answer({"x": "org_2"}), ["org_1"])) == ["x"]


def test_beyond_no_rows_is_what_they_do_not_say_and_a_moment_later_is_no_difference() -> None:
    kinds = {"at": "DateTime", "epoch": "UInt32", "n": "UInt64", "who": "String"}
    of_no_rows = disclosed(
        answer({"at": "2030-01-01 10:00:00", "epoch": 1893492000, "n": 24}, **kinds)
    )
    later = disclosed(answer({"at": "2030-01-01 10:00:09", "epoch": 1893492009, "n": 24}, **kinds))
    leaking = disclosed(
        answer({"at": "2030-01-01 11:00:00", "epoch": 1893492009, "n": 25, "who": "ada"}, **kinds)
    )

    assert beyond(later, of_no_rows) == []
    assert beyond(leaking, of_no_rows) == ["at", "n", "who"]


def test_two_tenants_may_share_a_small_number_and_a_constant_but_nothing_telling() -> None:
    constant = disclosed(answer({"step": 3600, "total": 0, "few": 0}))
    one = answer({"step": 3600, "total": 512, "few": 2, "own": 40, "rate": 0.0284, "p95": 213.45})
    other = answer({"step": 3600, "total": 512, "few": 2, "own": 41, "rate": 0.0284, "p95": 213.45})

    assert alike(one, other, constant) == ["total", "p95"]


def test_rows_of_others_are_those_with_another_tenant_in_the_column() -> None:
    rows = answer({"t": "a"}, {"t": "b"}, {"t": ""}, {"t": None}, {"other": "b"}, {"t": 7})

    assert of_others(rows, "t", "a") == 2
    assert of_others(answer({"t": 7}), "t", "7") == 0


def test_two_charts_of_the_same_values_at_other_hours_are_not_the_same() -> None:
    one = answer({"hour": "0", "hits": 6}, {"hour": "1", "hits": 1})
    other = answer({"hour": "0", "hits": 1}, {"hour": "1", "hits": 6})

    assert disclosed(one) == disclosed(other)
    assert by_row(one) != by_row(other)
    assert by_row(one) == by_row(answer(*reversed(one.rows)))


def test_the_same_rows_beside_each_ones_own_name_are_the_same() -> None:
    one, other = answer({"who": "org_one", "hits": 6}), answer({"who": "org_two", "hits": 6})

    assert by_row(one, ["org_one"]) == by_row(other, ["org_two"])
