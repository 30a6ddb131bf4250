"""A dashboard's answers are shown to the tenant that asked, for the view that was asked for."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import anyio
import httpx
import pytest

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.dashboard import texts
from clerk_tinybird_app.dashboard.charts import Axis, Chart
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.state.dashboard import NOTHING_TO_DOWNLOAD, DashboardState
from clerk_tinybird_app.state.grant import UNCONFIRMED
from clerk_tinybird_app.state.picker import PickerState
from clerk_tinybird_app.tinybird.policy import Policy, Scope
from tests.clock import Clock
from tests.sessions import PRODUCT
from tests.state.tab import Server, Tab

pytestmark = pytest.mark.anyio

# Two charts are asked for of the period before too.
QUESTIONS = len(PRODUCT.dashboard.panels) + 2
# The two show the same rows, and so share their queries.
QUERIES = QUESTIONS - 2
SUMMARY: dict[str, Any] = {
    "jobs": 7,
    "jobs_before": 0,
    "failures": 0.5,
    "failures_before": None,
    "ms": 9.0,
    "ms_before": None,
}
ROWS: dict[str, list[dict[str, Any]]] = {
    "job_totals": [SUMMARY],
    "jobs_by_hour": [],
    "queues": [],
    "workers": [],
    "job_values": [{"value": "mail", "jobs": 7}],
    "latest_jobs": [
        {
            "ended": "2026-11-24 12:00:00.000",
            "id": "job_1",
            "queue": "mail",
            "result": "ok",
            "ms": 5,
        }
    ],
}
PERIOD = "?range=custom&start=2026-11-24T12:00Z&end=2026-11-24T12:04Z"


DAY_BEFORE = "2026-11-23 12:00:00"
JUST_BEFORE = "2026-11-24 11:56:00"


def bucket(minute: int, day: int = 24) -> dict[str, Any]:
    return {"hour": f"2026-11-{day} 12:0{minute}:00", "jobs": 4, "ok": 2, "failed": 2, "ms": 5.0}


NO_ROWS = {
    **ROWS,
    "job_totals": [SUMMARY | {"jobs": 0, "failures": None, "ms": None}],
    "latest_jobs": [],
}


class Tinybird:
    """Answers each pipe's rows when it is let, or refuses; remembers the requests.

    The pipe ``late`` answers once it may be late, and ``failing`` does not.
    """

    def __init__(self) -> None:
        self.rows = ROWS
        self.refusal: int | None = None
        self.asked: list[httpx.URL] = []
        self.may_answer = anyio.Event()
        self.may_answer.set()
        self.late = ""
        self.failing = ""
        self.unknown_zone = ""
        self.earlier: list[dict[str, Any]] | None = []
        self.earlier_starts: tuple[str, ...] = (DAY_BEFORE, JUST_BEFORE)
        self.may_be_late = anyio.Event()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url)
        await self.may_answer.wait()
        if self.late and self.late in request.url.path:
            await self.may_be_late.wait()
        is_earlier = request.url.params.get("since") in self.earlier_starts
        if self.failing and self.failing in request.url.path:
            return httpx.Response(500, json={"error": "no"})
        if self.refusal or (is_earlier and self.earlier is None):
            return httpx.Response(self.refusal or 500, json={"error": "no"})
        if self.unknown_zone and request.url.params.get("zone") == self.unknown_zone:
            said = f"[Error] Cannot load time zone {self.unknown_zone}. (BAD_ARGUMENTS)"
            return httpx.Response(400, json={"error": said})
        pipe = request.url.path.rpartition("/")[2].partition(".")[0]
        rows = (is_earlier and self.earlier) or self.rows[pipe]
        statistics = {"elapsed": 0.001, "rows_read": 1, "bytes_read": 1}
        meta = [{"name": name, "type": "String"} for name in (rows or [{}])[0]]
        answer = {"meta": meta, "data": rows, "rows": len(rows), "statistics": statistics}
        return httpx.Response(200, content=json.dumps(answer))


@pytest.fixture
async def tinybird() -> Tinybird:
    return Tinybird()


@pytest.fixture
async def tab(server: Server, running: Services) -> Tab:
    tab = Tab(server)
    await _sign_in(tab, running, "acme")
    return tab


async def _sign_in(tab: Tab, running: Services, organization: str) -> None:
    assert running.embedded_clerk
    await tab.push(running.embedded_clerk.issue("admin@acme.test", organization))


async def _refresh(tab: Tab, number: int = 1, search: str = "") -> None:
    """Refresh; later ones come as much later as the page's do, so that they ask anew."""
    running = services.current()
    if number > 1 and isinstance(running.clock, Clock):
        running.clock.advance(running.settings.refresh_seconds)
    await tab.see("refresh", number=number, path="/dashboard", search=search, zone="UTC")


