"""Whatever becomes of a page while a handler waits: what came is whoever's who asked, or nobody's.

Every background handler of every state is walked. They are found by looking, so a new one has to be
named in ``ASKED_WITH``, and holds what the others hold.
"""

import ast
import inspect
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import anyio
import pytest
import reflex as rx
from reflex.state import BaseState

from clerk_tinybird_app import state as states
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.components.pulse import PulseState
from clerk_tinybird_app.dashboard.charts import Chart
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.state import grant
from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.state.session import _HOLDERS
from clerk_tinybird_app.tinybird.policy import Policy, Scope
from tests.clock import Clock
from tests.sessions import PIPES, PRODUCT
from tests.state.tab import Server, Tab
from tests.state.test_dashboard_state import (
    JUST_BEFORE,
    NO_ROWS,
    PERIOD,
    ROWS,
    SUMMARY,
    Tinybird,
    bucket,
)

pytestmark = pytest.mark.anyio

PACKAGE = "clerk_tinybird_app."

ASKED_WITH: dict[str, dict[str, Any]] = {
    "BreakInState.attempt": {"kind": "parameter"},
    "DashboardState.download_csv": {"panel": "latest_jobs"},
    "DashboardState.refresh": {"number": 7, "path": "/dashboard", "search": "", "zone": "UTC"},
    "PickerState.ask": {
        "number": 7,
        "name": "queue",
        "search": "",
        "address": "",
        "zone": "UTC",
    },
    "OlderState.load_older": {"panel": "latest_jobs"},
    "PlaygroundState.download_csv": {},
    "PlaygroundState.run": {"form": {}},
    "RecordState.open_record": {
        "panel": "latest_jobs",
        "record": "job_9",
        "path": "/dashboard",
        "search": "",
        "zone": "UTC",
    },
    "SampleTrafficState.add": {},
}
"""Handler -> what it is called with."""

PUBLIC_HANDLERS = {
    *ASKED_WITH,
    "DashboardState.choose_custom",
    "DashboardState.choose_marked",
    "DashboardState.choose_zone",
    "DashboardState.close_download_problem",
    "DashboardState.list_zones",
    "DashboardState.read_list",
    "DashboardState.show_new",
    "DashboardState.view_request",
    "PlaygroundState.choose",
    "PlaygroundState.open_request",
    "PlaygroundState.stop",
    "PulseState.answer",
    "RecordState.ask_again",
    "SessionState.renew_token",
    "SessionState.sync",
}
"""All that any client can call, bound in the UI or not: what is not meant for it is private."""

HOLD_NO_TENANTS_DATA = {PulseState.__name__, "SessionState"}
"""States that may stay when the tenant changes: a number, and what changes."""

NOTHING_IS_UNDER_WAY = {"finished", "is_running", "is_adding", "is_asking", "loading"}
"""Vars that say so, and are set whoever's page it has become."""


def _states() -> Iterator[type[BaseState]]:
    for module in pkgutil.iter_modules(states.__path__, f"{states.__name__}."):
        import_module(module.name)
    for state in rx.State.get_substates():
        if state.__module__.startswith(PACKAGE):
            yield state


def _handlers(*, are_background: bool = True) -> dict[str, str]:
    """Return short name -> full name, of those in the background or of all."""
    return {
        f"{state.__name__}.{name}": f"{state.get_full_name()}.{name}"
        for state in _states()
        for name, handler in state.event_handlers.items()
        if name not in rx.State.event_handlers
        if handler.is_background or not are_background
    }


@pytest.fixture
async def tinybird() -> Tinybird:
    return Tinybird()


