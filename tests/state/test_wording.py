"""Customers read what they can do, and no word of what stands behind the numbers."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk import errors as of_clerk
from clerk_tinybird_app.clerk.errors import ClerkError
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.state.grant import CHANGED, UNCONFIRMED
from clerk_tinybird_app.state.wording import told
from clerk_tinybird_app.tinybird.client import TinybirdError, TinybirdUnexpectedRowsError
from tests.sessions import PRODUCT
from tests.state.tab import Server, Tab
from tests.state.test_dashboard_state import ROWS, Tinybird

pytestmark = pytest.mark.anyio

DEVELOPERS = re.compile(
    r"tinybird|clerk|token|\btb\b|pipe|workspace|query|deploy|origin|keys?\b|server|NTP|[A-Z]+_[A-Z]",
    re.IGNORECASE,
)


def _kinds(base: type[Any]) -> Iterator[type[Any]]:
    yield base
    for kind in base.__subclasses__():
        yield from _kinds(kind)


def _errors() -> list[TinybirdError | ClerkError]:
    made: dict[type[Any], TinybirdError | ClerkError] = {
        TinybirdUnexpectedRowsError: TinybirdUnexpectedRowsError("queues", "it has no rows"),
        of_clerk.SessionExpiredError: of_clerk.SessionExpiredError(1),
        of_clerk.SessionClockAheadError: of_clerk.SessionClockAheadError(9.0),
        of_clerk.SessionNotYetValidError: of_clerk.SessionNotYetValidError(9.0),
        of_clerk.SessionAzpError: of_clerk.SessionAzpError("https://other.test"),
        of_clerk.SessionClaimsError: of_clerk.SessionClaimsError("sub"),
    }
    kinds = [*_kinds(TinybirdError), *_kinds(ClerkError)]
    return [made[kind] if kind in made else kind() for kind in kinds]


@pytest.fixture
def customers(server: Server, monkeypatch: pytest.MonkeyPatch) -> Services:
    """The services of the server without the token page."""
    assert server
    return _without_token_page(services.current(), monkeypatch)


def _without_token_page(running: Services, monkeypatch: pytest.MonkeyPatch) -> Services:
    changed = replace(running, settings=replace(running.settings, token_page=False))
    monkeypatch.setattr(services, "current", lambda: changed)
    return changed


@pytest.mark.parametrize("error", _errors(), ids=lambda error: type(error).__name__)
def test_customers_are_told_what_they_can_do_and_developers_what_is_wrong(
    running: Services, monkeypatch: pytest.MonkeyPatch, error: TinybirdError | ClerkError
) -> None:
    assert (told(error).code, told(error).message) == (error.code, error.message)

    _without_token_page(running, monkeypatch)

    assert told(error).code == error.code.replace("tinybird_", "data_")
    assert not DEVELOPERS.search(told(error).message)
    assert "tinybird" not in told(error).code
    assert re.search(r"[Tt]ry again|Finish|[Ll]oad the page", told(error).message)


@pytest.mark.parametrize("problem", [CHANGED, UNCONFIRMED])
def test_what_both_are_told_names_no_tool(problem: Any) -> None:
    assert not DEVELOPERS.search(problem.message)


@pytest.fixture
async def tinybird() -> Tinybird:
    return Tinybird()


async def _failing(tab: Tab, running: Services, tinybird: Tinybird, refusal: int) -> str:
    """Return all that a dashboard says whose panels and downloads fail, with data and without."""
    assert running.embedded_clerk
    await tab.push(running.embedded_clerk.issue("admin@acme.test", "acme"))
    where = {"path": "/dashboard", "search": "", "zone": "UTC"}
    await tab.see("refresh", number=1, **where)
    tinybird.refusal = refusal
    await tab.see("refresh", number=2, **where)
    await tab.see("download_csv", panel="latest_jobs")
    said = [tab.board["stale_reason"], tab.board["download_problem"]]
    await tab.see("refresh", number=3, **where | {"search": "?range=1h"})
    for panel in PRODUCT.dashboard.panels:
        shown = tab.board["panels"][panel.key]
        assert shown.code
        said += [shown.code, shown.message]
    return "\n".join(said)


@pytest.mark.parametrize("refusal", [400, 403, 404, 408, 413, 429, 500])
async def test_a_customers_dashboard_that_fails_names_no_tool(
    customers: Services, server: Server, tinybird: Tinybird, refusal: int
) -> None:
    said = await _failing(Tab(server), customers, tinybird, refusal)

    assert "These numbers could not be loaded." in said
    assert not DEVELOPERS.search(re.sub(r"data_\w+", "", said))
    assert re.search(r"\bdata_\w+", said)


async def test_rows_that_cannot_be_shown_are_told_customers_in_the_same_words(
    customers: Services, server: Server, tinybird: Tinybird
) -> None:
    tinybird.rows = {**ROWS, "latest_jobs": [{"id": "job_1"}]}
    assert customers.embedded_clerk
    tab = Tab(server)
    await tab.push(customers.embedded_clerk.issue("admin@acme.test", "acme"))

    await tab.see("refresh", number=1, path="/dashboard", search="", zone="UTC")

    shown = tab.board["panels"]["latest_jobs"]
    assert shown.code == "data_unexpected_rows"
    assert shown.message == "These numbers could not be loaded. Try again."


async def test_a_developers_dashboard_that_fails_says_what_is_wrong(
    running: Services, server: Server, tinybird: Tinybird
) -> None:
    said = await _failing(Tab(server), running, tinybird, 404)

    assert "tinybird_not_found" in said
    assert "tb --cloud deploy" in said


async def test_a_customers_session_that_is_refused_is_told_without_a_tools_name(
    customers: Services, server: Server
) -> None:
    tab = Tab(server)

    await tab.push("a.b.c")

    assert tab.seen["error_code"] == "session_malformed"
    assert not DEVELOPERS.search(tab.seen["error_message"])
