"""Sign-ins, switches, sign-outs and questions in many tabs; all answers are checked."""

import asyncio
import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.soak.people import Browser, Browsers, Person, others
from benchmarks.soak.tab import LostTabError, Shown, Tab
from benchmarks.timing import MILLISECONDS
from clerk_tinybird_app.product.policy import TENANT
from clerk_tinybird_app.state.session import SIGNED_OUT
from tests.reflex_internals.frames import CHOOSE, RUN, STATES, SYNC

SESSION: Final = f"{STATES}session____session_state"
TOKEN: Final = f"{STATES}session____token_state"
PLAYGROUND: Final = f"{STATES}playground____playground_state"
_VAR: Final = "_rx_state_"
_PIPE: Final = "recent_requests"
_FORM: Final = {"limit": "20"}
_SIGNING_IN_AT_ONCE: Final = 8
_BACK_AFTER_SECONDS: Final = 0.2


@dataclass
class Outcome:
    """What came of a storm.

    Attributes:
        done: How often each thing was done.
        checked: How many answers, tokens and rows were looked at.
        wrong: What was not of the tenant or person that the page says, each once.
        pushes: Milliseconds from a session push to its answer.
        asks: Milliseconds from a question to its rows.
        returns: Milliseconds from the loss of a websocket until the session is accepted again.
    """

    done: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    pushes: list[float] = field(default_factory=list)
    asks: list[float] = field(default_factory=list)
    returns: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Storm:
    """A storm, whose order of things its ``seed`` says.

    Attributes:
        origin: The app's.
        port: The app's.
        people: Who signs in.
        tabs: How many.
        seconds: How long, once everybody has signed in for the first time.
        seed: Any number.
        kills: A process to kill at half time; None for none.
    """

    origin: str
    port: int
    people: Sequence[Person]
    tabs: int
    seconds: float
    seed: int = 1
    kills: int | None = None


class _StormyTab:
    """One tab in a browser of its own."""

    def __init__(self, storm: Storm, browsers: Browsers, outcome: Outcome, number: int) -> None:
        self._port, self._people, self._outcome = storm.port, storm.people, outcome
        self._random = random.Random(storm.seed * storm.tabs + number)  # noqa: S311 # no secret
        self._browser = Browser(browsers)
        self._tab = Tab(self._check)

    async def begin(self) -> None:
        await self._tab.connect(self._port)
        await self._sign_in()

    async def go_on(self, until: float) -> None:
        """Do one thing after the other until a moment of ``time.monotonic``."""
        while time.monotonic() < until:
            doing = self._random.choice(
                (self._ask, self._ask, self._switch, self._ask_and_switch, self._sign_out)
                if self._browser.session
                else (self._sign_in,)
            )
            try:
                await doing()
            except LostTabError as lost:
                self._outcome.done[f"lost: {lost}"] += 1
                await self._return(until)
            else:
                self._outcome.done[doing.__name__.strip("_")] += 1

    def close(self) -> None:
        self._tab.close()

    async def _return(self, until: float) -> None:
        """Come back after a loss, as a page does: with the same client token, and a new push."""
        lost_at = time.perf_counter()
        while time.monotonic() < until + _BACK_AFTER_SECONDS:
            try:
                await self._tab.connect(self._port)
                await self._push()
            except LostTabError:
                await asyncio.sleep(_BACK_AFTER_SECONDS)
            else:
                self._outcome.returns.append((time.perf_counter() - lost_at) * MILLISECONDS)
                return

    async def _sign_in(self) -> None:
        await self._browser.sign_in(self._random.choice(self._people))
        await self._push()

    async def _switch(self) -> None:
        await self._go_elsewhere()
        await self._push()

    async def _sign_out(self) -> None:
        await self._browser.sign_out()
        await self._push()

    async def _ask(self) -> None:
        await self._tab.fire(CHOOSE, {"pipe": _PIPE}, f'"pipe{_VAR}":"{_PIPE}"')
        begun = time.perf_counter()
        await self._tab.fire(RUN, {"form": _FORM}, f'"is_running{_VAR}":false')
        self._outcome.asks.append((time.perf_counter() - begun) * MILLISECONDS)

    async def _ask_and_switch(self) -> None:
        """Ask, and show another tenant before the answer is there."""
        await self._tab.fire(CHOOSE, {"pipe": _PIPE}, f'"pipe{_VAR}":"{_PIPE}"')
        await self._go_elsewhere()
        token = await self._browser.token()
        self._tab.send(RUN, {"form": _FORM})
        await self._push(token)

    async def _go_elsewhere(self) -> None:
        session = self._browser.session
        if session is not None:
            await self._browser.switch(self._random.choice(others(session.tenant)))

    async def _push(self, token: str | None = None) -> None:
        """Say to the app what Clerk says, as the page's bridge does, and look at the answer."""
        session = self._browser.session
        if token is None:
            token = await self._browser.token() if session else ""
        expected = session.accepted if session else SIGNED_OUT
        begun = time.perf_counter()
        await self._tab.fire(SYNC, {"token": token}, f'"accepted{_VAR}":"{expected}"')
        self._outcome.pushes.append((time.perf_counter() - begun) * MILLISECONDS)
        shown = _whose(self._tab.shown)
        pushed = (session.person.user_id, session.tenant) if session else ("", "")
        self._note("push", shown, pushed)

    def _check(self) -> None:
        """Check all that the page shows at this moment, after each answer of the server."""
        for what, found, expected in compared(self._tab.shown):
            self._note(what, found, expected)

    def _note(self, what: str, found: object, expected: object) -> None:
        self._outcome.checked[what] += 1
        if found != expected:
            self._outcome.wrong[f"{what}: {found} where {expected} is shown"] += 1


