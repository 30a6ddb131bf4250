"""A list that somebody reads stays as it is; what is new and what is older comes when it is wanted.

And the record that an address names is shown to whoever may read its pipe, and to nobody else.
"""

import csv
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest

from clerk_tinybird_app import services
from clerk_tinybird_app.dashboard.listing import PAGE
from clerk_tinybird_app.dashboard.shown import Shaper
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.state.grant import UNCONFIRMED
from clerk_tinybird_app.state.lists import MOVED_ON
from tests.clock import Clock
from tests.state.tab import Server, Tab
from tests.state.test_dashboard_state import PERIOD, ROWS, Tinybird, _refresh, _sign_in

pytestmark = pytest.mark.anyio

LIST = "latest_jobs"


def jobs(first: int, last: int) -> list[dict[str, Any]]:
    """Return the jobs with these numbers and all between, newest first."""
    return [
        {
            "ended": f"2026-11-24 11:{number // 60:02d}:{number % 60:02d}.000",
            "id": f"job_{number}",
            "queue": "mail",
            "result": "failed" if number % 2 else "ok",
            "ms": number,
            "account": "org",
        }
        for number in range(first, last - 1, -1)
    ]


def numbers(tab: Tab) -> list[int]:
    return [int(row.key.removeprefix("job_")) for row in tab.board[f"rows_{LIST}"]]


@pytest.fixture
async def tinybird() -> Tinybird:
    return Tinybird()


@pytest.fixture
async def tab(server: Server, running: Services, tinybird: Tinybird) -> Tab:
    """A tab whose list has the jobs from 200 to 181."""
    tab = Tab(server)
    await _sign_in(tab, running, "acme")
    answer(tinybird, 200, 181)
    await _refresh(tab)
    return tab


def answer(tinybird: Tinybird, first: int, last: int) -> None:
    tinybird.rows = {**ROWS, LIST: jobs(first, last)}
    tinybird.asked.clear()


@asynccontextmanager
async def older_rows_on_their_way(tab: Tab, tinybird: Tinybird) -> AsyncIterator[None]:
    """Older rows are asked for before the block, and answered after it."""
    tinybird.late = LIST
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tab.load_older, LIST)
        while not tinybird.may_be_late.statistics().tasks_waiting:
            await anyio.sleep(0)
        tinybird.late = ""
        yield
        tinybird.may_be_late.set()


async def test_new_rows_wait_while_the_browser_says_that_the_list_is_read(
    tab: Tab, tinybird: Tinybird
) -> None:
    await tab.see("read_list", panel=LIST, is_read=True)
    answer(tinybird, 212, 193)

    await _refresh(tab, number=2)

    assert (numbers(tab)[0], tab.board["lists"][LIST].new) == (200, "12")
    await tab.see("show_new", panel=LIST)
    assert numbers(tab) == list(range(212, 180, -1))
    assert tab.board["lists"][LIST].new == ""
    # Once nobody reads, they just appear.
    await tab.see("read_list", panel=LIST, is_read=False)
    answer(tinybird, 213, 194)
    await _refresh(tab, number=3)
    assert numbers(tab) == list(range(213, 193, -1))


