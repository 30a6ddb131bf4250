"""The form that a pipe's own file asks for."""

import pytest

from clerk_tinybird_app.tinybird.pipe_request import fields_of
from clerk_tinybird_app.tinybird.project import load_project
from tests.sessions import FIXED_PARAMS, PIPES, PRODUCT, TENANT

PROJECT = load_project(PRODUCT.project)


@pytest.mark.parametrize("pipe", PIPES)
def test_every_pipe_of_the_policy_is_in_the_project_and_offers_no_fixed_parameter(
    pipe: str,
) -> None:
    found = fields_of(PROJECT.pipes[pipe], first=("since", "until"), without=FIXED_PARAMS)
    names = [field.name for field in found]

    assert names[:2] == ["since", "until"]
    assert not set(names) & set(FIXED_PARAMS)
    assert len(names) == len(set(names))


def test_an_input_carries_what_the_file_says_of_the_parameter() -> None:
    fields = {f.name: f for f in fields_of(PROJECT.pipes["queues"], without=FIXED_PARAMS)}

    assert fields["limit"].type == "UInt16"
    assert fields["limit"].placeholder == "10"
    assert fields["result"].options == ["ok", "failed"]
    assert fields["since"].description
    assert not any(field.is_required for field in fields.values())


def test_without_a_token_the_tenant_would_be_a_required_input() -> None:
    fields = {field.name: field for field in fields_of(PROJECT.pipes["queues"])}

    assert fields[TENANT].is_required