def rage(storm: Storm) -> Outcome:
    """Let tabs sign in, switch, ask and sign out in any order, and look at every answer."""
    return asyncio.run(_rage(storm))


async def _rage(storm: Storm) -> Outcome:
    outcome, at_once = Outcome(), asyncio.Semaphore(_SIGNING_IN_AT_ONCE)
    async with Browsers(storm.origin) as browsers:
        tabs = [_StormyTab(storm, browsers, outcome, number) for number in range(storm.tabs)]

        async def begin(tab: _StormyTab) -> None:
            async with at_once:
                await tab.begin()

        await asyncio.gather(*map(begin, tabs))
        until = time.monotonic() + storm.seconds
        if storm.kills is not None:
            half = storm.seconds / 2
            asyncio.get_running_loop().call_later(half, os.kill, storm.kills, signal.SIGKILL)
        await asyncio.gather(*(tab.go_on(until) for tab in tabs))
        for tab in tabs:
            tab.close()
    return outcome


def compared(shown: Shown) -> Iterator[tuple[str, object, object]]:
    """Yield what a page shows of a tenant or a person: its kind, whose it is, and whose page."""
    user, tenant = _whose(shown)
    if claims := _value(shown, TOKEN, "claims_json"):
        for scope in json.loads(claims)["scopes"]:
            fixed = scope["fixed_params"]
            yield "token", (fixed["user_id"], fixed[TENANT.parameter]), (user, tenant)
    columns = _value(shown, PLAYGROUND, "columns")
    # A page that became another tenant's asks the first pipe, whose rows do not say whose they are.
    if TENANT.column in columns:
        place = columns.index(TENANT.column)
        for row in _value(shown, PLAYGROUND, "rows"):
            yield "row", row[place], tenant


def _whose(shown: Shown) -> tuple[str, str]:
    return _value(shown, SESSION, "user_id"), _value(shown, SESSION, "tenant_id")


def _value(shown: Shown, state: str, var: str) -> Any:
    return shown.get(state, {}).get(f"{var}{_VAR}") or ""
