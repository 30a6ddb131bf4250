"""The machine the figures are from: how busy others keep it, and what an app uses of it."""

import os
import platform
import re
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks.report import Section

_PROC: Final = Path("/proc")
_PACKAGES: Final = ("reflex", "starlette", "PyJWT", "cryptography")
_IDLE_FIELDS: Final = slice(3, 5)  # idle and iowait, see proc(5)
_TINYBIRD_MODULE: Final = "clerk_tinybird_app.local.tinybird"
_MB_PER_KIB: Final = 1024 / 1_000_000
MEMORY: Final = {"RSS": ".0f", "PSS": ".0f"}
"""The columns of `add_memory`."""


def description() -> str:
    """Return processor, cores and versions as one line."""
    info = _PROC / "cpuinfo"
    named = re.search(r"^model name\s*: (.*)", info.read_text() if info.exists() else "", re.M)
    model = named[1] if named else platform.machine()
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return f"{model}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}"


def load_of_others() -> str:
    """Watch the processors for a second in which we do nothing, and say how busy they are."""
    if not (_PROC / "stat").exists():
        return "unknown (no /proc on this system)"
    before = _cpu_ticks()
    time.sleep(1)
    ticks = [after - start for start, after in zip(before, _cpu_ticks(), strict=True)]
    return f"{1 - sum(ticks[_IDLE_FIELDS]) / max(sum(ticks), 1):.0%} of all cores"


def _cpu_ticks() -> list[int]:
    """Return the ticks since boot over all cores, by what they were used for."""
    return [int(field) for field in (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]


@dataclass(frozen=True)
class Process:
    """One process as the kernel sees it; memory in MB, shared pages whole (RSS) or divided."""

    pid: int
    parent: int
    rss: float
    pss: float
    cpu_seconds: float
    command: str


def processes_in(folder: Path) -> list[Process]:
    """Return the processes whose working directory is ``folder``; none where there is no /proc."""
    found = []
    for entry in sorted(_PROC.glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            if (entry / "cwd").resolve() == folder.resolve():
                found.append(_read(entry))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it ended meanwhile, or it is somebody else's
    return found


def process(pid: int) -> Process:
    """Return one process."""
    return _read(_PROC / str(pid))


def cpu_seconds(folder: Path) -> tuple[float, float]:
    """Return the processor time of an app's embedded Tinybird, and of its other processes."""
    found = processes_in(folder)
    tinybird = sum(one.cpu_seconds for one in found if _TINYBIRD_MODULE in one.command)
    return tinybird, sum(one.cpu_seconds for one in found) - tinybird


def add_memory(section: Section, label: str, found: list[Process]) -> None:
    """Add the memory of some processes together."""
    section.add(label, sum(one.rss for one in found), sum(one.pss for one in found))


def _read(entry: Path) -> Process:
    lines = (line.split(":", 1) for line in (entry / "smaps_rollup").read_text().splitlines()[1:])
    kib = {name: int(value.split()[0]) for name, value in lines}
    # The name stands in parentheses and may hold anything, so count from its end; see proc(5).
    fields = (entry / "stat").read_text().rpartition(")")[2].split()
    return Process(
        pid=int(entry.name),
        parent=int(fields[1]),
        rss=kib["Rss"] * _MB_PER_KIB,
        pss=kib["Pss"] * _MB_PER_KIB,
        cpu_seconds=(int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
        command=(entry / "cmdline").read_text(errors="replace").replace("\0", " "),
    )
