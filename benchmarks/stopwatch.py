"""Times calls one by one."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

NANOSECONDS: Final = 1_000
"""In a microsecond."""

_WARM_UP_CALLS: Final = 200


def time_calls(call: Callable[[], object], calls: int) -> list[float]:
    """Return the microseconds that each of ``calls`` calls took."""
    for _ in range(_WARM_UP_CALLS):
        call()
    taken = []
    for _ in range(calls):
        started = time.perf_counter_ns()
        call()
        taken.append((time.perf_counter_ns() - started) / NANOSECONDS)
    return taken


async def time_awaits(
    call: Callable[[], Awaitable[object]], calls: int, *, rest_seconds: float = 0.0
) -> list[float]:
    """Return the microseconds that each of ``calls`` calls took, the waiting for it included.

    Args:
        call: Makes what is awaited.
        calls: How many.
        rest_seconds: A pause before each, as a server has between requests; not counted.
    """
    for _ in range(_WARM_UP_CALLS):
        await call()
    taken = []
    for _ in range(calls):
        if rest_seconds:
            await asyncio.sleep(rest_seconds)
        started = time.perf_counter_ns()
        await call()
        taken.append((time.perf_counter_ns() - started) / NANOSECONDS)
    return taken


class CoreShare:
    """A context that notes which share of one core this process got in it.

    Code that only computes and got clearly less than 1 was held up by other processes.

    Attributes:
        value: The share, 1.0 at best; set when the context ends.
    """

    value = 0.0

    def __enter__(self) -> "CoreShare":
        self._started = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        wall, cpu = self._started
        self.value = (time.process_time() - cpu) / (time.perf_counter() - wall)
