"""Calls timed one after the other or side by side, and processes of their own to time them in."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.pool import Pool
from typing import Final, ParamSpec, TypeVar

MILLISECONDS: Final = 1_000
"""In a second."""

_P = ParamSpec("_P")
_T = TypeVar("_T")
_WARM_UP_SECONDS: Final = 0.3
_LOAD_SECONDS: Final = 3.0
_JOB_SECONDS: Final = 60.0


class WrongAnswerError(Exception):
    """A server answered something else than it should, so that its speed says nothing."""


class OwnProcess(Pool):
    """A context with a fresh process of its own, which does one job after the other.

    What a job is given and returns goes through a pipe, not through a command line, which everybody
    on the machine can read: some of it are tokens.

    Args:
        longest_seconds: How long a job may take.
    """

    def __init__(self, longest_seconds: float = _JOB_SECONDS) -> None:
        self._longest_seconds = longest_seconds
        # Never forked: forking after chDB's import hangs.
        super().__init__(1, context=get_context("spawn"))

    def do(self, job: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Have a module's function, or a method of what can be pickled, called there.

        Raises:
            multiprocessing.TimeoutError: It took longer than it may, or the process ended.
        """
        return self.apply_async(job, args, kwargs).get(self._longest_seconds)


def timed(call: Callable[[], object], calls: int = 1, *, warm_up: int = 0) -> list[float]:
    """Call again and again; return the milliseconds of each call after the first ``warm_up``."""
    taken = []
    for _ in range(warm_up + calls):
        started = time.perf_counter()
        call()
        taken.append((time.perf_counter() - started) * MILLISECONDS)
    return taken[warm_up:]


@dataclass(frozen=True)
class Load:
    """What came of calls side by side, and the milliseconds that each of them has taken.

    Those of the warm-up are in ``calls`` alone. Processor time: ``client_share`` is how much of one
    core the caller has used, ``server_seconds`` what a call took elsewhere, None if not known.
    """

    calls: int
    per_second: float
    taken: list[float]
    client_share: float
    server_seconds: float | None = None


def side_by_side(asks: Sequence[Callable[[_T], object]], given: Sequence[_T]) -> Load:
    """For some seconds, call functions each on a thread of its own, with what is given in turn.

    A short warm-up does not count.
    """
    started, cpu = time.perf_counter(), time.process_time()
    counts_from, following = started + _WARM_UP_SECONDS, cycle(given)

    def repeat(ask: Callable[[_T], object]) -> list[tuple[float, float]]:
        ends, before = [], time.perf_counter()
        while before < counts_from + _LOAD_SECONDS:
            ask(next(following))
            after = time.perf_counter()
            ends.append((after, (after - before) * MILLISECONDS))
            before = after
        return ends

    with ThreadPoolExecutor(len(asks)) as threads:
        ends = [end for each in threads.map(repeat, asks) for end in each]
    passed, used = time.perf_counter() - started, time.process_time() - cpu
    taken = [milliseconds for at, milliseconds in ends if at >= counts_from]
    return Load(len(ends), len(taken) / (passed - _WARM_UP_SECONDS), taken, used / passed)
