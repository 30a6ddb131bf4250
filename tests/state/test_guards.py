"""Each guard of the states holds alone: what stands before or behind it is taken away here."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import httpx
import pytest

from clerk_tinybird_app.local.clerk.seed import GLOBEX_ID
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.state import queries
from clerk_tinybird_app.state.break_in import NOT_TRIED
from clerk_tinybird_app.state.grant import UNCONFIRMED
from clerk_tinybird_app.state.session import SocketBinding
from tests.clock import Clock
from tests.sessions import PIPES, POLICY, TENANT
from tests.state import test_dashboard_state
from tests.state.tab import Server, Tab
from tests.state.test_dashboard_state import QUERIES, QUESTIONS, ROWS, SUMMARY

pytestmark = pytest.mark.anyio

COLUMN = POLICY.tenant.column


class Tinybird(test_dashboard_state.Tinybird):
    """Remembers the tokens too, and the requests that were closed before their answer.

    Each request is answered when what was ``may_answer`` at its time says so. The first token ever
    shown is refused while ``refuses_the_first``; ``on_refusal`` is called before.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tokens: list[str] = []
        self.closed = 0
        self.refuses_the_first = False
        self.on_refusal: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        token = request.headers["authorization"].removeprefix("Bearer ")
        self.tokens.append(token)
        try:
            answer = await super().__call__(request)
        except asyncio.CancelledError:
            self.closed += 1
            raise
        if self.refuses_the_first and token == self.tokens[0]:
            if self.on_refusal:
                await self.on_refusal()
            return httpx.Response(403, json={"error": "expired"})
        return answer


@pytest.fixture
async def tinybird() -> Tinybird:
    return Tinybird()


@pytest.fixture
async def tab(server: Server, running: Services) -> Tab:
    tab = Tab(server)
    await _sign_in(tab, running)
    return tab


async def _sign_in(tab: Tab, running: Services, organization: str = "acme") -> None:
    assert running.embedded_clerk
    await tab.push(running.embedded_clerk.issue("admin@acme.test", organization))


async def _refresh(tab: Tab, number: int = 1, search: str = "") -> None:
    await tab.see("refresh", number=number, path="/dashboard", search=search, zone="UTC")


async def _run(tab: Tab) -> None:
    await tab.ask("run", form={})


async def _until(holds: Callable[[], bool]) -> None:
    with anyio.fail_after(5):
        while not holds():
            await anyio.sleep(0)