def _panel(tab: Tab, name: str) -> Any:
    return tab.board["panels"][name]


async def test_a_refresh_asks_every_pipe_with_the_address_and_shows_what_they_say(
    tab: Tab, tinybird: Tinybird
) -> None:
    await _refresh(tab, number=5, search="?range=1h&queue=mail")

    # The ranking of the queues keeps its other rows.
    asked = {url.params.get("queue") for url in tinybird.asked if "queues" not in url.path}
    assert asked == {"mail"}
    assert len({url.path for url in tinybird.asked}) == 5
    assert tab.board["rows_job_totals"][0].value == "7"
    assert tab.board["finished"] == 5
    assert tab.board["stale_since"] == 0


async def test_the_panels_over_time_are_of_the_viewers_own_days(
    tab: Tab, tinybird: Tinybird
) -> None:
    await tab.see("refresh", number=1, path="/dashboard", search="?range=30d", zone="Asia/Kolkata")

    assert {url.params.get("zone") for url in tinybird.asked if "by_hour" in url.path} == {
        "Asia/Kolkata"
    }


async def test_a_zone_that_tinybird_does_not_know_is_utc_from_the_next_refresh_on(
    tab: Tab, tinybird: Tinybird
) -> None:
    tinybird.unknown_zone = "America/Coyhaique"
    await tab.see("refresh", number=1, path="/dashboard", search="", zone="America/Coyhaique")
    assert _panel(tab, "jobs_by_hour").code == "tinybird_bad_request"
    assert tab.board["is_failing"] is True

    for number in (2, 3):
        await tab.see(
            "refresh", number=number, path="/dashboard", search="", zone="America/Coyhaique"
        )

        assert _panel(tab, "jobs_by_hour").code == ""
        assert tab.board["is_failing"] is False
        assert tab.board["problem"] == (
            "The time zone America/Coyhaique is not known here: times and days are those of UTC."
        )


async def test_values_and_records_are_in_utc_too_where_the_zone_is_refused(
    tab: Tab, tinybird: Tinybird
) -> None:
    zone = "Pacific/Kiritimati"
    tinybird.unknown_zone = zone
    for number in (1, 2):
        await tab.see("refresh", number=number, path="/dashboard", search="", zone=zone)
    tinybird.asked.clear()

    named = {"number": 1, "name": "queue", "search": "", "address": "?range=today", "zone": zone}
    await tab.send(f"{PickerState.get_full_name()}.ask", named)
    await tab.open_record("latest_jobs", "job_1", zone=zone)

    assert tinybird.asked[0].params["since"].endswith(" 00:00:00")
    assert tab.board["shown"].fields[0].text.endswith(" UTC")


async def test_a_zone_of_the_address_is_asked_for_and_told_from_the_viewers_own(
    tab: Tab, tinybird: Tinybird
) -> None:
    page = {"path": "/dashboard", "zone": "Europe/Berlin"}
    await tab.see("refresh", number=1, search="?range=30d&zone=Asia/Kathmandu", **page)

    assert {url.params.get("zone") for url in tinybird.asked if "by_hour" in url.path} == {
        "Asia/Kathmandu"
    }
    assert (tab.board["zone_name"], tab.board["zone"]) == ("Asia/Kathmandu", "UTC+5:45")
    assert tab.board["own_zone"] == "Europe/Berlin"

    await tab.see("refresh", number=2, search="?zone=Mars/Base", **page)
    assert tab.board["zone_name"] == "Europe/Berlin"
    assert "time zone in the address is not known" in tab.board["problem"]


