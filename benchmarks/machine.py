"""The machine the figures are from: how busy others keep it, and what an app uses of it."""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from benchmarks.report import Section
from tests.running_app import ROOT

_PROC: Final = Path("/proc")
_PACKAGES: Final = ("reflex", "starlette", "PyJWT", "cryptography")
_IDLE_FIELDS: Final = slice(3, 5)  # idle and iowait, see proc(5)
_TINYBIRD_MODULE: Final = "clerk_tinybird_app.local.tinybird"
_BYTES_PER_KIB: Final = 1024
_BYTES_PER_MB: Final = 1_000_000
_TIMEOUT_SECONDS: Final = 60


def description() -> str:
    """Return processor, cores and versions as one line."""
    info, model = _PROC / "cpuinfo", platform.machine()
    for line in info.read_text().splitlines() if info.exists() else ():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return f"{model}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}"


def load_of_others() -> str:
    """Watch the processors for a second in which we do nothing, and say how busy they are."""
    if not (_PROC / "stat").exists():
        return "unknown (no /proc on this system)"
    total, idle = _cpu_times()
    time.sleep(1)
    total_after, idle_after = _cpu_times()
    return f"{1 - (idle_after - idle) / max(total_after - total, 1):.0%} of all cores"


def _cpu_times() -> tuple[int, int]:
    """Return the ticks since boot, all of them and the idle ones, over all cores."""
    ticks = [int(field) for field in (_PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
    return sum(ticks), sum(ticks[_IDLE_FIELDS])


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


def cpu_seconds(folder: Path) -> tuple[float, float]:
    """Return the processor time of an app's embedded Tinybird, and of its other processes."""
    found = processes_in(folder)
    tinybird = sum(one.cpu_seconds for one in found if _TINYBIRD_MODULE in one.command)
    return tinybird, sum(one.cpu_seconds for one in found) - tinybird


def add_memory(section: Section, label: str, found: list[Process]) -> None:
    """Add the memory of some processes together."""
    section.add(label, f"{sum(p.rss for p in found):.0f}", f"{sum(p.pss for p in found):.0f}")


def run_apart(module: str, job: Mapping[str, Any]) -> Any:
    """Give ``job`` as JSON to the input of a module's own process; return the JSON it prints.

    Not as a command line, which everybody on the machine can read: jobs hold tokens.

    Raises:
        subprocess.SubprocessError: It failed, or took longer than a minute.
    """
    done = subprocess.run(
        [sys.executable, "-m", module], cwd=ROOT, input=json.dumps(job),
        stdout=subprocess.PIPE, text=True, check=True, timeout=_TIMEOUT_SECONDS,
    )  # fmt: skip
    return json.loads(done.stdout)


def _read(entry: Path) -> Process:
    lines = (line.split(":", 1) for line in (entry / "smaps_rollup").read_text().splitlines()[1:])
    kib = {name: int(value.split()[0]) for name, value in lines}
    # The name stands in parentheses and may hold anything, so count from its end; see proc(5).
    fields = (entry / "stat").read_text().rpartition(")")[2].split()
    return Process(
        pid=int(entry.name),
        parent=int(fields[1]),
        rss=kib["Rss"] * _BYTES_PER_KIB / _BYTES_PER_MB,
        pss=kib["Pss"] * _BYTES_PER_KIB / _BYTES_PER_MB,
        cpu_seconds=(int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
        command=(entry / "cmdline").read_text(errors="replace").replace("\0", " "),
    )