async def test_a_list_that_is_read_is_not_drawn_again_unless_its_times_are_others(
    tab: Tab, tinybird: Tinybird, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tab.see("read_list", panel=LIST, is_read=True)
    drawn: list[str] = []
    shown = Shaper.shown

    def noted(shaper: Shaper, panel: Any, rows: Any) -> dict[str, Any]:
        drawn.append(panel.key)
        return shown(shaper, panel, rows)

    monkeypatch.setattr(Shaper, "shown", noted)
    answer(tinybird, 201, 182)
    await _refresh(tab, number=2)
    assert drawn
    assert LIST not in drawn

    await tab.see("refresh", number=3, path="/dashboard", search="", zone="Pacific/Kiritimati")
    assert LIST in drawn


async def test_what_waits_is_shown_to_nobody_without_a_session(
    tab: Tab, tinybird: Tinybird, clock: Clock
) -> None:
    await tab.see("read_list", panel=LIST, is_read=True)
    answer(tinybird, 201, 182)
    await _refresh(tab, number=2)
    clock.advance(120)

    await tab.see("show_new", panel=LIST)

    assert numbers(tab)[0] == 200


async def test_older_rows_come_below_by_the_last_row_and_stay_at_a_refresh(
    tab: Tab, tinybird: Tinybird
) -> None:
    answer(tinybird, 180, 180 - PAGE + 1)
    await tab.load_older(LIST)

    (asked,) = tinybird.asked
    assert asked.params["before_at"] == "2026-11-24 11:03:01.000"
    assert (asked.params["before_id"], asked.params["limit"]) == ("job_181", "50")
    assert numbers(tab) == list(range(200, 130, -1))
    assert tab.board["loading"] == ""
    answer(tinybird, 203, 184)
    await _refresh(tab, number=2)
    assert numbers(tab) == list(range(203, 130, -1))
    assert tab.board["lists"][LIST].new == ""
    await tab.see("read_list", panel=LIST, is_read=True)
    answer(tinybird, 206, 187)
    await _refresh(tab, number=3)
    assert (numbers(tab)[0], numbers(tab)[-1]) == (203, 131)
    assert tab.board["lists"][LIST].new == "3"

    answer(tinybird, 130, 120)
    await tab.load_older(LIST)
    listed = tab.board["lists"][LIST]
    assert (listed.told, listed.has_more) == ("These are all 84 jobs", False)
    tinybird.asked.clear()
    await tab.load_older(LIST)
    assert tinybird.asked == []


async def test_older_rows_go_with_the_view_that_they_are_of(tab: Tab, tinybird: Tinybird) -> None:
    answer(tinybird, 180, 131)
    await tab.load_older(LIST)

    answer(tinybird, 190, 171)
    await _refresh(tab, number=2, search=PERIOD)

    assert numbers(tab) == list(range(190, 170, -1))
    assert tab.board["lists"][LIST].told == "The newest 20 jobs"


@pytest.mark.parametrize("other", ["?queue=mail", "?search=mail"])
async def test_older_rows_of_another_view_are_added_to_none(
    tab: Tab, tinybird: Tinybird, other: str
) -> None:
    answer(tinybird, 200, 181)
    async with older_rows_on_their_way(tab, tinybird):
        # It has the same last row.
        await _refresh(tab, number=2, search=other)
        answer(tinybird, 180, 131)

    assert numbers(tab) == list(range(200, 180, -1))
    assert tab.board["loading"] == ""


async def test_older_rows_that_would_not_follow_the_last_row_are_told_and_can_be_loaded_again(
    tab: Tab, tinybird: Tinybird
) -> None:
    answer(tinybird, 200, 181)
    async with older_rows_on_their_way(tab, tinybird):
        answer(tinybird, 210, 191)
        await _refresh(tab, number=2)
        answer(tinybird, 180, 131)

    assert (numbers(tab)[0], numbers(tab)[-1]) == (210, 191)
    assert tab.board["lists"][LIST].problem == MOVED_ON
    answer(tinybird, 190, 141)
    await tab.load_older(LIST)
    assert numbers(tab) == list(range(210, 140, -1))
    assert tab.board["lists"][LIST].problem == ""


async def test_older_rows_that_do_not_come_are_told_and_can_be_asked_for_again(
    tab: Tab, tinybird: Tinybird, clock: Clock
) -> None:
    tinybird.refusal = 500
    await tab.load_older(LIST)
    assert tab.board["lists"][LIST].problem
    assert len(numbers(tab)) == 20

    tinybird.refusal = None
    answer(tinybird, 180, 131)
    await tab.load_older(LIST)
    assert tab.board["lists"][LIST].problem == ""
    assert len(numbers(tab)) == 70

    clock.advance(120)
    await tab.load_older(LIST)
    assert tab.board["lists"][LIST].problem == UNCONFIRMED.message


async def test_a_download_has_the_rows_that_are_shown_and_loaded(
    tab: Tab, tinybird: Tinybird, server: Server
) -> None:
    answer(tinybird, 180, 131)
    await tab.load_older(LIST)
    tinybird.asked.clear()

    await tab.see("download_csv", panel=LIST)

    assert tinybird.asked == []
    assert tab.downloads == [f"{LIST}.csv"]
    (url,) = (each.payload["url"] for each in server.events["tab-1"] if "url" in each.payload)
    rows = list(csv.DictReader(b64decode(url.partition(",")[2]).decode().splitlines()))
    assert [row["id"] for row in rows] == [f"job_{number}" for number in range(200, 130, -1)]


async def test_a_search_is_its_lists_alone_and_the_rows_of_another_one_do_not_stay(
    tab: Tab, tinybird: Tinybird
) -> None:
    await tab.see("read_list", panel=LIST, is_read=True)
    answer(tinybird, 90, 89)

    await _refresh(tab, number=2, search="?search=Mail")

    assert {url.path.split("/")[-1] for url in tinybird.asked if "search" in url.params} == {
        f"{LIST}.json"
    }
    assert numbers(tab) == [90, 89]
    assert tab.board["lists"][LIST].search == tab.board["searches"][LIST] == "Mail"
    # The other panels are of the same view, and do not look as if they were of another one.
    assert tab.board["address"] == "/dashboard"
    assert tab.board["ranges"][0].href == "/dashboard?range=15m&search=Mail"


async def test_a_search_that_fails_leaves_no_rows_of_another_one(
    tab: Tab, tinybird: Tinybird
) -> None:
    tinybird.failing = LIST

    await _refresh(tab, number=2, search="?search=x")

    assert (tab.board["panels"][LIST].has_data, bool(tab.board["panels"][LIST].code)) == (
        False,
        True,
    )


async def test_a_record_of_the_list_is_shown_without_asking(tab: Tab, tinybird: Tinybird) -> None:
    tinybird.asked.clear()

    await tab.open_record(LIST, "job_190")

    assert tinybird.asked == []
    assert (tab.board["outcome"], tab.board["record"]) == ("found", "job_190")
    shown = tab.board["shown"]
    assert (shown.mark, shown.name) == ("ok", "mail")
    assert [field.label for field in shown.fields] == [
        "ended", "result", "queue", "took", "id", "account",
    ]  # fmt: skip


async def test_a_record_that_the_list_does_not_have_is_asked_for_by_its_id(
    tab: Tab, tinybird: Tinybird
) -> None:
    answer(tinybird, 7, 7)

    await tab.open_record(LIST, "job_7", search="?queue=bills")

    (asked,) = tinybird.asked
    assert asked.params["id"] == "job_7"
    since = datetime.fromisoformat(asked.params["since"]).replace(tzinfo=UTC).timestamp()
    assert services.current().clock() - since == pytest.approx(90 * 86_400, abs=60)
    assert "queue" not in asked.params
    assert tab.board["outcome"] == "found"
    # Its links lead on from the view.
    only = {field.label: field.only_href for field in tab.board["shown"].fields}
    assert only["queue"] == "/dashboard?queue=mail"


async def test_the_record_before_stays_until_something_has_come_of_the_next(
    tab: Tab, tinybird: Tinybird
) -> None:
    await tab.open_record(LIST, "job_190")
    before = tab.board["shown"]
    answer(tinybird, 7, 7)
    tinybird.may_answer = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tab.open_record, LIST, "job_7")
        await anyio.wait_all_tasks_blocked()

        assert (tab.board["record"], tab.board["is_asking"]) == ("job_7", True)
        assert (tab.board["outcome"], tab.board["shown"]) == ("", before)
        tinybird.may_answer.set()

    assert (tab.board["outcome"], tab.board["is_asking"]) == ("found", False)
    assert tab.board["shown"] != before