async def test_the_zones_are_sent_once_and_one_of_them_is_gone_to(tab: Tab) -> None:
    await tab.see("refresh", number=1, path="/dashboard", search="?range=7d", zone="Europe/Berlin")
    assert tab.board.get("zones", []) == []

    await tab.see("list_zones")
    assert ["Asia/Kathmandu", "UTC+5:45"] in tab.board.pop("zones")
    await tab.see("list_zones")
    assert "zones" not in tab.board

    for name in ("Asia/Kathmandu", "", "Europe/Berlin", "Mars/Base", 7):
        await tab.see("choose_zone", name=name)
    assert tab.places == [
        "/dashboard?range=7d&zone=Asia/Kathmandu",
        "/dashboard?range=7d",
        "/dashboard?range=7d",
    ]


async def test_today_is_compared_with_yesterday_up_to_the_same_time(
    tab: Tab, tinybird: Tinybird, clock: Clock
) -> None:
    clock.now = datetime(2026, 11, 24, 12, 4, tzinfo=UTC).timestamp()
    await _sign_in(tab, services.current(), "acme")

    await tab.see(
        "refresh", number=1, path="/dashboard", search="?range=today", zone="Asia/Kathmandu"
    )

    asked = [url.params for url in tinybird.asked if "job_totals" in url.path]
    assert [each["since"] for each in asked] == ["2026-11-23 18:15:00", "2026-11-22 18:15:00"]
    assert asked[1]["until"].startswith("2026-11-23 12:0")
    assert tab.board["figures_before"] == "yesterday"
    assert tab.board.get("is_live", True) is True
    assert "start=2026-11-23T18:15Z" in tab.board["frozen"]


