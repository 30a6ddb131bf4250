"""A sample with a mistake is refused when it is declared, with a text that says what to do."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from clerk_tinybird_app.sample.vocabulary import (
    Few,
    Id,
    LogNormal,
    Moment,
    OneOf,
    Sample,
    SampleError,
    Sometimes,
    Weighted,
)


def sample(columns: Mapping[Any, Any]) -> Sample:
    return Sample(source="parcels", columns={"at": Moment(), **columns})


COLORS = Weighted({"red": 1, "blue": 2})


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: Sample(source="x", columns={"id": Id()}), "must be a Moment"),
        (lambda: sample({"then": Moment()}), "only one, must be a Moment"),
        (lambda: Weighted({}), "whole numbers above 0"),
        (lambda: Weighted({"a": 1, "b": 0}), "whole numbers above 0"),
        (lambda: Weighted({"a": 0.5}), "whole numbers above 0"),  # type: ignore[dict-item]
        (lambda: Weighted({"a": 10_007, "b": 1}), "more than 10000"),
        (lambda: Sometimes(2, "a", otherwise="b"), "from 0 to 1"),
        (lambda: OneOf({}, by="color"), "at least one option"),
        (lambda: sample({"x": None}), "'x' has None"),
        (lambda: sample({"x": Sometimes(0.5, ["a"], otherwise="b")}), r"'x' has \['a'\]"),
        (lambda: sample({"x": Weighted({("a", "b"): 1})}), "'x' has"),
        (lambda: sample({("x", "y"): COLORS}), "tuples with 2 values"),
        (lambda: sample({("x", "y"): Id()}), "tuples with 2 values"),
        (lambda: sample({"x": 1, ("x", "y"): Weighted({(1, 2): 1})}), "twice: at, x, x, y"),
        (lambda: sample({"x": OneOf({"red": 1}, by="color")}), "'color', which must stand above"),
        (
            lambda: sample({"x": OneOf({"red": 1}, by="color"), "color": COLORS}),
            "must stand above",
        ),
        (
            lambda: sample({"color": COLORS, "x": OneOf({"red": 1}, by="color")}),
            "no value by 'color' for 'blue': add it, or say otherwise=",
        ),
        (
            lambda: sample({"n": LogNormal(5, 1), "x": OneOf({1: 1}, by="n")}),
            "say otherwise=",
        ),
    ],
)
def test_what_cannot_be_made_is_named(make: Callable[[], object], why: str) -> None:
    with pytest.raises(SampleError, match=why):
        make()


def test_every_weight_is_a_place_and_no_more() -> None:
    assert Weighted({"a": 200, "b": 300}).places == ("a", "a", "b", "b", "b")


def test_the_constants_of_a_column_are_told_also_of_one_among_several() -> None:
    declared = sample(
        {
            ("queue", "size"): Weighted({("mail", 1): 3, ("video", 9): 1}),
            "place": Few(("here", "there")),
        }
    )

    assert declared.options("size") == (1, 9)
    assert declared.options("place") == ("here", "there")
    assert declared.options("at") == declared.options("unknown") == ()
