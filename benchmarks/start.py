"""How long starting takes, and what the started server needs in memory."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.built_server import BuiltServer
from benchmarks.processes import processes_in
from benchmarks.report import Section
from benchmarks.samples import Samples
from tests.running_app import ROOT, RunningApp

_BUILDS: Final = 5
_STARTS: Final = 3
_REST_SECONDS: Final = 2.0
_TIMEOUT_SECONDS: Final = 60
_MILLISECONDS: Final = 1_000


def measure(app: RunningApp, first_start_seconds: float) -> list[Section]:
    """Build the services in fresh processes, and start the stopped ``app`` again and again.

    Args:
        app: The app, built.
        first_start_seconds: How long its first start took, the build included.

    Returns:
        The times, and the memory of the idle server in two ways to run it.
    """
    app.stop_process()
    section = Section(
        f"9. Starting: {_BUILDS} builds of the services, {_STARTS} starts of each server",
        ("median", "lowest", "highest"),
    )
    imports, first, again = _service_builds()
    _add(section, "import the services' modules, ms", imports)
    _add(section, "services.build, first time (makes keys, accounts), ms", first)
    _add(section, "services.build, again, ms", again)
    built, built_memory = _built_starts(app)
    _add(section, "server of the built app (granian), ms", built)
    whole, whole_memory = _whole_starts(app)
    _add(section, "reflex run --env prod, which builds again, ms", whole)
    section.add(
        "reflex run --env prod in a fresh folder, ms", f"{first_start_seconds * _MILLISECONDS:.0f}"
    )
    section.remarks.append("The start of a server is polled every tenth of a second.")
    return [section, built_memory, whole_memory]


def memory(app: RunningApp, moment: str) -> Section:
    """Return the memory of the processes of ``app`` at this ``moment``, after a short rest."""
    time.sleep(_REST_SECONDS)
    section = Section(f"   Memory, MB: {moment}", ("RSS", "PSS"))
    found = processes_in(app.folder)
    pids = {process.pid for process in found}
    for process in found:
        role = "worker" if process.parent in pids else "supervisor"
        section.add(role, f"{process.resident_mb:.0f}", f"{process.own_mb:.0f}")
    resident, own = sum(p.resident_mb for p in found), sum(p.own_mb for p in found)
    section.add("together", f"{resident:.0f}", f"{own:.0f}")
    return section


def _service_builds() -> tuple[list[float], list[float], list[float]]:
    """Return the milliseconds of the imports, of first builds and of later ones."""
    imports: list[float] = []
    first: list[float] = []
    again: list[float] = []
    for _ in range(_BUILDS):
        with tempfile.TemporaryDirectory() as folder:
            for builds in (first, again):
                imported, built = _build_once(Path(folder))
                imports.append(imported)
                builds.append(built)
    return imports, first, again


def _build_once(folder: Path) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.build_once", str(folder)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=_TIMEOUT_SECONDS,
    )  # fmt: skip
    imported, built = json.loads(done.stdout)
    return imported, built


def _built_starts(app: RunningApp) -> tuple[list[float], Section]:
    taken = []
    for _ in range(_STARTS):
        started = time.perf_counter()
        with BuiltServer(app):
            taken.append((time.perf_counter() - started) * _MILLISECONDS)
            idle = memory(app, "built app on granian, idle, just started")
    return taken, idle


def _whole_starts(app: RunningApp) -> tuple[list[float], Section]:
    taken = []
    for _ in range(_STARTS):
        app.stop_process()
        started = time.perf_counter()
        app.prod()
        taken.append((time.perf_counter() - started) * _MILLISECONDS)
    return taken, memory(app, "reflex run --env prod, idle, just started")


def _add(section: Section, label: str, values: list[float]) -> None:
    cells = (Samples(values).median, min(values), max(values))
    section.add(label, *(f"{value:.0f}" for value in cells))
