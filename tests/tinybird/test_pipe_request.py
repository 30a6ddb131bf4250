"""A request to a pipe: the address that it is kept in, and the form that it is made with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clerk_tinybird_app.tinybird.pipe_request import Field, PipeRequest, fields_of
from clerk_tinybird_app.tinybird.project import load_project
from tests.sessions import FIXED_PARAMS, PIPES, PRODUCT, TENANT

PROJECT = load_project(PRODUCT.project)
ALLOWED = {"queues": ["start", "queue", "limit"]}
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@given(st.dictionaries(st.sampled_from(ALLOWED["queues"]), texts))
def test_an_address_reads_back_as_the_request_it_was_made_from(values: dict[str, str]) -> None:
    request = PipeRequest("queues", values)

    search = request.address("/").removeprefix("/")

    assert PipeRequest.read(search, ALLOWED) == request


def test_the_path_is_the_apis_own() -> None:
    request = PipeRequest("queues", {"queue": "/v1/it's", "limit": "5"})

    assert request.path == "/v0/pipes/queues.json?queue=/v1/it%27s&limit=5"
    assert PipeRequest("queues").path == "/v0/pipes/queues.json"


def test_what_the_form_has_no_place_for_is_left_out() -> None:
    request = PipeRequest.read("?pipe=queues&account_id=org_other&token=x&limit=5", ALLOWED)

    assert request == PipeRequest("queues", {"limit": "5"})


@pytest.mark.parametrize(
    "search",
    [
        "",
        "?limit=5",
        "?pipe=no_such_pipe",
        "?pipe=",
        "?pipe=queues&queue=" + "x" * 40_000,
        "?pipe=queues&" + "&".join(f"a{n}=1" for n in range(99)),
    ],
)
def test_an_address_that_names_no_request_of_this_project_names_none(search: str) -> None:
    assert PipeRequest.read(search, ALLOWED) is None


@pytest.mark.parametrize("pipe", PIPES)
def test_every_pipe_of_the_policy_is_in_the_project_and_offers_no_fixed_parameter(
    pipe: str,
) -> None:
    found = fields_of(PROJECT, pipe, first=("since", "until"), without=FIXED_PARAMS)
    names = [field.name for field in found]

    assert names[:2] == ["since", "until"]
    assert not set(names) & set(FIXED_PARAMS)
    assert len(names) == len(set(names))


def test_an_input_carries_what_the_file_says_of_the_parameter() -> None:
    fields = {f.name: f for f in fields_of(PROJECT, "queues", without=FIXED_PARAMS)}

    assert fields["limit"].type == "UInt16"
    assert fields["limit"].placeholder == "10"
    assert fields["result"].options == ["ok", "failed"]
    assert fields["since"].description
    assert not any(field.is_required for field in fields.values())


def test_without_a_token_the_tenant_would_be_a_required_input() -> None:
    fields = {field.name: field for field in fields_of(PROJECT, "queues")}

    assert fields[TENANT].is_required


@pytest.mark.parametrize(
    ("kind", "said", "sent"),
    [
        ("datetime-local", "2026-11-24T18:00", "2026-11-24 18:00:00"),
        ("datetime-local", "2026-11-24T18:00:15", "2026-11-24 18:00:15"),
        ("datetime-local", "2026-11-24 18:00:15", "2026-11-24 18:00:15"),
        ("datetime-local", "yesterday", "yesterday"),
        ("text", "Tuesday", "Tuesday"),
    ],
)
def test_a_moment_of_a_browsers_input_is_one_that_a_pipe_takes(
    kind: str, said: str, sent: str
) -> None:
    field = Field("since", "DateTime", "", "", [], is_required=False, input=kind)

    assert field.sent(said) == sent


def test_a_parameter_that_is_a_moment_has_an_input_for_moments() -> None:
    inputs = {f.name: f.input for f in fields_of(PROJECT, "queues", without=FIXED_PARAMS)}

    assert inputs["since"] == "datetime-local"
    assert {kind for name, kind in inputs.items() if name not in ("since", "until")} == {"text"}


def test_what_takes_several_values_of_another_parameter_is_told_apart() -> None:
    several = {f.name for f in fields_of(PROJECT, "queues") if f.is_of_several}

    assert several == {
        f"{name}_{end}" for name in ("result", "queue", "worker") for end in ("in", "not_in")
    }