@dataclass
class Scene:
    """A tab of Acme's admin whose dashboard is filled, and all that can happen to it."""

    tab: Tab
    server: Server
    running: Services
    clock: Clock
    monkeypatch: pytest.MonkeyPatch

    async def sign_in(self, organization: str = "acme", email: str = "admin@acme.test") -> None:
        assert self.running.embedded_clerk
        await self.tab.push(self.running.embedded_clerk.issue(email, organization))

    def allow_everybody_the_same(self) -> None:
        """Use a policy whose tokens do not tell who or whose they are."""
        scopes = tuple(Scope(resource=pipe, fixed_params={"plan": "free"}) for pipe in PIPES)
        self.monkeypatch.setattr(Policy, "scopes", lambda policy, session: scopes)

    async def sign_in_changed(self, **changes: Any) -> None:
        """Push a session that differs from Acme's admin's in this alone."""
        verify = self.running.verifier.verify

        async def changed(token: str) -> ClerkSession:
            return replace(await verify(token), **changes)

        with self.monkeypatch.context() as patch:
            patch.setattr(self.running.verifier, "verify", changed)
            await self.sign_in()

    async def switch_the_organization(self) -> None:
        await self.sign_in("globex")

    async def change_the_role(self) -> None:
        await self.sign_in_changed(permissions=("org:requests:read",))

    async def become_a_member(self) -> None:
        """Lose the pipes that are for admins; the permissions stay."""
        verify = self.running.verifier.verify

        async def as_member(token: str) -> ClerkSession:
            session = await verify(token)
            assert session.organization
            return replace(session, organization=replace(session.organization, role="org:member"))

        with self.monkeypatch.context() as patch:
            patch.setattr(self.running.verifier, "verify", as_member)
            await self.sign_in()

    async def become_another_user(self) -> None:
        await self.sign_in_changed(user_id="user_other")

    async def sign_out(self) -> None:
        await self.tab.push("")

    async def be_refused(self) -> None:
        await self.tab.push("a.b.c")

    async def expire(self) -> None:
        self.clock.advance(120)

    async def lose_the_websocket(self) -> None:
        Tab(self.server, client_token="tab-1", socket="ws-2")

    async def prove_the_session_over_another_websocket(self) -> None:
        self.tab = Tab(self.server, client_token="tab-1", socket="ws-2")
        await self.sign_in()


Change = Callable[[Scene], Awaitable[None]]

CHANGES: list[Change] = [
    Scene.switch_the_organization,
    Scene.change_the_role,
    Scene.become_another_user,
    Scene.sign_out,
    Scene.be_refused,
    Scene.expire,
    Scene.lose_the_websocket,
    Scene.prove_the_session_over_another_websocket,
]
TOKENS_TELL_THIS: list[Change] = [Scene.change_the_role]


