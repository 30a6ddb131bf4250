"""The machine the figures are from, and how busy others keep it."""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Final

_CPU_TIMES: Final = Path("/proc/stat")
_CPU_MODEL: Final = Path("/proc/cpuinfo")
_IDLE_FIELDS: Final = slice(3, 5)  # idle and iowait, see proc(5)
_WATCH_SECONDS: Final = 1.0
_PACKAGES: Final = ("reflex", "starlette", "PyJWT", "cryptography")


def description() -> str:
    """Return processor, cores and versions as one line."""
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    python = f"Python {platform.python_version()}"
    return f"{_model()}, {os.cpu_count()} cores; {python}, {versions}"


def load_of_others() -> str:
    """Watch the processors for a second in which we do nothing, and say how busy they are."""
    if not _CPU_TIMES.exists():
        return "unknown (no /proc on this system)"
    total, idle = _cpu_times()
    time.sleep(_WATCH_SECONDS)
    total_after, idle_after = _cpu_times()
    busy = 1 - (idle_after - idle) / max(total_after - total, 1)
    return f"{busy:.0%} of all cores"


def _cpu_times() -> tuple[int, int]:
    """Return the ticks since boot, all of them and the idle ones, over all cores."""
    first_line = _CPU_TIMES.read_text().split("\n", 1)[0]
    ticks = [int(field) for field in first_line.split()[1:9]]
    return sum(ticks), sum(ticks[_IDLE_FIELDS])


def _model() -> str:
    if _CPU_MODEL.exists():
        for line in _CPU_MODEL.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