async def test_a_record_that_is_not_there_is_told_so_whatever_the_pipe_answers(
    tab: Tab, tinybird: Tinybird
) -> None:
    await tab.open_record(LIST, "job_7")

    assert (tab.board["outcome"], tab.board["shown"].fields) == ("absent", [])


async def test_an_id_longer_than_any_is_not_asked_for(tab: Tab, tinybird: Tinybird) -> None:
    tinybird.asked.clear()

    await tab.open_record(LIST, "x" * 5_000)

    assert (tab.board["outcome"], tinybird.asked) == ("absent", [])


async def test_a_record_that_could_not_be_asked_for_can_be_asked_for_again(
    tab: Tab, tinybird: Tinybird
) -> None:
    tinybird.refusal = 500
    await tab.open_record(LIST, "job_7")
    assert (tab.board["outcome"], bool(tab.board["failure"])) == ("failed", True)

    tinybird.refusal = None
    answer(tinybird, 7, 7)
    await tab.open_record(LIST, "job_7")
    assert (tab.board["outcome"], tab.board["failure"]) == ("found", "")


async def test_a_row_without_what_the_list_shows_is_no_record(tab: Tab, tinybird: Tinybird) -> None:
    tinybird.rows = {**ROWS, LIST: [{"id": "job_7", "ended": "2026-11-24 12:00:00.000"}]}

    await tab.open_record(LIST, "job_7")

    assert tab.board["outcome"] == "failed"


async def test_nothing_of_a_record_stays_for_another_tenant(tab: Tab, running: Services) -> None:
    await tab.open_record(LIST, "job_190")

    await _sign_in(tab, running, "globex")

    assert (tab.board["record"], tab.board["outcome"], tab.board["shown"].fields) == ("", "", [])
    assert tab.board["lists"][LIST].told == ""