@pytest.fixture
async def scene(
    server: Server, running: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Scene:
    return Scene(Tab(server), server, running, clock, monkeypatch)


@asynccontextmanager
async def _waiting(scene: Scene, tinybird: Tinybird, handler: str) -> AsyncIterator[None]:
    """Call a handler, run the block once it waits for Tinybird, then let Tinybird answer."""
    asked_before = len(tinybird.asked)
    tinybird.may_answer = anyio.Event()
    name, payload = _handlers()[handler], ASKED_WITH[handler]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(scene.tab.send, name, payload)
        with anyio.fail_after(5):
            while len(tinybird.asked) == asked_before:
                await anyio.sleep(0)
        # What was said before it asked is not to be taken for what comes after.
        await anyio.wait_all_tasks_blocked()
        yield
        tinybird.may_answer.set()


async def _fill(scene: Scene, tinybird: Tinybird, handler: str, search: str = "") -> Tab:
    """Sign in, fill the dashboard, and return the tab whose handler is about to be called."""
    await scene.sign_in()
    await scene.tab.see("refresh", number=1, path="/dashboard", search=search, zone="UTC")
    # So that the next refresh asks anew.
    scene.clock.advance(scene.running.settings.refresh_seconds)
    if handler == "SampleTrafficState.add":
        tinybird.rows = NO_ROWS
    return scene.tab


def _under_way(tab: Tab) -> set[str]:
    said = tab.answer | tab.board
    return {name for name in NOTHING_IS_UNDER_WAY if said[name] is True}


def test_every_background_handler_is_walked_here() -> None:
    assert set(_handlers()) == set(ASKED_WITH)


def test_no_method_is_public_by_mistake() -> None:
    assert set(_handlers(are_background=False)) == PUBLIC_HANDLERS


@pytest.mark.parametrize("refusal", [None, 500], ids=["answered", "refused"])
@pytest.mark.parametrize("handler", ASKED_WITH)
async def test_whoever_asked_gets_to_see_what_came(
    scene: Scene, tinybird: Tinybird, handler: str, refusal: int | None
) -> None:
    """Whatever heartbeats come meanwhile; and that the other tests here ask for what matters."""
    tab = await _fill(scene, tinybird, handler)
    async with _waiting(scene, tinybird, handler):
        scene.clock.advance(1)
        await scene.sign_in()
        tinybird.refusal = refusal
        tab.heard.clear()

    assert set(tab.heard) - NOTHING_IS_UNDER_WAY or tab.downloads


async def _expect_nothing_under_way(now: Tab, asked: Tab, handler: str) -> None:
    """Nothing seems under way to the tab as it is now, once what a tab asked for has ended."""
    if handler == "DashboardState.refresh":
        assert asked.board["finished"] == ASKED_WITH[handler]["number"]
    await now.hydrate()
    assert _under_way(now) == set()


@pytest.mark.parametrize("refusal", [None, 500], ids=["answered", "refused"])
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("handler", ASKED_WITH)
async def test_nobody_else_gets_to_see_what_came_and_nothing_seems_under_way(
    scene: Scene, tinybird: Tinybird, handler: str, change: Change, refusal: int | None
) -> None:
    if change not in TOKENS_TELL_THIS:
        scene.allow_everybody_the_same()
    tab = await _fill(scene, tinybird, handler)
    async with _waiting(scene, tinybird, handler):
        await change(scene)
        tinybird.refusal = refusal
        tab.heard.clear()

    assert set(tab.heard) <= NOTHING_IS_UNDER_WAY
    assert tab.downloads == []
    await _expect_nothing_under_way(scene.tab, tab, handler)


@pytest.mark.parametrize("handler", ASKED_WITH)
async def test_without_a_confirmed_session_nothing_is_asked_and_the_page_says_why(
    scene: Scene, tinybird: Tinybird, handler: str
) -> None:
    tab = await _fill(scene, tinybird, handler)
    tinybird.asked.clear()
    scene.clock.advance(120)

    await tab.send(_handlers()[handler], ASKED_WITH[handler])

    assert tinybird.asked == []
    said = str([tab.answer, tab.board, tab.tried, tab.picked])
    assert grant.UNCONFIRMED.message in said


@pytest.mark.parametrize("handler", ASKED_WITH)
async def test_a_websocket_that_proved_nothing_is_told_to_and_is_told_nothing_else(
    scene: Scene, tinybird: Tinybird, handler: str
) -> None:
    await scene.tab.send(_handlers()[handler], ASKED_WITH[handler])

    assert tinybird.asked == []
    tab = scene.tab
    said = str([tab.answer, tab.board, tab.tried, tab.picked])
    assert grant.UNCONFIRMED.message in said


@pytest.mark.parametrize("handler", ASKED_WITH)
async def test_nothing_seems_under_way_after_an_error_that_nobody_expected(
    scene: Scene, tinybird: Tinybird, handler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = await _fill(scene, tinybird, handler)

    async def broken(*_: object, **__: object) -> None:
        raise LookupError("nobody expected this")

    monkeypatch.setattr("clerk_tinybird_app.tinybird.client.TinybirdClient.query", broken)
    with pytest.raises((LookupError, ExceptionGroup)):
        await tab.send(_handlers()[handler], ASKED_WITH[handler])

    assert len(scene.server.errors) == 1
    await _expect_nothing_under_way(tab, tab, handler)


def test_every_state_is_emptied_when_the_tenant_changes() -> None:
    kept = {state.__name__ for state in _states()} - {state.__name__ for state in _HOLDERS}

    assert kept == HOLD_NO_TENANTS_DATA


@pytest.mark.parametrize(
    "change",
    [Scene.switch_the_organization, Scene.become_another_user, Scene.sign_out, Scene.be_refused],
    ids=lambda change: change.__name__,
)
async def test_nothing_of_one_tenant_stays_for_the_next(
    scene: Scene, tinybird: Tinybird, change: Change
) -> None:
    scene.allow_everybody_the_same()
    tab = await _fill(scene, tinybird, "")
    await tab.ask("run", form={"queue": "acme"})
    await tab.attempt("parameter")
    assert tab.board["rows_job_totals"]
    assert tab.answer["summary"]
    assert tab.tried["verdicts"]

    await change(scene)

    assert tab.board["rows_job_totals"] == tab.board["rows_latest_jobs"] == tab.answer["rows"] == []
    assert tab.answer["summary"] == ""
    assert tab.tried["verdicts"] == {}
    tinybird.asked.clear()
    await tab.see("download_csv", panel="latest_jobs")
    assert tab.board["download_problem"]
    assert (tinybird.asked, tab.downloads) == ([], [])


async def _fill_all(scene: Scene, tinybird: Tinybird, search: str = "") -> Tab:
    """Show a row of every pipe, and the playground's answer to the one that is for admins."""
    tinybird.rows = {
        **ROWS,
        "job_totals": [SUMMARY | {"ms_before": 8.0}],
        "workers": [{"worker": "north", "jobs": 7}],
        "jobs_by_hour": [bucket(minute) for minute in range(4)],
    }
    tab = await _fill(scene, tinybird, "", search)
    await tab.ask("choose", pipe="workers")
    await tab.ask("run", form={"queue": "mail"})
    await tab.attempt("parameter")
    assert tab.board["rows_workers"]
    assert tab.answer["rows"] == [["north", "7"]]
    return tab


async def test_what_a_new_token_does_not_allow_any_more_goes_at_once_and_the_rest_stays(
    scene: Scene, tinybird: Tinybird
) -> None:
    tab = await _fill_all(scene, tinybird)
    tinybird.asked.clear()

    await scene.become_a_member()

    assert "workers" not in tab.seen["claims_json"]
    assert tab.board["rows_workers"] == tab.answer["rows"] == tab.answer["columns"] == []
    assert tab.board["hidden"] == ["workers"]
    assert tab.answer["summary"] == tab.answer["json_text"] == ""
    assert tab.tried["verdicts"] == {}
    assert tab.answer["pipe"] == "workers"
    assert tab.board["rows_latest_jobs"]
    assert tab.board["panels"]["latest_jobs"].code == ""
    assert tab.board["is_failing"] is False
    await tab.see("download_csv", panel="workers")
    assert (tinybird.asked, tab.downloads) == ([], [])


async def test_what_came_for_other_fixed_parameters_goes_at_once_and_is_asked_for_anew(
    scene: Scene, tinybird: Tinybird
) -> None:
    tab = await _fill_all(scene, tinybird)

    await scene.change_the_role()

    for panel in PRODUCT.dashboard.panels:
        assert tab.board[f"rows_{panel.key}"] in ([], Chart())
        assert tab.board["panels"][panel.key].code == "permissions_changed"
    assert tab.answer["rows"] == []
    # So the page asks by itself, also for a period that has ended.
    assert tab.board["is_failing"] is True
    await tab.see("refresh", number=2, path="/dashboard", search="", zone="UTC")
    assert tab.board["is_failing"] is False
    assert tab.board["rows_workers"]


async def test_a_figure_keeps_no_trend_of_a_pipe_that_is_not_allowed_any_more(
    scene: Scene, tinybird: Tinybird
) -> None:
    tab = await _fill_all(scene, tinybird)
    assert tab.board["rows_job_totals"][0].trend

    _forbid(scene, "jobs_by_hour")
    await scene.sign_in()

    assert tab.board["hidden"] == ["jobs_by_hour", "duration"]
    assert tab.board["rows_jobs_by_hour"] == Chart()
    assert [each.trend for each in tab.board["rows_job_totals"]] == ["", "", ""]


def _forbid(scene: Scene, pipe: str) -> None:
    scopes = Policy.scopes

    def fewer(policy: Policy, session: ClerkSession) -> tuple[Scope, ...]:
        return tuple(one for one in scopes(policy, session) if one.resource != pipe)

    scene.monkeypatch.setattr(Policy, "scopes", fewer)


async def test_a_chart_keeps_no_total_of_a_pipe_that_is_not_allowed_any_more(
    scene: Scene, tinybird: Tinybird
) -> None:
    tinybird.earlier = [bucket(0) | {"hour": JUST_BEFORE}]
    tab = await _fill_all(scene, tinybird, PERIOD)
    shown = tab.board["rows_duration"]
    assert (shown.totals, shown.before_total) == ([9.0], 8.0)

    _forbid(scene, "job_totals")
    await scene.sign_in()

    assert tab.board["hidden"] == ["job_totals"]
    left = tab.board["rows_duration"]
    assert (left.totals, left.before_total) == ([None], None)
    assert (left.values, left.before) == (shown.values, shown.before)
    assert tab.board["panels"]["duration"].code == ""


async def test_what_cannot_be_drawn_without_the_rows_that_went_goes_with_them(
    scene: Scene, tinybird: Tinybird
) -> None:
    tab = await _fill_all(scene, tinybird, PERIOD)
    async with _waiting(scene, tinybird, "DashboardState.refresh"):
        _forbid(scene, "job_totals")
        await scene.sign_in()

        assert tab.board["rows_duration"] == Chart()
        assert tab.board["rows_latest_jobs"]


async def test_a_period_before_does_not_come_back_with_the_pipe(
    scene: Scene, tinybird: Tinybird
) -> None:
    tinybird.earlier = [bucket(minute, day=23) for minute in range(4)]
    search = f"{PERIOD}&compare=day"
    tab = await _fill_all(scene, tinybird, search)
    assert tab.board["rows_duration"].before
    with scene.monkeypatch.context() as patch:
        _forbid(replace(scene, monkeypatch=patch), "jobs_by_hour")
        await scene.sign_in()

    await scene.sign_in()
    tinybird.earlier = None
    await tab.see("refresh", number=2, path="/dashboard", search=search, zone="UTC")

    assert tab.board["rows_duration"].values
    assert tab.board["rows_duration"].before == []


async def test_a_record_that_is_not_answered_for_other_permissions_is_known_not_to_be_asked_for(
    scene: Scene, tinybird: Tinybird
) -> None:
    tab = await _fill(scene, tinybird, "")
    async with _waiting(scene, tinybird, "RecordState.open_record"):
        assert (tab.board["record"], tab.board["is_asking"]) == ("job_9", True)
        await scene.change_the_role()

    assert (tab.board["record"], tab.board["is_asking"]) == ("", False)


async def test_the_values_of_a_filter_that_went_say_why_and_are_not_waited_for(
    scene: Scene, tinybird: Tinybird
) -> None:
    asked = ASKED_WITH["PickerState.ask"]
    tinybird.rows = {**ROWS, "job_values": [{"value": "mail", "jobs": 4}]}
    tab = await _fill(scene, tinybird, "")
    await tab.send(_handlers()["PickerState.ask"], asked)
    assert tab.picked["offered"]

    await scene.change_the_role()

    there = {name: tab.picked[name] for name in ("finished", "offered", "problem")}
    gone = {"finished": asked["number"], "offered": [], "problem": grant.CHANGED.message}
    assert there == gone


async def test_sample_traffic_on_its_way_is_not_forgotten_for_another_role(
    scene: Scene, tinybird: Tinybird
) -> None:
    tab = await _fill(scene, tinybird, "SampleTrafficState.add")
    async with _waiting(scene, tinybird, "SampleTrafficState.add"):
        await scene.change_the_role()

        assert tab.board["is_adding"] is True


async def test_a_drill_down_page_keeps_nothing_either(scene: Scene, tinybird: Tinybird) -> None:
    await _fill_all(scene, tinybird)
    tab, page = scene.tab, {"number": 2, "path": "/dashboard/queue", "zone": "UTC"}
    await tab.see("refresh", search="?queue=mail", **page)
    assert tab.board["rows_latest_jobs"]

    await scene.change_the_role()

    assert tab.board["rows_latest_jobs"] == tab.board["rows_job_totals"] == []


async def test_a_token_made_anew_for_the_same_takes_nothing_away(
    scene: Scene, tinybird: Tinybird
) -> None:
    tab = await _fill_all(scene, tinybird)
    value = tab.seen["value"]
    scene.clock.advance(1)

    await tab.call("renew_token")

    assert tab.seen["value"] != value
    assert tab.board["rows_workers"]
    assert tab.answer["rows"]
    assert tab.tried["verdicts"]


def test_no_state_is_written_past_the_one_place_that_asks_whose_page_it_is() -> None:
    """Reflex lets a background handler write inside ``async with self``, and nowhere else."""
    modules = {inspect.getmodule(state) for state in _states()} - {grant}
    held = [
        f"{module.__name__}:{node.lineno}"
        for module in modules
        if module and module.__file__
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.AsyncWith)
        if any(isinstance(item.context_expr, ast.Name) for item in node.items)
    ]

    assert DashboardState.__module__ in {module.__name__ for module in modules if module}
    assert held == []