async def test_charts_that_are_compared_with_nothing_leave_their_place_to_the_key_figures(
    tab: Tab, tinybird: Tinybird, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = services.current()
    slower = replace(running, settings=replace(running.settings, tinybird_rps=9))
    monkeypatch.setattr(services, "current", lambda: slower)

    await _refresh(tab, search="?range=today&compare=off")

    assert ["job_totals" in url.path for url in tinybird.asked].count(True) == 2


@pytest.mark.parametrize("search", ["", "?range=today", "?compare=off", "?range=today&compare=off"])
async def test_how_many_queries_a_refresh_makes_is_said_as_it_is(
    tab: Tab, tinybird: Tinybird, search: str
) -> None:
    await _refresh(tab, search=search)

    assert tab.board["queries"] == len(tinybird.asked)


async def test_what_did_not_change_is_not_sent_again(tab: Tab) -> None:
    await _refresh(tab)
    tab.board.clear()

    await _refresh(tab, number=2)

    # When the data came is new, and so is the period, which ends now.
    of_the_period = {"custom_start", "custom_end", "frozen", "dates", "period"}
    assert tab.board.keys() <= {"finished", "fetched_at", *of_the_period}
    assert tab.board["finished"] == 2


async def test_a_refresh_of_the_same_view_is_one_update_with_its_end(tab: Tab) -> None:
    await _refresh(tab)
    before = tab.updates

    await _refresh(tab, number=2)

    assert tab.updates == before + 1
    assert tab.board["finished"] == 2


async def test_a_refresh_sends_the_panels_that_changed_and_no_others(
    tab: Tab, tinybird: Tinybird
) -> None:
    await _refresh(tab)
    tab.board.clear()
    tinybird.rows = {**ROWS, "job_totals": [SUMMARY | {"jobs": 8}]}

    await _refresh(tab, number=2)

    assert {name for name in tab.board if name.startswith("rows_")} == {"rows_job_totals"}


async def test_what_came_stays_when_a_refresh_fails_and_is_marked_stale(
    tab: Tab, tinybird: Tinybird, clock: Clock
) -> None:
    await _refresh(tab)
    came = clock.now // 1
    clock.advance(10)
    tinybird.refusal = 500

    await _refresh(tab, number=2)

    assert tab.board["rows_job_totals"][0].value == "7"
    assert _panel(tab, "job_totals").code.startswith("tinybird_")
    assert tab.board["stale_since"] == came
    assert tab.board["stale_reason"]
    assert tab.board["finished"] == 2

    tinybird.refusal = None
    await _refresh(tab, number=3)
    assert (tab.board["stale_since"], tab.board["stale_reason"]) == (0, "")


async def test_another_views_data_does_not_stay_when_its_refresh_fails(
    tab: Tab, tinybird: Tinybird
) -> None:
    await _refresh(tab)
    tinybird.refusal = 500

    await _refresh(tab, number=2, search="?range=7d")

    failed = _panel(tab, "job_totals")
    assert not failed.has_data
    assert failed.code.startswith("tinybird_")
    assert tab.board["stale_since"] == 0
    assert tab.board["is_failing"] is True
    # It is all panels' alike, and said once.
    assert (tab.board["failure_code"], tab.board["failure"]) == (failed.code, failed.message)
    tinybird.refusal = 0
    await _refresh(tab, number=3, search="?range=7d")
    assert (tab.board["failure_code"], tab.board["failure"]) == ("", "")


async def test_rows_that_a_panel_cannot_show_are_that_panels_error_alone(
    tab: Tab, tinybird: Tinybird
) -> None:
    tinybird.rows = {**ROWS, "latest_jobs": [{"ended": "2026-11-24 12:00:00.000"}]}

    await _refresh(tab, number=3)

    assert _panel(tab, "latest_jobs").code == "tinybird_unexpected_rows"
    assert "latest_jobs" in _panel(tab, "latest_jobs").message
    assert tab.board["rows_job_totals"][0].value == "7"
    assert tab.board["finished"] == 3
    assert tab.board["is_failing"] is True
    assert tab.board.get("failure_code", "") == ""


async def test_an_empty_tenant_never_sees_a_panel_and_costs_one_query_a_refresh(
    tab: Tab, tinybird: Tinybird
) -> None:
    tinybird.rows = NO_ROWS
    await _refresh(tab)
    assert tab.board["has_no_rows"] is True
    assert not any(panel.has_data for panel in tab.board.get("panels", {}).values())

    tinybird.asked.clear()
    await _refresh(tab, number=2)
    assert [url.path for url in tinybird.asked] == ["/v0/pipes/latest_jobs.json"]

    tinybird.rows = ROWS
    await _refresh(tab, number=3)
    assert tab.board["has_no_rows"] is False
    assert tab.board["rows_job_totals"][0].value == "7"


async def test_a_refresh_of_an_empty_tenant_is_one_update_too_and_its_period_goes_on(
    tab: Tab, tinybird: Tinybird
) -> None:
    tinybird.rows = NO_ROWS
    await _refresh(tab)
    before, frozen = tab.updates, tab.board["frozen"]

    await _refresh(tab, number=2)

    assert tab.updates == before + 1
    assert tab.board["finished"] == 2
    assert tab.board["frozen"] != frozen


async def test_what_another_period_is_called_is_there_before_its_rows(
    tab: Tab, tinybird: Tinybird
) -> None:
    await _refresh(tab)
    tinybird.late = "_"
    tinybird.asked.clear()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_refresh, tab, 2, "?range=7d")
        with anyio.fail_after(5):
            while len(tinybird.asked) < QUERIES:
                await anyio.sleep(0)
        called, finished = tab.board["subtitle"], tab.board["finished"]
        tinybird.may_be_late.set()

    assert called == "last 7 days"
    assert finished == 1


async def test_an_empty_tenant_sees_no_panel_whichever_answer_comes_last(
    tab: Tab, tinybird: Tinybird
) -> None:
    tinybird.rows = NO_ROWS
    tinybird.late = "job_totals"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_refresh, tab)
        with anyio.fail_after(5):
            while len(tinybird.asked) < QUERIES + 1:
                await anyio.sleep(0)
        tinybird.may_be_late.set()

    assert tab.board["has_no_rows"] is True
    assert not any(panel.has_data for panel in tab.board.get("panels", {}).values())


async def test_a_tenant_that_has_had_rows_is_not_asked_about_any_again(
    tab: Tab, tinybird: Tinybird
) -> None:
    await _refresh(tab)
    tinybird.rows = NO_ROWS
    tinybird.asked.clear()

    await _refresh(tab, number=2)

    assert len(tinybird.asked) == QUERIES
    assert tab.board.get("has_no_rows", False) is False


