"""How long starting takes, and what the started server needs in memory."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from statistics import median
from typing import Final

from benchmarks.machine import MEMORY, add_memory, processes_in
from benchmarks.report import SPREAD, Section, goal
from benchmarks.timing import MILLISECONDS, WrongAnswerError, timed
from tests.running_app import ROOT, RunningApp, answers

_GOAL_SECONDS: Final = 3.0
"""The longest that a start may take that has nothing to build."""
_BUILDS: Final = 5
_STARTS: Final = 3
_REST_SECONDS: Final = 2.0
_BUILD_SECONDS: Final = 60
_BUILD_ONCE: Final = """
import sys, time
from pathlib import Path
started = time.perf_counter()
from clerk_tinybird_app import services
from clerk_tinybird_app.settings import Settings
imported = time.perf_counter()
built = services.build(Settings.from_environ({}), folder=Path(sys.argv[1]))
ended = time.perf_counter()
built.embedded.close()
print([imported - started, ended - imported])
"""


def measure(app: RunningApp, first_start_ms: float) -> list[Section]:
    """Build the services in fresh processes, and start the built ``app`` again and again."""
    app.stop_process()
    section = Section(
        f"9. Starting: {_BUILDS} builds of the services, {_STARTS} starts of each server", SPREAD
    )
    imports, first, later = _service_builds()
    section.add_range("import the services' modules, ms", imports)
    section.add_range("services.build, first time (makes keys, accounts), ms", first)
    section.add_range("services.build, again, ms", later)
    section.add("serve in a fresh folder, which builds, ms", first_start_ms)
    again = _starts(app, app.prod)
    note = goal(median(again) / MILLISECONDS, _GOAL_SECONDS, "s")
    section.add_range("serve again, with nothing to build, ms", again, note=note)
    built_memory = memory(app, "serve, idle, just started")
    section.add_range("serve after a change of a Python file, ms", _starts(app, app.prod, _change))
    section.add_range("reflex run --env prod, which builds, ms", _starts(app, app.reflex_prod))
    whole_memory = memory(app, "reflex run --env prod, idle, just started")
    section.remarks.append("The start of a server is polled every tenth of a second.")
    return [section, built_memory, whole_memory]


def _change(app: RunningApp) -> None:
    """Change what the pages are made of."""
    with (app.folder / "clerk_tinybird_app" / "routes.py").open("a") as code:
        code.write("\n")


def _starts(
    app: RunningApp,
    start: Callable[[], object],
    before: Callable[[RunningApp], object] = lambda _: None,
) -> list[float]:
    """Start the ``app`` again and again; return the milliseconds of each time.

    Args:
        app: What is started.
        start: How.
        before: What is done before each start, whose time is not counted.

    Raises:
        WrongAnswerError: It has started without its pages.
    """
    taken = []
    for _ in range(_STARTS):
        app.stop_process()
        before(app)
        taken += timed(start)
        if not answers(app.origin):
            raise WrongAnswerError("no page")
    return taken


def memory(app: RunningApp, moment: str) -> Section:
    """Return the memory of the processes of ``app`` at this ``moment``, after a short rest."""
    time.sleep(_REST_SECONDS)
    section = Section(f"   Memory, MB: {moment}", MEMORY)
    found = processes_in(app.folder)
    pids = {process.pid for process in found}
    for process in found:
        add_memory(section, "worker" if process.parent in pids else "supervisor", [process])
    add_memory(section, "together", found)
    return section


def _service_builds() -> tuple[list[float], list[float], list[float]]:
    """Return the milliseconds of the imports, of first builds and of later ones."""
    imports, first, again = list[float](), list[float](), list[float]()
    for _ in range(_BUILDS):
        with tempfile.TemporaryDirectory() as folder:
            for builds in (first, again):
                command = [sys.executable, "-c", _BUILD_ONCE, folder]
                said = subprocess.check_output(command, cwd=ROOT, timeout=_BUILD_SECONDS)
                imported, built = json.loads(said)
                imports.append(imported * MILLISECONDS)
                builds.append(built * MILLISECONDS)
    return imports, first, again
