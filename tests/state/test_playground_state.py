"""A query's answer is shown to the tenant that asked, or to nobody."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest

from clerk_tinybird_app.services import Services
from tests.clock import Clock
from tests.sessions import PIPES, TENANT
from tests.state.tab import Server, Tab

pytestmark = pytest.mark.anyio


class Tinybird:
    """Answers each query with one row when it is let, and remembers the requests."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.may_answer = anyio.Event()
        self.may_answer.set()

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        await self.may_answer.wait()
        answer = {
            "meta": [{"name": "jobs", "type": "UInt64"}],
            "data": [{"jobs": 7}],
            "rows": 1,
            "statistics": {"elapsed": 0.001, "rows_read": 42, "bytes_read": 1},
        }
        return httpx.Response(200, content=json.dumps(answer))


@pytest.fixture
async def tinybird() -> Tinybird:
    return Tinybird()


@pytest.fixture
def tab(server: Server) -> Tab:
    return Tab(server)


async def _sign_in(tab: Tab, running: Services, organization: str) -> None:
    assert running.embedded_clerk
    await tab.push(running.embedded_clerk.issue("admin@acme.test", organization))


@asynccontextmanager
async def _awaiting_an_answer(tab: Tab, tinybird: Tinybird, handler: str) -> AsyncIterator[None]:
    """Ask, run the block before Tinybird answers, then let it answer."""
    tinybird.may_answer = anyio.Event()
    payload: dict[str, Any] = {"form": {}} if handler == "run" else {}
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: tab.ask(handler, **payload))
        while not tinybird.requests:
            await anyio.sleep(0)
        yield
        tinybird.may_answer.set()


async def test_an_answer_is_shown_with_what_it_cost(
    tab: Tab, running: Services, tinybird: Tinybird
) -> None:
    await _sign_in(tab, running, "acme")

    await tab.ask("run", form={"queue": "mail", "worker": " ", TENANT: "org_other"})

    assert (tab.answer["columns"], tab.answer["rows"]) == (["jobs"], [["7"]])
    assert "1 row of 42 read" in tab.answer["summary"]
    assert tab.answer["is_running"] is False
    sent = tinybird.requests[0]
    assert dict(sent.url.params) == {"queue": "mail"}
    assert sent.headers["authorization"] == f"Bearer {tab.seen['value']}"


async def test_an_answer_that_comes_after_a_switch_is_shown_to_nobody(
    tab: Tab, running: Services, tinybird: Tinybird
) -> None:
    await _sign_in(tab, running, "acme")
    async with _awaiting_an_answer(tab, tinybird, "run"):
        await _sign_in(tab, running, "globex")

    assert tab.answer["rows"] == []
    assert tab.answer["summary"] == ""
    assert tab.answer["is_running"] is False


async def test_an_answer_that_comes_after_the_session_ended_is_shown_to_nobody(
    tab: Tab, running: Services, tinybird: Tinybird, clock: Clock
) -> None:
    await _sign_in(tab, running, "acme")
    async with _awaiting_an_answer(tab, tinybird, "run"):
        clock.advance(120)

    assert tab.answer["rows"] == []
    assert tab.answer["is_running"] is False


async def test_an_answer_that_comes_after_the_websocket_changed_is_shown_to_nobody(
    tab: Tab, server: Server, running: Services, tinybird: Tinybird
) -> None:
    await _sign_in(tab, running, "acme")
    async with _awaiting_an_answer(tab, tinybird, "run"):
        Tab(server, client_token="tab-1", socket="ws-2")

    assert tab.answer["rows"] == []


async def test_a_slow_download_does_not_hold_up_a_sign_out(
    tab: Tab, running: Services, tinybird: Tinybird
) -> None:
    await _sign_in(tab, running, "acme")
    async with _awaiting_an_answer(tab, tinybird, "download_csv"):
        with anyio.fail_after(5):
            await tab.push("")
        assert tab.seen["value"] == ""


async def test_a_stopped_request_shows_nothing(
    tab: Tab, running: Services, tinybird: Tinybird
) -> None:
    await _sign_in(tab, running, "acme")
    async with _awaiting_an_answer(tab, tinybird, "run"):
        await tab.ask("stop")

    assert tab.answer["is_running"] is False
    assert tab.answer["rows"] == []


async def test_without_a_current_session_nothing_is_asked(
    tab: Tab, running: Services, tinybird: Tinybird, clock: Clock
) -> None:
    await tab.ask("run", form={})
    await _sign_in(tab, running, "acme")
    clock.advance(120)
    await tab.ask("run", form={})
    await tab.ask("download_csv")

    assert tinybird.requests == []


@pytest.mark.parametrize("pipe", ["../datasources", "no_such_pipe", ""])
async def test_only_the_policys_pipes_can_be_chosen(tab: Tab, pipe: str) -> None:
    await tab.ask("choose", pipe="queues")
    await tab.ask("choose", pipe=pipe)

    assert tab.answer["pipe"] == PIPES[0]


async def test_an_address_fills_in_the_form(tab: Tab, running: Services) -> None:
    await _sign_in(tab, running, "acme")
    form = tab.answer.get("form", "")

    await tab.ask("open_request", search="?pipe=queues&limit=5&account_id=org_other")

    assert tab.answer["pipe"] == "queues"
    assert tab.answer["prefilled"] == {"limit": "5"}
    assert tab.answer["path"] == "/v0/pipes/queues.json?limit=5"
    assert tab.answer["form"] != form


async def test_the_inputs_for_several_values_are_open_where_one_of_them_is_filled_in(
    tab: Tab, running: Services
) -> None:
    await _sign_in(tab, running, "acme")

    await tab.ask("open_request", search='?pipe=queues&queue_in=["mail","bills"]')
    assert tab.answer["opens_several"] is True

    await tab.ask("open_request", search="?pipe=queues&queue=mail")
    assert tab.answer["opens_several"] is False


async def test_an_address_without_a_request_leaves_the_form_alone(
    tab: Tab, running: Services
) -> None:
    await _sign_in(tab, running, "acme")
    await tab.ask("choose", pipe="queues")

    await tab.ask("open_request", search="?pipe=no_such_pipe")

    assert tab.answer["pipe"] == "queues"
