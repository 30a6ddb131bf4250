"""A filter's values are asked with the viewer's token, and shown to nobody else."""

from typing import Any

import anyio
import pytest

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.dashboard.address import MOST_SEARCHED
from clerk_tinybird_app.dashboard.picker import Offered
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.state.grant import UNCONFIRMED
from clerk_tinybird_app.state.picker import PickerState
from clerk_tinybird_app.tinybird.policy import Policy, Scope
from tests.state import test_dashboard_state
from tests.state.tab import Server, Tab

pytestmark = pytest.mark.anyio

ROWS = {
    **test_dashboard_state.ROWS,
    "job_values": [{"value": "mail", "jobs": 4}, {"value": "bills", "jobs": 1}],
    "workers": [{"worker": "north", "jobs": 5}],
}


@pytest.fixture
async def tinybird() -> test_dashboard_state.Tinybird:
    found = test_dashboard_state.Tinybird()
    found.rows = ROWS
    return found


@pytest.fixture
async def tab(server: Server, running: Services) -> Tab:
    tab = Tab(server)
    await _sign_in(tab, running, "acme")
    return tab


async def _sign_in(tab: Tab, running: Services, organization: str, who: str = "admin") -> None:
    assert running.embedded_clerk
    await tab.push(running.embedded_clerk.issue(f"{who}@acme.test", organization))


async def _ask(tab: Tab, name: str, *, number: int = 1, search: str = "", address: str = "") -> Any:
    await tab.send(
        f"{PickerState.get_full_name()}.ask",
        {"number": number, "name": name, "search": search, "address": address, "zone": "UTC"},
    )
    return tab.picked


async def test_the_values_come_with_their_counts_whatever_the_filter_itself_says(
    tab: Tab, tinybird: test_dashboard_state.Tinybird
) -> None:
    picked = await _ask(tab, "queue", search="i", address="?queue=mail&result_not=ok", number=7)

    (asked,) = tinybird.asked
    assert asked.path.endswith("/job_values.json")
    assert {k: v for k, v in asked.params.items() if k not in ("since", "until")} == {
        "dimension": "queue", "search": "i", "result_not_in": '["ok"]',
    }  # fmt: skip
    assert picked["offered"] == [
        Offered("mail", "mail", "4", 100),
        Offered("bills", "bills", "1", 25),
    ]
    assert (picked["finished"], picked.get("problem", "")) == (7, "")


async def test_no_longer_text_is_looked_for_than_a_list_is_searched_for(
    tab: Tab, tinybird: test_dashboard_state.Tinybird
) -> None:
    await _ask(tab, "queue", search="x" * 5_000)

    assert tinybird.asked[0].params["search"] == "x" * MOST_SEARCHED


async def test_a_failure_is_said_and_goes_with_the_next_answer(
    tab: Tab, tinybird: test_dashboard_state.Tinybird
) -> None:
    tinybird.refusal = 500
    assert (await _ask(tab, "queue"))["problem"]

    tinybird.refusal = None
    picked = await _ask(tab, "worker", number=2)

    assert (picked["problem"], [each.value for each in picked["offered"]]) == ("", ["north"])


async def test_rows_that_are_none_are_a_failure(
    tab: Tab, tinybird: test_dashboard_state.Tinybird
) -> None:
    tinybird.rows = {**ROWS, "job_values": [{"jobs": 1}]}

    picked = await _ask(tab, "queue")

    assert picked["problem"]
    assert picked.get("offered", []) == []


async def test_who_may_not_read_where_the_values_come_from_is_asked_nothing(
    tab: Tab, running: Services, tinybird: test_dashboard_state.Tinybird
) -> None:
    await _sign_in(tab, running, "acme", "member")
    await tab.see("refresh", number=1, path="/dashboard", search="", zone="UTC")
    tinybird.asked.clear()

    picked = await _ask(tab, "worker")

    assert tab.board["hidden_filters"] == ["worker"]
    assert tinybird.asked == []
    assert picked.get("offered", []) == []


async def test_who_may_not_read_the_counts_gets_a_fixed_list_without_them(
    tab: Tab,
    running: Services,
    tinybird: test_dashboard_state.Tinybird,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scopes = Policy.scopes

    def fewer(policy: Policy, session: ClerkSession) -> tuple[Scope, ...]:
        return tuple(x for x in scopes(policy, session) if x.resource != "job_values")

    monkeypatch.setattr(Policy, "scopes", fewer)
    await _sign_in(tab, running, "acme")

    picked = await _ask(tab, "result")

    assert tinybird.asked == []
    assert [(each.value, each.count) for each in picked["offered"]] == [("ok", ""), ("failed", "")]


async def test_nobody_is_offered_anything_without_a_session_or_of_a_filter_that_is_none(
    server: Server, tab: Tab, tinybird: test_dashboard_state.Tinybird
) -> None:
    stranger = await _ask(Tab(server, client_token="tab-2", socket="ws-2"), "queue", number=3)
    assert (stranger["problem"], stranger["finished"]) == (UNCONFIRMED.message, 3)

    await _ask(tab, "nothing")
    assert tinybird.asked == []


@pytest.mark.parametrize("organization", ["globex", ""])
async def test_an_answer_that_comes_after_a_switch_is_shown_to_nobody(
    tab: Tab, running: Services, tinybird: test_dashboard_state.Tinybird, organization: str
) -> None:
    tinybird.may_answer = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_ask, tab, "queue")
        while not tinybird.asked:
            await anyio.sleep(0)
        if organization:
            await _sign_in(tab, running, organization)
        else:
            await tab.push("")
        tinybird.may_answer.set()

    assert tab.picked.get("offered", []) == []


async def test_values_on_the_page_go_with_the_tenant(tab: Tab, running: Services) -> None:
    assert (await _ask(tab, "queue"))["offered"]

    await _sign_in(tab, running, "globex")

    assert tab.picked["offered"] == []