async def test_a_download_that_fails_says_so_and_leaves_the_data_as_fresh_as_it_is(
    tab: Tab, tinybird: Tinybird
) -> None:
    await _refresh(tab)
    tinybird.refusal = 400

    await tab.see("download_csv", panel="queues")

    assert tab.board["download_problem"]
    assert _panel(tab, "queues").code == ""
    await tab.see("close_download_problem")
    assert tab.board["download_problem"] == ""


async def test_a_trend_is_never_drawn_from_another_views_rows(tab: Tab, tinybird: Tinybird) -> None:
    tinybird.rows = {**ROWS, "jobs_by_hour": [bucket(minute) for minute in range(4)]}
    await _refresh(tab, search=PERIOD)
    assert tab.board["rows_job_totals"][0].trend
    tinybird.late = "jobs_by_hour"

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_refresh, tab, 2, f"{PERIOD}&sort=ms")
        with anyio.fail_after(5):
            while tab.board["rows_job_totals"][0].trend:
                await anyio.sleep(0)
        tinybird.may_be_late.set()

    assert tab.board["rows_job_totals"][0].trend


async def test_a_chart_has_the_period_before_beside_its_own(tab: Tab, tinybird: Tinybird) -> None:
    tinybird.rows = {**ROWS, "jobs_by_hour": [bucket(minute) for minute in range(4)]}

    tinybird.earlier = [bucket(minute, day=23) for minute in range(3)]

    await _refresh(tab, search=f"{PERIOD}&compare=day")

    starts = [url.params["since"] for url in tinybird.asked if "by_hour" in url.path]
    assert sorted(starts) == [DAY_BEFORE, "2026-11-24 12:00:00"]
    chart = tab.board["rows_jobs_by_hour"]
    assert chart.totals == [8, 8]
    assert (chart.before, chart.before_total) == ([4, 4, 4, None], 12)
    assert chart.before_name == "day before"


async def test_a_period_before_that_is_not_wanted_or_fails_leaves_the_chart_as_it_is(
    tab: Tab, tinybird: Tinybird
) -> None:
    tinybird.rows = {**ROWS, "jobs_by_hour": [bucket(minute) for minute in range(4)]}
    await _refresh(tab, search=f"{PERIOD}&compare=off")
    assert sum("by_hour" in url.path for url in tinybird.asked) == 1

    tinybird.earlier = None
    await _refresh(tab, number=2, search=f"{PERIOD}&compare=day")

    assert tab.board["rows_jobs_by_hour"].totals == [8, 8]
    assert _panel(tab, "jobs_by_hour").code == ""
    assert tab.board.get("is_failing", False) is False


async def test_a_period_before_that_fails_once_stays(tab: Tab, tinybird: Tinybird) -> None:
    tinybird.rows = {**ROWS, "jobs_by_hour": [bucket(minute) for minute in range(4)]}
    tinybird.earlier = [bucket(minute, day=23) for minute in range(3)]
    await _refresh(tab, search=f"{PERIOD}&compare=day")
    tinybird.earlier = None
    tinybird.rows["jobs_by_hour"].append(bucket(4))

    await _refresh(tab, number=2, search=f"{PERIOD}&compare=day")

    assert tab.board["rows_jobs_by_hour"].before == [4, 4, 4, None, None]


async def test_key_figures_do_not_keep_a_period_before_that_fails(
    tab: Tab, tinybird: Tinybird, clock: Clock
) -> None:
    clock.now = datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC).timestamp()
    tinybird.earlier_starts = ("2026-11-23 00:00:00",)
    tinybird.earlier = [SUMMARY | {"jobs": 14}]
    await _refresh(tab, search="?range=today")
    assert "50" in tab.board["rows_job_totals"][0].change
    tinybird.earlier = None

    await _refresh(tab, number=2, search="?range=today")

    assert tab.board["rows_job_totals"][0].change == texts.NONE
    assert tab.board.get("is_failing", False) is False