@asynccontextmanager
async def _asked(
    tinybird: Tinybird, question: Callable[[], Awaitable[None]], *, count: int = 1
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Ask, and run the block before Tinybird answers.

    Yields:
        Lets Tinybird answer, and waits until that has been dealt with.
    """
    asked = len(tinybird.asked)
    tinybird.may_answer = may_answer = anyio.Event()
    ended = anyio.Event()

    async def ask() -> None:
        await question()
        ended.set()

    async def answered() -> None:
        may_answer.set()
        await ended.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await _until(lambda: len(tinybird.asked) == asked + count)
        yield answered
        may_answer.set()


@pytest.fixture
def _nothing_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries that nobody waits for any more go on to their answer."""

    def leave_alone(tab: str) -> None:
        queries._RUNNING.pop(tab, None)

    monkeypatch.setattr("clerk_tinybird_app.state.queries.stop_query", leave_alone)
    monkeypatch.setattr("clerk_tinybird_app.state.playground.stop_query", leave_alone)


@pytest.mark.usefixtures("_nothing_is_stopped")
async def test_an_older_views_answer_is_not_shown_under_a_newer_one(
    tab: Tab, tinybird: Tinybird
) -> None:
    async with (
        _asked(tinybird, partial(_refresh, tab), count=QUERIES) as older_is_answered,
        _asked(tinybird, partial(_refresh, tab, 2, "?range=7d"), count=QUERIES),
    ):
        tinybird.rows = {**ROWS, "job_totals": [SUMMARY | {"jobs": 1_111}]}
        await older_is_answered()
        assert tab.board.get("rows_job_totals", []) == []
        assert tab.board.get("finished", 0) == 0
        tinybird.rows = ROWS

    assert tab.board["rows_job_totals"][0].value == "7"
    assert tab.board["finished"] == 2


async def test_a_refresh_that_is_not_asked_has_ended_whenever_the_one_before_it_ends(
    tab: Tab, tinybird: Tinybird, clock: Clock
) -> None:
    async with _asked(tinybird, partial(_refresh, tab), count=QUERIES):
        clock.advance(120)
        await _refresh(tab, 2)

    assert tab.board["finished"] == 2


@pytest.mark.usefixtures("_nothing_is_stopped")
async def test_an_older_answer_is_not_shown_while_a_newer_one_is_awaited(
    tab: Tab, tinybird: Tinybird
) -> None:
    async with (
        _asked(tinybird, partial(_run, tab)) as older_is_answered,
        _asked(tinybird, partial(_run, tab)),
    ):
        await older_is_answered()
        assert (tab.answer["summary"], tab.answer["is_running"]) == ("", True)

    assert tab.answer["summary"]
    assert tab.answer["is_running"] is False


@pytest.mark.usefixtures("_nothing_is_stopped")
@pytest.mark.parametrize("payload", [{}, {"pipe": "queues"}], ids=["stop", "choose"])
async def test_what_nobody_waits_for_any_more_is_not_shown(
    tab: Tab, tinybird: Tinybird, payload: dict[str, str]
) -> None:
    for question in (partial(_run, tab), partial(tab.ask, "download_csv")):
        async with _asked(tinybird, question):
            await tab.ask("choose" if payload else "stop", **payload)
            assert tab.answer["is_running"] is False

    assert tab.answer["summary"] == ""
    assert tab.downloads == []


async def test_an_older_refresh_is_stopped_and_its_requests_closed(
    tab: Tab, tinybird: Tinybird
) -> None:
    async with (
        _asked(tinybird, partial(_refresh, tab), count=QUERIES),
        _asked(tinybird, partial(_refresh, tab, 2), count=QUERIES),
    ):
        await _until(lambda: tinybird.closed == QUERIES)


@pytest.mark.parametrize(
    ("handler", "payload"),
    [
        ("run", {"form": {}}),
        ("stop", {}),
        ("choose", {"pipe": "queues"}),
        ("open_request", {"search": "?pipe=queues"}),
    ],
)
async def test_a_request_that_nobody_waits_for_is_closed(
    tab: Tab, tinybird: Tinybird, handler: str, payload: dict[str, Any]
) -> None:
    async with anyio.create_task_group() as tasks, _asked(tinybird, partial(_run, tab)):
        tasks.start_soon(partial(tab.ask, handler, **payload))
        await _until(lambda: tinybird.closed == 1)


async def test_queries_that_are_refused_at_once_share_one_new_token(
    tab: Tab, tinybird: Tinybird, clock: Clock
) -> None:
    async def later() -> None:
        # A token of another second is another token.
        clock.advance(1)

    tinybird.refuses_the_first, tinybird.on_refusal = True, later
    await _refresh(tab)

    assert len(tinybird.tokens) == 2 * QUESTIONS
    assert len(set(tinybird.tokens)) == 2
    assert tab.seen["value"] == tinybird.tokens[-1]
    assert tab.board["rows_job_totals"][0].value == "7"


@pytest.mark.parametrize("handler", ["run", "download_csv"])
async def test_a_refused_token_is_renewed_for_every_question(
    tab: Tab, tinybird: Tinybird, clock: Clock, handler: str
) -> None:
    tinybird.refuses_the_first = True
    clock.advance(1)

    await tab.ask(handler, **({"form": {}} if handler == "run" else {}))

    assert tab.answer["error_code"] == ""
    assert len(set(tinybird.tokens)) == 2


async def test_a_token_is_not_renewed_for_another_tenant(
    tab: Tab, tinybird: Tinybird, running: Services, clock: Clock
) -> None:
    clock.advance(1)
    tinybird.refuses_the_first = True
    async with _asked(tinybird, partial(_run, tab)):
        await _sign_in(tab, running, "globex")

    assert len(tinybird.tokens) == 1


async def test_a_break_in_that_brings_foreign_rows_says_so(tab: Tab, tinybird: Tinybird) -> None:
    own, foreign = ({COLUMN: tenant} for tenant in (tab.seen["tenant_id"], "org_other"))
    tinybird.rows = {**ROWS, "latest_jobs": [own, foreign, {}]}

    await tab.attempt("parameter")

    verdict = tab.tried["verdicts"]["parameter"]
    assert verdict.is_safe is False
    assert "2 rows of another tenant" in verdict.outcome


async def test_a_break_in_that_brings_own_rows_alone_has_failed(
    tab: Tab, tinybird: Tinybird
) -> None:
    tinybird.rows = {**ROWS, "latest_jobs": [{COLUMN: tab.seen["tenant_id"]}]}

    await tab.attempt("parameter")

    assert tab.tried["verdicts"]["parameter"].is_safe is True


@pytest.mark.parametrize(("refusal", "is_safe"), [(403, True), (500, False)])
@pytest.mark.parametrize("kind", ["altered", "expired"])
async def test_only_a_token_that_was_refused_has_failed_to_break_in(
    tab: Tab, tinybird: Tinybird, kind: str, refusal: int, is_safe: bool
) -> None:
    tinybird.refusal = refusal

    await tab.attempt(kind)

    assert tab.tried["verdicts"][kind].is_safe is is_safe
    assert tinybird.tokens != [tab.seen["value"]]


@pytest.mark.parametrize(
    ("kind", "asked_for"), [("parameter", [GLOBEX_ID]), ("altered", []), ("expired", [])]
)
async def test_what_an_attempt_asks_for_in_the_address(
    tab: Tab, tinybird: Tinybird, kind: str, asked_for: list[str]
) -> None:
    await tab.attempt(kind)

    (url,) = tinybird.asked
    assert url.params.get_list(TENANT) == asked_for


async def test_sample_traffic_is_added_once_however_often_it_is_pressed(
    tab: Tab, tinybird: Tinybird
) -> None:
    async with _asked(tinybird, tab.add_sample_traffic):
        await tab.add_sample_traffic()

    assert len(tinybird.asked) == 1
    assert tab.board["is_adding"] is False


async def test_an_attempt_of_another_kind_is_none(tab: Tab, tinybird: Tinybird) -> None:
    await tab.attempt("by force")

    assert tinybird.asked == []
    assert tab.tried["verdicts"] == {}


@pytest.fixture
def _sockets_are_not_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """The middleware lets every event through as it is."""

    async def let_through(*_: object, **__: object) -> None:
        return None

    monkeypatch.setattr(SocketBinding, "preprocess", let_through)


@pytest.mark.usefixtures("_sockets_are_not_bound")
async def test_a_session_is_no_other_websockets_even_if_nobody_empties_the_state(
    tab: Tab, server: Server, tinybird: Tinybird
) -> None:
    thief = Tab(server, client_token="tab-1", socket="ws-2")

    await _run(thief)
    await _refresh(thief)
    await thief.attempt("parameter")

    assert tinybird.asked == []
    assert thief.answer["error_code"] == UNCONFIRMED.code
    assert thief.tried["verdicts"]["parameter"] == NOT_TRIED
    await thief.call("renew_token")
    assert thief.seen["value"] == ""


async def test_signed_out_the_token_is_gone_even_if_nothing_else_was_forgotten(
    tab: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forget_nothing(_: object) -> None:
        return None

    monkeypatch.setattr("clerk_tinybird_app.state.session.forget_tenant_data", forget_nothing)
    await tab.push("")

    assert (tab.seen["value"], tab.seen["claims_json"]) == ("", "")


async def test_after_a_download_that_failed_the_answer_is_still_there(
    tab: Tab, tinybird: Tinybird
) -> None:
    await _run(tab)
    summary, tinybird.refusal = tab.answer["summary"], 500

    await tab.ask("download_csv")

    assert tab.answer["error_code"] == "tinybird_error"
    assert (tab.answer["summary"], tab.answer["status"]) == (summary, 200)
    assert tab.answer["error_status"] == 500
    tinybird.refusal = None
    await tab.ask("download_csv")
    assert tab.answer["error_code"] == ""
    assert tab.downloads == [f"{PIPES[0]}.csv"]
