"""A server with a wrong clock says so, and does not blame the session."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from clerk_tinybird_app import services
from clerk_tinybird_app.api import create_api
from clerk_tinybird_app.own_clock import OwnClock
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.settings import Settings
from tests.clerk.tokens import KID, NOW, jwk, pem, token_with
from tests.clock import Clock
from tests.conftest import CHOICE
from tests.state.tab import Server, Tab
from tests.test_settings import HOST_KEY, TINYBIRD

KEYS = CHOICE | {"CLERK_PUBLISHABLE_KEY": HOST_KEY} | TINYBIRD

pytestmark = pytest.mark.anyio

ROWS: dict[str, Any] = {"meta": [], "data": []}
TWO_MINUTES = 120


@dataclass
class World:
    """The app's services, and the servers around them: all but this server agree that it is NOW.

    Attributes:
        off: By how many seconds this server's clock is ahead.
        says_time: Whether the other servers send their time.
    """

    off: float
    says_time: bool = True

    def __post_init__(self) -> None:
        self.clock = Clock(NOW + self.off)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        headers = {"Date": formatdate(NOW, usegmt=True)} if self.says_time else {}
        is_clerk = "clerk" in request.url.host
        return httpx.Response(200, json={"keys": [jwk(KID)]} if is_clerk else ROWS, headers=headers)

    @asynccontextmanager
    async def services(self, **environ: str) -> AsyncIterator[Services]:
        built = services.build(
            Settings.from_environ(KEYS | environ),
            clock=self.clock,
            transport=httpx.MockTransport(self.answer),
        )
        yield built
        await built.close()


def issued(built: Services, **claims: int) -> str:
    """A token that Clerk has made just now."""
    mine = {"iss": built.publishable_key.issuer, "azp": built.settings.origins[0]}
    return token_with(**mine, **{"iat": NOW, "nbf": NOW - 10, "exp": NOW + 60} | claims)


async def refusal(built: Services, token: str) -> dict[str, str]:
    """What `/api` says of the token, "" when it is accepted."""
    transport = httpx.ASGITransport(create_api(built))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as client:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.get("/api/tinybird-token", headers=headers)
    error: dict[str, str] = answer.json().get("error", {"code": "", "message": ""})
    return error


DIRECTIONS = [
    (TWO_MINUTES, "session_clock_ahead", "This server's clock is 120 seconds ahead of"),
    (-TWO_MINUTES, "session_not_yet_valid", "This server's clock is at least 120 seconds behind"),
]


@pytest.mark.parametrize(("off", "code", "words"), DIRECTIONS)
async def test_the_api_names_a_clock_that_is_two_minutes_off(
    off: float, code: str, words: str
) -> None:
    async with World(off).services() as built:
        error = await refusal(built, issued(built))

    assert error["code"] == code
    assert words in error["message"]
    assert "Signing in again does not help" in error["message"]


@pytest.mark.parametrize(("off", "code", "words"), DIRECTIONS)
async def test_the_page_names_a_clock_that_is_two_minutes_off(
    off: float, code: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with World(off).services() as built, Server() as server:
        monkeypatch.setattr(services, "current", lambda: built)
        tab = Tab(server)
        await tab.push(issued(built))

    assert tab.seen["error_code"] == code
    assert words in tab.seen["error_message"]


async def test_a_token_that_is_old_by_every_clock_has_expired_whatever_this_server_thinks() -> None:
    async with World(TWO_MINUTES).services() as built:
        error = await refusal(built, issued(built, exp=NOW))

    assert error["code"] == "session_expired"


async def test_a_clock_that_is_off_by_no_more_than_clocks_are_is_not_blamed() -> None:
    async with World(3).services() as built:
        error = await refusal(built, issued(built, exp=NOW + 2))

    assert error["code"] == "session_expired"


async def test_a_right_clock_accepts_a_new_token_and_calls_an_old_one_expired() -> None:
    async with World(0).services() as built:
        assert (await refusal(built, issued(built)))["code"] == ""
        assert (await refusal(built, issued(built, exp=NOW)))["code"] == "session_expired"


async def test_without_evidence_either_the_token_or_the_clock_is_to_blame() -> None:
    async with World(TWO_MINUTES, says_time=False).services() as built:
        error = await refusal(built, issued(built))

    assert error["code"] == "session_expired"
    assert "this server's clock is ahead" in error["message"]


async def test_tinybirds_answers_are_evidence_too_where_the_key_needs_no_server() -> None:
    async with World(TWO_MINUTES).services(CLERK_JWT_KEY=pem()) as built:
        assert (await refusal(built, issued(built)))["code"] == "session_expired"
        await built.tinybird.query("x", {}, "p.token")

        assert (await refusal(built, issued(built)))["code"] == "session_clock_ahead"


async def test_a_wrong_clock_is_a_warning_in_the_log_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with World(-TWO_MINUTES).services() as built:
        for _ in range(3):
            await built.tinybird.query("x", {}, "p.token")

    [text] = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert "120 seconds behind that of api.tinybird.co" in text


def dated(date: str | None, url: str = "https://x.example/", **headers: str) -> httpx.Response:
    sent = headers | ({"date": date} if date is not None else {})
    return httpx.Response(200, headers=sent, request=httpx.Request("GET", url))


async def test_a_copy_from_a_cache_is_as_old_as_it_says() -> None:
    own = OwnClock(Clock(NOW))
    await own.compare_answer(dated(formatdate(NOW - 3600, usegmt=True), age="3600"))

    assert own.ahead() == pytest.approx(0, abs=1)


@pytest.mark.parametrize("date", [None, "", "soon", "Mon, 99 Foo 2026 99:99:99 GMT"])
async def test_a_date_that_is_none_is_no_evidence(date: str | None) -> None:
    own = OwnClock(Clock(NOW))
    await own.compare_answer(dated(date))

    assert own.ahead() is None


async def test_a_server_on_this_machine_is_no_evidence() -> None:
    own = OwnClock(Clock(NOW))
    await own.compare_answer(
        dated(formatdate(NOW - 120, usegmt=True), "http://localhost:7181/tokens")
    )

    assert own.ahead() is None


@pytest.mark.parametrize("step", [-120, 120])
async def test_evidence_from_before_the_clock_was_set_is_none(step: int) -> None:
    clock, steady = Clock(NOW), Clock(1000)
    own = OwnClock(clock, steady)
    await own.compare_answer(dated(formatdate(NOW - 120, usegmt=True)))
    clock.advance(60)
    steady.advance(60)
    assert own.ahead() == pytest.approx(120, abs=1)

    clock.advance(step)
    assert own.ahead() is None