async def test_what_is_out_of_date_is_drawn_for_the_time_that_it_is_of(
    tab: Tab, tinybird: Tinybird, clock: Clock
) -> None:
    clock.now = datetime(2026, 11, 24, 12, 3, 30, tzinfo=UTC).timestamp()
    await _sign_in(tab, services.current(), "acme")
    tinybird.rows = {**ROWS, "jobs_by_hour": [bucket(minute) for minute in range(4)]}
    await _refresh(tab)
    assert tab.board["axis_jobs_by_hour"].open == 3

    tinybird.failing = "jobs_by_hour"
    tinybird.rows["job_totals"] = [SUMMARY | {"jobs": 8}]
    clock.advance(40)
    await _refresh(tab, number=2)

    assert tab.board["rows_job_totals"][0].value == "8"
    assert tab.board["axis_jobs_by_hour"].open == 3


async def test_how_old_the_newest_data_is_does_not_change_when_none_comes(
    tab: Tab, tinybird: Tinybird, clock: Clock
) -> None:
    clock.now = clock.now // 1 + 0.25
    await _refresh(tab)
    behind = tab.board["behind"]
    assert behind
    tinybird.refusal = 500
    clock.advance(0.5)

    await _refresh(tab, number=2)

    assert tab.board["behind"] == behind


async def test_a_period_marked_in_a_chart_is_the_address(tab: Tab) -> None:
    await _refresh(tab, search="?queue=mail")

    await tab.see("choose_marked", start=1795521600, end=1795525200)
    await tab.see("choose_marked", start=1795525200, end=1795521600)
    await tab.see("choose_marked", start=10**30, end=5)

    assert tab.places == [
        "/dashboard?range=custom&start=2026-11-24T12:00Z&end=2026-11-24T13:00Z&queue=mail"
    ]


async def test_answers_that_come_after_a_switch_are_shown_to_nobody(
    tab: Tab, running: Services, tinybird: Tinybird
) -> None:
    tinybird.may_answer = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_refresh, tab)
        while len(tinybird.asked) < QUERIES:
            await anyio.sleep(0)
        await _sign_in(tab, running, "globex")
        tinybird.may_answer.set()

    assert tab.board.get("rows_job_totals", []) == []
    assert tab.board.get("rows_latest_jobs", []) == []


async def test_a_newer_refresh_takes_the_older_ones_place(tab: Tab, tinybird: Tinybird) -> None:
    tinybird.may_answer = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_refresh, tab)
        while len(tinybird.asked) < QUERIES:
            await anyio.sleep(0)
        tasks.start_soon(_refresh, tab, 2, "?range=7d")
        while len(tinybird.asked) < 2 * QUERIES:
            await anyio.sleep(0)
        tinybird.may_answer.set()

    assert tab.board["finished"] == 2
    assert _panel(tab, "job_totals").view == "/dashboard?range=7d"


async def test_without_a_current_session_nothing_is_asked_and_the_page_may_ask_again(
    tab: Tab, tinybird: Tinybird, clock: Clock
) -> None:
    clock.advance(120)
    await _refresh(tab, number=9)
    assert tab.board["finished"] == 9
    await tab.see("download_csv", panel="queues")
    await tab.add_sample_traffic()

    assert tinybird.asked == []


async def test_while_no_session_is_confirmed_the_data_stays_and_says_why_it_is_stale(
    tab: Tab, clock: Clock
) -> None:
    await _refresh(tab)
    came = clock.now // 1
    clock.advance(120)

    await _refresh(tab, number=2)

    assert tab.board["rows_job_totals"][0].value == "7"
    assert _panel(tab, "job_totals").code == UNCONFIRMED.code
    assert (tab.board["stale_since"], tab.board["stale_reason"]) == (came, UNCONFIRMED.message)


async def test_an_empty_tenant_too_is_told_that_no_session_is_confirmed(
    tab: Tab, tinybird: Tinybird, clock: Clock
) -> None:
    tinybird.rows = NO_ROWS
    await _refresh(tab)
    clock.advance(120)

    await _refresh(tab, number=2)

    # The panels, which say so, stand where the way to the first rows stood.
    assert tab.board["has_no_rows"] is False
    assert _panel(tab, "job_totals").message == UNCONFIRMED.message


