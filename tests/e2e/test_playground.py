"""The example request really runs, and only ever returns the signed-in tenant's rows."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.board import RECENT, ROUTES
from tests.e2e.visitor import Visitor, fixed_params
from tests.running_app import RunningApp


@pytest.fixture(autouse=True)
def _tinybird_answers(app: RunningApp) -> None:
    app.wait_for_tinybird()


def _choose(page: Page, pipe: str) -> None:
    page.locator("#pipe").select_option(pipe)
    expect(page.locator(f"form[data-pipe={pipe}]")).to_be_visible()


def _run(page: Page) -> None:
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#query-summary")).to_contain_text("200")


def _rows(page: Page) -> list[dict[str, str]]:
    page.locator("#playground").get_by_text("JSON", exact=True).click()
    rows: list[dict[str, str]] = json.loads(page.locator("#answer pre").inner_text())
    return rows


def test_the_chosen_pipe_runs_with_its_parameters_and_says_what_it_cost(
    visitor: Visitor, page: Page, app: RunningApp
) -> None:
    fixed = fixed_params(visitor.sign_in("admin@acme.test"), app.signing_key)
    _choose(page, RECENT)
    page.locator("input[name=limit]").fill("7")

    _run(page)

    summary = page.locator("#query-summary")
    expect(summary).to_contain_text(re.compile(r"ms · 7 rows of [\d,]+ read"))
    expect(summary).to_contain_text("of 10 requests left this second")
    rows = _rows(page)
    assert len(rows) == 7
    assert {row["tenant_id"] for row in rows} == {fixed["tenant_id"]}


def test_a_switch_empties_the_answer_and_the_next_one_is_the_other_tenants(
    visitor: Visitor, page: Page, app: RunningApp
) -> None:
    token = visitor.sign_in("admin@acme.test")
    _choose(page, RECENT)
    _run(page)

    token = visitor.switch_from(token, "Globex")
    expect(page.locator("#query-summary")).to_have_count(0)
    _choose(page, RECENT)
    _run(page)

    tenant = fixed_params(token, app.signing_key)["tenant_id"]
    assert {row["tenant_id"] for row in _rows(page)} == {tenant}


def test_the_example_request_runs_as_it_is_copied(
    visitor: Visitor, page: Page, app: RunningApp
) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.sign_in("admin@acme.test")

    page.get_by_role("button", name=re.compile("^Copy: fetch example")).click()
    source = page.evaluate("navigator.clipboard.readText()")
    rows = page.evaluate(f"(async () => {{ {source}\n return data }})()")

    assert rows
    assert set(rows[0]) >= {"bucket", "requests"}


def test_an_empty_or_refused_answer_is_explained(visitor: Visitor, page: Page) -> None:
    visitor.sign_in("admin@acme.test")
    _choose(page, RECENT)

    for parameters, explained in (
        ({"limit": "not a number"}, "Check the parameters"),
        ({"limit": "7", "start": "2020-01-01T00:00", "end": "2020-01-02T00:00"}, "No rows"),
        ({"start": "2026-02-02T00:00", "end": "2026-02-01T00:00"}, "start must be before"),
    ):
        for name, value in parameters.items():
            page.locator(f"input[name={name}]").fill(value)
        page.get_by_role("button", name="Run", exact=True).click()
        expect(page.locator("#answer")).to_contain_text(explained)


def test_all_rows_can_be_had_as_csv(visitor: Visitor, page: Page) -> None:
    visitor.sign_in("admin@acme.test")
    _choose(page, ROUTES)
    _run(page)

    with page.expect_download() as download:
        page.get_by_role("button", name="Download all rows as CSV").click()

    lines = download.value.path().read_text().splitlines()
    assert download.value.suggested_filename == f"{ROUTES}.csv"
    assert lines[0].replace('"', "").startswith("method,route,requests")
    assert len(lines) == 11


def test_each_attempt_to_break_in_fails_and_says_why(visitor: Visitor, page: Page) -> None:
    visitor.sign_in("admin@acme.test")

    for kind, outcome in (
        ("parameter", "rows, all yours"),
        ("altered", "403: refused"),
        ("expired", "403: refused"),
    ):
        attempt = page.locator(f"#attempt-{kind}")
        attempt.get_by_role("button").click()
        expect(attempt.locator(".verdict.good")).to_be_visible()
        expect(attempt.get_by_role("status")).to_contain_text(outcome)


def test_a_tinybird_that_dies_is_back_by_itself(
    visitor: Visitor, page: Page, app: RunningApp
) -> None:
    visitor.sign_in("admin@acme.test")
    _run(page)

    app.kill_tinybird()

    app.wait_for_tinybird()
    _run(page)
