"""Looks at this worker's process from time to time."""

import asyncio
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from clerk_tinybird_app.telemetry import metrics, refusals

PULSE_SECONDS: Final = 10.0
_SUM_UP_AFTER: Final = 6
"""Pulses between two sums of refusals: a minute."""

_PROC: Final = Path("/proc")
_KIB: Final = 1024


async def watch_process(
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Measure memory and the event loop's lag, and sum up refusals, until it is cancelled.

    Args:
        sleep: Waits for a number of seconds.
        clock: Seconds of a clock that nobody can set.
    """
    beats = 0
    metrics.process(resident_bytes(), 0.0)
    while True:
        began = clock()
        await sleep(PULSE_SECONDS)
        metrics.process(resident_bytes(), max(clock() - began - PULSE_SECONDS, 0.0))
        beats += 1
        if beats % _SUM_UP_AFTER == 0:
            refusals.sum_up()


def resident_bytes(pid: int | None = None) -> int:
    """Return a process's memory; where the system does not say, the most that it has had.

    Of another one, ``pid``, nothing more is known then: 0.
    """
    try:
        statm = (_PROC / str(pid or "self") / "statm").read_text()
        return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        if pid is not None:
            return 0
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * _KIB
