"""The project that this repository ships, against its policy, its fixtures and its promises."""

import itertools
import json
import re

import pytest

from clerk_tinybird_app.tinybird.project import Node, Pipe, load_project
from tests.products.product import ROOT, shipped

FOLDER = ROOT / "tinybird"
PIPES = shipped("demo").policy.pipes
PROJECT = load_project(FOLDER)


def test_the_endpoints_are_those_of_the_policy() -> None:
    assert {name for name, pipe in PROJECT.pipes.items() if pipe.is_endpoint} == set(PIPES)
    # The others are read by them alone.
    assert PROJECT.pipes.keys() - PIPES == {"filtered_requests"}


def test_a_tenants_period_is_one_read_of_the_sorting_key() -> None:
    key = PROJECT.datasources["requests"].engine_settings["ENGINE_SORTING_KEY"]

    assert key.startswith("tenant_id, timestamp")


def test_rows_are_appended_with_the_token_for_it() -> None:
    assert PROJECT.datasources["requests"].tokens == (("requests_append", "APPEND"),)


OF_ONE_TENANT = "FROMrequestsWHEREtenant_id={{sql_unescape(String(tenant_id,"
FILTERS = ("method", "route", "status", "region", "user")
SEVERAL = (f"{name}{end}" for name in (*FILTERS, "status_class") for end in ("_in", "_not_in"))
TEXTS = ("tenant_id", "user_id", *FILTERS, *SEVERAL)


def squeezed(node: Node) -> str:
    return re.sub(r"\s+", "", node.sql)


@pytest.mark.parametrize("pipe", PROJECT.pipes.values(), ids=PROJECT.pipes)
def test_every_read_of_requests_is_of_one_tenant(pipe: Pipe) -> None:
    reads = [squeezed(node) for node in pipe.nodes]

    assert any("FROMrequests" in sql or "FROMfiltered_requests" in sql for sql in reads)
    for sql in reads:
        assert sql.count("FROMrequests") == sql.count(OF_ONE_TENANT)


@pytest.mark.parametrize("pipe", PROJECT.pipes.values(), ids=PROJECT.pipes)
def test_every_text_is_compared_as_it_is(pipe: Pipe) -> None:
    """Tinybird writes ``%`` as ``\\%``, for a LIKE; to ``=`` the backslash is a part of it."""
    for node, name in itertools.product(pipe.nodes, TEXTS):
        sql = squeezed(node)
        assert sql.count(f"String({name},") == sql.count(f"sql_unescape(String({name},")


@pytest.mark.parametrize("name", PIPES)
def test_every_endpoint_describes_itself_and_has_tests(name: str) -> None:
    tests = (FOLDER / "tests" / f"{name}.yaml").read_text()

    assert PROJECT.pipes[name].description
    assert "expected_http_status: 400" in tests


def test_fixtures_have_every_column_and_more_than_one_tenant() -> None:
    names = [column.name for column in PROJECT.datasources["requests"].columns]
    lines = (FOLDER / "fixtures/requests.ndjson").read_text().splitlines()
    rows = [json.loads(line) for line in lines]

    assert all(list(row) == names for row in rows)
    assert len({row["tenant_id"] for row in rows}) == 3
