"""What all tabs share of a state's defaults."""

import copy
import dataclasses
import typing

import pytest

from clerk_tinybird_app.frozen_value import FrozenValue
from clerk_tinybird_app.state import break_in
from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.state.session import TokenState
from clerk_tinybird_app.tinybird.token import claim_lines, claims_json

_UNCHANGEABLE = {str, int, float, bool}
_CLAIMS = {"scopes": [{"resource": "a", "fixed_params": {"org_id": "acme"}}]}

assert break_in, "its values are shared too"


@pytest.mark.parametrize("shared", FrozenValue.__subclasses__(), ids=lambda each: each.__name__)
def test_a_shared_value_holds_nothing_that_can_be_changed(shared: type[FrozenValue]) -> None:
    assert dataclasses.is_dataclass(shared)
    assert shared.__dataclass_params__.frozen
    types = typing.get_type_hints(shared)
    assert {types[field.name] for field in dataclasses.fields(shared)} <= _UNCHANGEABLE


def test_two_tabs_have_the_same_defaults_in_lists_of_their_own() -> None:
    ranges = DashboardState.get_fields()["ranges"]
    one, other = ranges.default_value(), ranges.default_value()

    assert one
    assert other
    assert one is not other
    assert all(mine is theirs for mine, theirs in zip(one, other, strict=True))


def test_a_copy_of_a_shared_value_is_itself() -> None:
    [line, *_] = claim_lines(claims_json(_CLAIMS))

    assert copy.copy(line) is copy.deepcopy(line) is line


def test_tokens_with_the_same_claims_share_their_lines() -> None:
    mine, theirs = (claim_lines(claims_json({**_CLAIMS, "iat": at})) for at in (1, 2))

    assert [one is other for one, other in zip(mine, theirs, strict=True)].count(False) == 1
    assert TokenState.get_fields()["claim_lines"].default_value() == []
