"""Tabs with the same view and the same scopes share queries, and nobody else gets an answer."""

import asyncio

import pytest

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.tinybird.policy import Policy, Scope
from tests.clock import Clock
from tests.sessions import PIPES, TENANT
from tests.state.tab import Server, Tab
from tests.state.test_dashboard_state import QUERIES, Tinybird

pytestmark = pytest.mark.anyio


@pytest.fixture
async def tinybird() -> Tinybird:
    return Tinybird()


@pytest.fixture
def clock() -> Clock:
    """Begin half a second after a tick of two seconds, and of sixty."""
    return Clock(now=1_795_682_820.5)


async def _tab(
    server: Server,
    running: Services,
    number: int,
    organization: str = "acme",
    email: str = "admin@acme.test",
) -> Tab:
    assert running.embedded_clerk
    tab = Tab(server, client_token=f"tab-{number}", socket=f"ws-{number}")
    await tab.push(running.embedded_clerk.issue(email, organization))
    return tab


async def _refresh(tab: Tab, every: int = 0, search: str = "") -> None:
    await tab.see("refresh", number=1, path="/dashboard", search=search, zone="UTC", every=every)


async def test_tabs_of_one_user_ask_once_a_tick(
    server: Server, running: Services, tinybird: Tinybird, clock: Clock
) -> None:
    tabs = [await _tab(server, running, number) for number in range(5)]

    await asyncio.gather(*map(_refresh, tabs))
    clock.advance(0.4)
    await _refresh(tabs[0])

    assert len(tinybird.asked) == QUERIES
    assert all(tab.board["rows_job_totals"][0].value == "7" for tab in tabs)
    clock.advance(1)
    await asyncio.gather(*map(_refresh, tabs))
    assert len(tinybird.asked) == 2 * QUERIES


@pytest.mark.parametrize("is_fixed", [True, False], ids=["fixed", "free"])
async def test_users_of_a_tenant_share_unless_their_tokens_fix_who_they_are(
    server: Server,
    running: Services,
    tinybird: Tinybird,
    monkeypatch: pytest.MonkeyPatch,
    is_fixed: bool,
) -> None:
    def of_the_tenant(policy: Policy, session: ClerkSession) -> tuple[Scope, ...]:
        return tuple(Scope(pipe, {TENANT: policy.tenant_of(session)}) for pipe in PIPES)

    if not is_fixed:
        monkeypatch.setattr(Policy, "scopes", of_the_tenant)
    for number, email in enumerate(("admin@acme.test", "member@acme.test")):
        tab = await _tab(server, running, number, email=email)
        await _refresh(tab)
        assert tab.board["rows_job_totals"][0].value == "7"

    asked = [url for url in tinybird.asked if "job_totals" in url.path]
    assert len(asked) == (2 if is_fixed else 1)


async def test_another_tenant_and_another_view_ask_for_themselves(
    server: Server, running: Services, tinybird: Tinybird
) -> None:
    await _refresh(await _tab(server, running, 1))
    await _refresh(await _tab(server, running, 2, "globex"))
    await _refresh(await _tab(server, running, 3), search="?range=7d")

    assert len([url for url in tinybird.asked if "job_totals" in url.path]) == 3


async def test_a_period_ends_with_the_tick_and_a_slow_rate_has_none_that_is_longer(
    server: Server, running: Services, tinybird: Tinybird, clock: Clock
) -> None:
    tab = await _tab(server, running, 1)
    clock.advance(31)

    for every in (60, 86_400):
        await _refresh(tab, every=every)

        untils = {url.params.get("until") or "" for url in tinybird.asked}
        assert max(untils) == "2026-11-26 08:47:32"
        assert tab.board["fetched_at"] == 1_795_682_851
        assert tab.board["behind"] == 0.5


async def test_a_page_that_is_refreshed_more_slowly_for_its_rate_has_longer_ticks(
    server: Server,
    running: Services,
    tinybird: Tinybird,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    object.__setattr__(running.settings, "tinybird_rps", 1)
    monkeypatch.setattr("clerk_tinybird_app.state.queries._SECOND", 0)
    page = {"number": 1, "path": "/dashboard/queue", "search": "?queue=mail", "zone": "UTC"}

    # Three queries at one a second: the page's usual pause is six seconds.
    await (await _tab(server, running, 1)).see("refresh", **page)
    clock.advance(2)
    await (await _tab(server, running, 2)).see("refresh", **page)
    assert len(tinybird.asked) == 3


async def test_downloads_and_the_playground_ask_for_themselves(
    server: Server, running: Services, tinybird: Tinybird
) -> None:
    tab = await _tab(server, running, 1)
    await _refresh(tab)
    tinybird.asked.clear()

    for _ in range(2):
        await tab.see("download_csv", panel="queues")
        await tab.ask("run", form={})
        await tab.attempt("parameter")

    assert len(tinybird.asked) >= 6
