"""One query for all pages that ask the same at the same time.

An answer is kept by everything that decides it, and by nothing less. So it reaches a page only if
the page's own token would have brought the same rows: tabs share whose tokens fix the same values.
Where a policy fixes the user too, those are tabs of one user. With Redis this holds across backend
processes: see ``shared_answers``.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from dataclasses import astuple, dataclass, replace
from typing import Final, Self

from clerk_tinybird_app.tinybird.client import (
    PipeAnswer,
    TinybirdClient,
    TinybirdError,
    TinybirdForbiddenError,
    TinybirdRateLimitedError,
)
from clerk_tinybird_app.tinybird.shared_answers import SharedAnswers
from clerk_tinybird_app.tinybird.token import TinybirdToken

MOST_ANSWERS: Final = 2_000
MOST_BYTES: Final = 16 * 1024 * 1024
"""The most that is kept, counted as JSON. The rows are several times as large in memory."""

_TRIES: Final = 3
"""How often a page waits for the query of another page before it asks alone."""

_OF_ONE_TOKEN: Final = (TinybirdForbiddenError, TinybirdRateLimitedError)
"""Refusals that say nothing about the token of anybody else."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that decides an answer.

    Attributes:
        workspace_id: The token's workspace.
        scopes: All that the token allows, with every fixed parameter, always written the same way.
        pipe: The pipe's name.
        parameters: Name and value of each parameter, sorted.
        since: No answer is older than this, in seconds since the epoch.
    """

    workspace_id: str
    scopes: str
    pipe: str
    parameters: tuple[tuple[str, str], ...]
    since: float

    @classmethod
    def of(
        cls, token: TinybirdToken, pipe: str, parameters: Mapping[str, str], since: float
    ) -> Self:
        """Return what a page with this token asks."""
        return cls(
            workspace_id=str(token.claims["workspace_id"]),
            scopes=token.scopes_text,
            pipe=pipe,
            parameters=tuple(sorted(parameters.items())),
            since=since,
        )

    @property
    def text(self) -> bytes:
        """All of it, always written the same way, and every other question in another."""
        # A half of a character outside Unicode's basic plane stays one: it must not become whole.
        return json.dumps(astuple(self), ensure_ascii=False).encode(errors="surrogatepass")

    @property
    def size(self) -> int:
        """Its characters, roughly."""
        return len(self.scopes) + sum(len(name) + len(value) for name, value in self.parameters)


@dataclass(slots=True)
class _Flight:
    """A query under way.

    Attributes:
        task: Returns the answer for all who wait, and the bytes of its JSON. It runs until then or
            until nobody waits.
        until: How long its answer is kept.
        waiting: The number of pages that wait.
    """

    task: asyncio.Task[tuple[PipeAnswer, int]]
    until: float
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: PipeAnswer
    until: float
    size: int
    timer: asyncio.TimerHandle


class SharedQueries:
    """Queries pipes for all pages of this process, and with ``others`` of all processes.

    Rows are shared, not copied: nobody may change them.

    Args:
        client: Asks Tinybird. It is the only one, so all answers come from the same address.
        clock: Seconds since the epoch.
        most_answers: The most answers to keep.
        most_bytes: The most bytes of JSON to keep.
        others: Shares with other processes; None when each asks for itself.
        answered_by: Told what answers a query: ``tinybird``, ``shared`` for the query of another
            page, ``kept`` for its answer, ``others`` for that of another process.
    """

    def __init__(
        self,
        client: TinybirdClient,
        *,
        clock: Callable[[], float] = time.time,
        most_answers: int = MOST_ANSWERS,
        most_bytes: int = MOST_BYTES,
        others: SharedAnswers | None = None,
        answered_by: Callable[[str], None] = lambda _source: None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._most_answers = most_answers
        self._most_bytes = most_bytes
        self._others = others
        self._answered_by = answered_by
        self._flights: dict[Asked, _Flight] = {}
        # The oldest first.
        self._kept: dict[Asked, _Kept] = {}
        self._bytes = 0

    async def query(
        self,
        pipe: str,
        parameters: Mapping[str, str],
        token: TinybirdToken,
        *,
        since: float,
        until: float,
        renew: Callable[[], Awaitable[str]] | None = None,
    ) -> PipeAnswer:
        """Return the answer of ``pipe``, which may have come for another page.

        It has neither a body nor an allowance, because those belong to one request and one token.
        With a token that has expired the page asks alone, and Tinybird decides. When another page's
        token is refused or over its limit, this page asks with its own. Every other failure is that
        of all who wait, and is not kept.

        Args:
            pipe: The pipe's name.
            parameters: Parameter name -> value.
            token: The page's own.
            since: No answer may be older, in seconds since the epoch.
            until: When the answer is forgotten, in seconds since the epoch.
            renew: As for ``TinybirdClient.query``.

        Raises:
            TinybirdError: One of its subclasses.
        """
        refused: TinybirdError | None = None
        if self._clock() < token.expires_at:
            asked = Asked.of(token, pipe, parameters, since)
            for _ in range(_TRIES):
                if (kept := self._kept.get(asked)) and self._clock() < kept.until:
                    self._answered_by("kept")
                    return kept.answer
                flight = self._flights.get(asked)
                is_first = flight is None
                if flight is None:
                    flight = self._start(asked, parameters, token, until)
                else:
                    self._answered_by("shared")
                try:
                    return await self._landed(asked, flight, until)
                except _OF_ONE_TOKEN as error:
                    if is_first:
                        refused = error
                        break
        self._answered_by("tinybird")
        answer = await self._client.query(
            pipe, parameters, token.value, renew=renew, refused=refused
        )
        return _without_owner(answer)

    def _start(
        self, asked: Asked, parameters: Mapping[str, str], token: TinybirdToken, until: float
    ) -> _Flight:
        query = self._query_once(asked, parameters, token, until)
        # In a context of its own, because it outlives the page that was first.
        task = asyncio.get_running_loop().create_task(query, context=Context())
        flight = self._flights[asked] = _Flight(task, until)
        # Before anybody waits, so that it is called before they go on.
        task.add_done_callback(lambda _: self._land(asked, flight))
        return flight

    async def _query_once(
        self, asked: Asked, parameters: Mapping[str, str], token: TinybirdToken, until: float
    ) -> tuple[PipeAnswer, int]:
        # It neither waits for a limit nor renews: both are about this token alone.
        is_asked = False

        async def ask() -> PipeAnswer:
            nonlocal is_asked
            is_asked = True
            self._answered_by("tinybird")
            return await self._client.query(asked.pipe, parameters, token.value, may_wait=False)

        answer = await (self._others.query(asked.text, ask, until=until) if self._others else ask())
        if not is_asked:
            self._answered_by("others")
        return _without_owner(answer), len(answer.body)

    async def _landed(self, asked: Asked, flight: _Flight, until: float) -> PipeAnswer:
        """Wait for a flight; who leaves last ends it."""
        flight.until = max(flight.until, until)
        flight.waiting += 1
        try:
            answer, _ = await asyncio.shield(flight.task)
            return answer
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                self._take_off_the_list(asked, flight)
                flight.task.cancel()

    def _land(self, asked: Asked, flight: _Flight) -> None:
        self._take_off_the_list(asked, flight)
        if flight.task.cancelled() or flight.task.exception():
            return
        left, (answer, json_bytes) = flight.until - self._clock(), flight.task.result()
        size = json_bytes + asked.size
        if left <= 0 or size > self._most_bytes:
            return
        self._forget(asked)
        timer = asyncio.get_running_loop().call_later(left, self._forget, asked)
        self._kept[asked] = _Kept(answer, flight.until, size, timer)
        self._bytes += size
        while len(self._kept) > self._most_answers or self._bytes > self._most_bytes:
            self._forget(next(iter(self._kept)))

    def _take_off_the_list(self, asked: Asked, flight: _Flight) -> None:
        if self._flights.get(asked) is flight:
            del self._flights[asked]

    def _forget(self, asked: Asked) -> None:
        if kept := self._kept.pop(asked, None):
            kept.timer.cancel()
            self._bytes -= kept.size


def _without_owner(answer: PipeAnswer) -> PipeAnswer:
    """Leave out the allowance, which is one token's, and the body, which nobody reads."""
    return replace(answer, body=b"", rate=None)
