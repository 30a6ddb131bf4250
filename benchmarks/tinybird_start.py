"""How long the embedded Tinybird takes to start, and its memory."""

import time
from pathlib import Path
from typing import Final

from benchmarks.processes import processes_in
from benchmarks.report import Section
from benchmarks.samples import Samples
from benchmarks.tinybird_server import TinybirdServer

_STARTS: Final = 3
_REST_SECONDS: Final = 1.0
_MILLISECONDS: Final = 1_000


def memory(section: Section, server: TinybirdServer, moment: str) -> None:
    """Add the memory of the server's process to ``section``, after a short rest."""
    time.sleep(_REST_SECONDS)
    found = processes_in(server.folder)
    resident, own = sum(p.resident_mb for p in found), sum(p.own_mb for p in found)
    section.add(moment, f"{resident:.0f}", f"{own:.0f}")


def measure(server: TinybirdServer, empty_seconds: float, folder: Path) -> Section:
    """Start the stopped ``server`` again and again, and another one with the seed.

    Args:
        server: Its data folder is in use.
        empty_seconds: How long its first start took, without rows.
        folder: Where the one with the seed goes; must not exist.
    """
    again = Samples([_start(server) for _ in range(_STARTS)])
    folder.mkdir()
    with TinybirdServer(folder) as seeded:
        first = seeded.start(seeds=True)
        rows = int(seeded.query("SELECT count() AS rows FROM requests")[0]["rows"])
    section = Section("13. Starting the embedded Tinybird until it answers", ("median ms",))
    section.add(f"again, with its rows ({_STARTS} starts)", f"{again.median * _MILLISECONDS:.0f}")
    section.add("first start, without rows", f"{empty_seconds * _MILLISECONDS:.0f}")
    section.add(
        f"first start, which makes two months of traffic ({rows:,} rows)",
        f"{first * _MILLISECONDS:.0f}",
    )
    return section


def _start(server: TinybirdServer) -> float:
    seconds = server.start()
    server.stop()
    return seconds
