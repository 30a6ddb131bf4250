"""Whose query runs next: everybody has a turn before anybody has a second one."""

import asyncio
from collections import deque
from typing import Final

from clerk_tinybird_app.local.tinybird.errors import ApiError, too_many

_MOST_WAITING_OF_ONE: Final = 32
_MOST_WAITING: Final = 512
_RETRY_SECONDS: Final = 1


class ClientGone(Exception):  # noqa: N818 - it is what happened
    """Whoever asked has closed the connection: there is nobody to answer."""


class FairQueue:
    """Lets few queries run at once, and fewer of one name; the others wait, first come first.

    Of the names that wait, the one with the fewest running is next; those with as many get their
    turns one after the other, however many queries each has waiting.
    For the event loop's thread alone.
    """

    def __init__(self, most: int, most_of_one: int) -> None:
        self._free = most
        self._most_of_one = most_of_one
        self._running: dict[str, int] = {}
        # In the order in which the names get their next turns.
        self._lines: dict[str, deque[asyncio.Future[bool]]] = {}
        self._is_closed = False

    def running(self, name: str) -> int:
        """Return how many turns a name has."""
        return self._running.get(name, 0)

    def take_at_once(self, name: str) -> bool:
        """Take a turn if there is one, to be given back; else tell that one must wait for it."""
        running = self.running(name)
        # While one is free, no other name waits for it: whoever waits has as many as it may have.
        if not self._free or running >= self._most_of_one:
            return False
        self._running[name] = running + 1
        self._free -= 1
        return True

    async def wait(self, name: str, leaving: "asyncio.Future[None]") -> None:
        """Wait for a turn, to be given back; ``leaving`` is done when whoever asked is gone.

        Raises:
            ApiError: 429, too many wait already; 503, nobody gets a turn any more.
            ClientGone: There is nobody to answer; nothing is to be given back.
        """
        turn = self._queued(name)
        try:
            await asyncio.wait((turn, leaving), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._leave(name, turn)
            raise
        if leaving.done():
            self._leave(name, turn)
            raise ClientGone
        if not turn.result():
            raise _closed()

    def give_back(self, name: str) -> None:
        """End a turn; the next one in line that may have it gets it."""
        self._free += 1
        self._running[name] -= 1
        if not self._running[name]:
            del self._running[name]
        # Of equals, `min` takes the first.
        waiting = min(self._lines, key=self.running, default=None)
        if waiting is None or not self.take_at_once(waiting):
            return
        line = self._lines.pop(waiting)
        line.popleft().set_result(True)
        if line:
            self._lines[waiting] = line

    def close(self) -> None:
        """Refuse whoever waits, and whoever would have to from now on."""
        self._is_closed = True
        for line in self._lines.values():
            for turn in line:
                turn.set_result(False)
        self._lines.clear()

    def _queued(self, name: str) -> "asyncio.Future[bool]":
        if self._is_closed:
            raise _closed()
        line, waiting = self._lines.get(name, deque()), sum(map(len, self._lines.values()))
        if len(line) >= _MOST_WAITING_OF_ONE or waiting >= _MOST_WAITING:
            raise too_many(
                f"Too many queries at once: tokens of this name may have {self._most_of_one} "
                f"running and {_MOST_WAITING_OF_ONE} waiting.",
                seconds=_RETRY_SECONDS,
            )
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        line.append(turn)
        self._lines[name] = line
        return turn

    def _leave(self, name: str, turn: "asyncio.Future[bool]") -> None:
        if turn.done():
            if turn.result():
                self.give_back(name)
            return
        line = self._lines[name]
        line.remove(turn)
        if not line:
            del self._lines[name]


def _closed() -> ApiError:
    return ApiError(503, "The embedded Tinybird stops and starts no more queries.")
