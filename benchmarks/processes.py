"""The processes that serve an app: their memory and their processor time."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TINYBIRD_MODULE: Final = "clerk_tinybird_app.local.tinybird"
"""What the embedded Tinybird's process runs."""

_PROC: Final = Path("/proc")
_BYTES_PER_KIB: Final = 1024
_BYTES_PER_MB: Final = 1_000_000


@dataclass(frozen=True)
class Process:
    """One process as the kernel sees it.

    Attributes:
        pid: Its id.
        parent: The id of the process that started it.
        resident_mb: Memory in use, shared pages included (RSS), in MB of a million bytes.
        own_mb: Memory in use, each shared page divided among its users (PSS).
        cpu_seconds: Processor time so far, its own and the kernel's for it.
        command: Its command line, a space between the arguments.
    """

    pid: int
    parent: int
    resident_mb: float
    own_mb: float
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


def cpu_seconds(folder: Path) -> float:
    """Return the processor time of all of ``processes_in`` together."""
    return sum(process.cpu_seconds for process in processes_in(folder))


def cpu_seconds_of(folder: Path, module: str) -> tuple[float, float]:
    """Return the processor time of those that run ``module``, and of the others."""
    own, others = 0.0, 0.0
    for process in processes_in(folder):
        if module in process.command:
            own += process.cpu_seconds
        else:
            others += process.cpu_seconds
    return own, others


def _read(entry: Path) -> Process:
    memory = _memory(entry)
    # The name stands in parentheses and may hold anything, so count from its end; see proc(5).
    fields = (entry / "stat").read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    return Process(
        pid=int(entry.name),
        parent=int(fields[1]),
        resident_mb=memory["Rss"] * _BYTES_PER_KIB / _BYTES_PER_MB,
        own_mb=memory["Pss"] * _BYTES_PER_KIB / _BYTES_PER_MB,
        cpu_seconds=(user + system) / os.sysconf("SC_CLK_TCK"),
        command=(entry / "cmdline").read_text(errors="replace").replace("\0", " "),
    )


def _memory(entry: Path) -> dict[str, int]:
    lines = (entry / "smaps_rollup").read_text().splitlines()[1:]
    pairs = (line.split(":", 1) for line in lines)
    return {name: int(value.split()[0]) for name, value in pairs}