async def test_what_is_downloaded_is_what_is_shown(
    tab: Tab, tinybird: Tinybird, clock: Clock
) -> None:
    await _refresh(tab, search="?range=1h")
    clock.advance(30)

    await tab.see("download_csv", panel="queues")

    shown = [url.params for url in tinybird.asked if url.path == "/v0/pipes/queues.json"]
    assert tinybird.asked[-1].path == "/v0/pipes/queues.csv"
    assert tinybird.asked[-1].params in shown


async def test_an_unknown_panel_has_nothing_to_download_or_to_view(
    tab: Tab, tinybird: Tinybird
) -> None:
    await tab.see("download_csv", panel="../tokens")
    await tab.see("view_request", panel="../tokens")

    assert tinybird.asked == []


async def test_a_panel_without_data_can_show_its_request_and_says_that_it_has_no_rows_to_download(
    tab: Tab, tinybird: Tinybird
) -> None:
    tinybird.refusal = 500
    await _refresh(tab, search="?queue=mail")

    await tab.see("view_request", panel="latest_jobs")
    await tab.see("download_csv", panel="latest_jobs")

    assert "pipe=latest_jobs" in tab.places[0]
    assert "queue=mail" in tab.places[0]
    assert tab.board["download_problem"] == NOTHING_TO_DOWNLOAD
    assert tab.downloads == []


@pytest.fixture
def customers_only(running: Services) -> None:
    """Have no token page."""
    object.__setattr__(running.settings, "token_page", False)


@pytest.mark.usefixtures("customers_only")
async def test_without_a_token_page_nobody_is_sent_to_it(tab: Tab) -> None:
    await _refresh(tab)

    await tab.see("view_request", panel="queues")

    assert tab.places == []


@pytest.mark.usefixtures("customers_only")
async def test_without_a_token_page_nobody_is_given_made_up_rows(
    tab: Tab, tinybird: Tinybird, joined: list[tuple[str, str]]
) -> None:
    tinybird.rows = NO_ROWS
    await _refresh(tab)

    await tab.add_sample_traffic()

    assert joined == []


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Who was given sample traffic: tenant and user."""
    joined: list[tuple[str, str]] = []

    async def add(_: Services, tenant: str, user_id: str) -> int:
        joined.append((tenant, user_id))
        return 1

    monkeypatch.setattr(Services, "add_sample_traffic", add)
    return joined


async def test_sample_traffic_is_for_the_signed_in_tenant(
    tab: Tab, tinybird: Tinybird, joined: list[tuple[str, str]]
) -> None:
    tinybird.rows = NO_ROWS
    await _refresh(tab)
    assert tab.board["has_no_rows"] is True

    await tab.add_sample_traffic()

    assert joined == [(tab.seen["tenant_id"], tab.seen["user_id"])]
    assert tab.board["is_adding"] is False


async def test_a_tenant_with_rows_of_its_own_gets_no_made_up_ones(
    tab: Tab, joined: list[tuple[str, str]]
) -> None:
    await _refresh(tab)

    await tab.add_sample_traffic()

    assert joined == []


async def test_why_sample_traffic_does_not_come_is_said(tab: Tab, tinybird: Tinybird) -> None:
    tinybird.rows = NO_ROWS
    await _refresh(tab)

    # Nobody started the embedded Tinybird of these tests.
    await tab.add_sample_traffic()

    assert "still starting" in tab.board["problem"]
    assert tab.board["is_adding"] is False


async def test_whatever_becomes_of_the_session_the_button_can_be_pressed_again(
    tab: Tab, tinybird: Tinybird, clock: Clock
) -> None:
    tinybird.rows = NO_ROWS
    await _refresh(tab)
    tinybird.may_answer = anyio.Event()
    tinybird.asked.clear()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tab.add_sample_traffic)
        while not tinybird.asked:
            await anyio.sleep(0)
        clock.advance(120)
        tinybird.may_answer.set()

    assert tab.board["is_adding"] is False
    assert tab.board["problem"] == ""


@pytest.fixture
def may_read(running: Services, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The pipes that tokens allow, once the product is loaded."""
    assert running
    allowed = {pipe for pipe in ROWS if pipe != "jobs_by_hour"}
    scopes = Policy.scopes

    def some(policy: Policy, session: ClerkSession) -> tuple[Scope, ...]:
        return tuple(each for each in scopes(policy, session) if each.resource in allowed)

    monkeypatch.setattr(Policy, "scopes", some)
    return allowed


