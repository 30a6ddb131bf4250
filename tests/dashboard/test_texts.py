"""Numbers and names are written so that they can be read, and seen."""

import pytest

from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.declaration import Unit


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (182_431, Unit.COUNT, "182,431"),
        (0.0042, Unit.PERCENT, "0.42 %"),
        (3.25, Unit.MILLISECONDS, "3.2 ms"),
        (184.2, Unit.MILLISECONDS, "184 ms"),
        (1_500, Unit.MILLISECONDS, "1.50 s"),
        (512, Unit.BYTES, "512 B"),
        (1_500, Unit.BYTES, "1.5 kB"),
        (999_999, Unit.BYTES, "1.0 MB"),
        (250_000_000, Unit.BYTES, "250 MB"),
        (503, Unit.TEXT, "503"),
        ("/a", Unit.TEXT, "/a"),
        *((None, unit, texts.NONE) for unit in Unit),
    ],
)
def test_a_value_is_written_with_its_unit(value: object, unit: Unit, text: str) -> None:
    assert texts.written(value, unit) == text


@pytest.mark.parametrize("unit", [unit for unit in Unit if unit is not Unit.TEXT])
def test_a_text_is_no_number(unit: Unit) -> None:
    with pytest.raises((TypeError, ValueError)):
        texts.written("many", unit)


@pytest.mark.parametrize(
    ("now", "before", "unit", "text"),
    [
        (5, 0, Unit.COUNT, "+5"),
        (0, 0, Unit.COUNT, "0"),
        (3_000, 2_000, Unit.BYTES, "+50.0 %"),
        (3_000, 0, Unit.BYTES, "+3.0 kB"),
        (0.1, 0.0, Unit.PERCENT, "+10.00 pt"),
    ],
)
def test_what_was_nothing_before_grows_by_a_difference(
    now: float, before: float, unit: Unit, text: str
) -> None:
    assert texts.change(now, before, unit, is_absolute=False) == text


@pytest.mark.parametrize(
    ("now", "before", "unit", "text"),
    [
        (1_000, 3_000, Unit.BYTES, "\N{MINUS SIGN}2.0 kB"),
        (3_000, 3_000, Unit.BYTES, "0 B"),
        (23, 20, Unit.COUNT, "+3"),
    ],
)
def test_an_absolute_change_is_a_difference(
    now: float, before: float, unit: Unit, text: str
) -> None:
    assert texts.change(now, before, unit, is_absolute=True) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.004, 2, "0.00"), (-0.004, 2, "0.00"), (12.34, 1, "+12.3"), (-2, 0, "\N{MINUS SIGN}2")],
)
def test_a_change_has_a_sign_unless_it_rounds_to_nothing(
    value: float, digits: int, text: str
) -> None:
    assert texts.signed(value, digits) == text


def test_a_name_that_cannot_be_seen_is_shown_as_something_that_can() -> None:
    names = ("", "/a b", " ", "a\nb", "\u202ex", "x" * 2_000)

    assert [texts.named(name) for name in names[:-1]] == [
        *("(empty)", "/a b", "\N{OPEN BOX}", "a\\nb", "\\u202ex"),
    ]
    assert len(texts.named(names[-1])) < 130