async def test_a_panel_whose_pipe_the_token_does_not_allow_is_neither_asked_nor_shown(
    may_read: set[str], tab: Tab, tinybird: Tinybird
) -> None:
    tinybird.rows = {**ROWS, "jobs_by_hour": [bucket(minute) for minute in range(4)]}

    await _refresh(tab, search=PERIOD)
    await tab.see("view_request", panel="jobs_by_hour")
    await tab.see("download_csv", panel="jobs_by_hour")

    assert tab.board["hidden"] == ["jobs_by_hour", "duration"]
    of_panels = may_read - {"job_values"}  # that is asked when somebody looks for values
    assert {url.path.split("/")[-1] for url in tinybird.asked} == {f"{x}.json" for x in of_panels}
    assert tab.places == []
    # A figure whose trend is of that pipe has none.
    assert tab.board["rows_job_totals"][0].trend == ""
    assert tab.board["is_failing"] is False


async def test_what_a_token_no_longer_allows_is_taken_off_the_page(
    tab: Tab, tinybird: Tinybird, running: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    tinybird.rows = {**ROWS, "jobs_by_hour": [bucket(minute) for minute in range(4)]}
    await _refresh(tab, search=PERIOD)
    assert tab.board["rows_jobs_by_hour"]
    scopes = Policy.scopes

    def fewer(policy: Policy, session: ClerkSession) -> tuple[Scope, ...]:
        found = scopes(policy, session)
        return tuple(each for each in found if each.resource != "jobs_by_hour")

    monkeypatch.setattr(Policy, "scopes", fewer)
    await _sign_in(tab, running, "acme")
    await _refresh(tab, number=2, search=PERIOD)

    assert tab.board["hidden"] == ["jobs_by_hour", "duration"]
    assert tab.board["rows_jobs_by_hour"] == Chart()
    assert tab.board["axis_jobs_by_hour"] == Axis()
    assert not _panel(tab, "jobs_by_hour").has_data
    assert tab.board["rows_job_totals"][0].trend == ""

    tinybird.asked.clear()
    await tab.see("download_csv", panel="jobs_by_hour")
    assert tinybird.asked == []


async def test_a_session_that_may_not_read_the_newest_rows_is_not_taken_for_empty(
    may_read: set[str], tab: Tab, tinybird: Tinybird, running: Services
) -> None:
    may_read.discard("latest_jobs")
    await _sign_in(tab, running, "acme")
    tinybird.rows = NO_ROWS

    await _refresh(tab)

    assert tab.board.get("has_no_rows", False) is False
    assert not any("latest_jobs" in url.path for url in tinybird.asked)


async def test_a_page_shows_its_own_panels_and_its_title(tab: Tab, tinybird: Tinybird) -> None:
    await tab.see("refresh", number=1, path="/dashboard/queue", search="?queue=mail", zone="UTC")

    asked = {url.path.split("/")[-1] for url in tinybird.asked}
    assert asked == {"job_totals.json", "jobs_by_hour.json", "latest_jobs.json"}
    assert tab.board["page_title"] == "mail"
    assert tab.board["back_href"] == "/dashboard"
    assert tab.board["rows_latest_jobs"][0].open_href.startswith("/dashboard/queue?")


async def test_the_panels_own_vars_are_emptied_with_the_tenants_data(
    tab: Tab, running: Services
) -> None:
    await _refresh(tab)
    assert tab.board["rows_latest_jobs"]

    await _sign_in(tab, running, "globex")

    assert tab.board["rows_latest_jobs"] == []
    assert tab.board["rows_job_totals"] == []


def test_no_two_pages_share_a_panels_rows() -> None:
    first, second = (
        field.default_value() for field in [DashboardState.get_fields()["rows_queues"]] * 2
    )

    assert first == second == []
    assert first is not second
