"""How long starting takes, and what the started server needs in memory."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from benchmarks.machine import add_memory, processes_in
from benchmarks.report import MILLISECONDS, Section
from tests.running_app import ROOT, RunningApp, answers, stop_group, wait_until

_BUILDS: Final = 5
_STARTS: Final = 3
_REST_SECONDS: Final = 2.0
_START_SECONDS: Final = 60
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
_GRANIAN: Final = (
    *(str(Path(sys.executable).with_name("granian")), "--interface", "asgi", "--factory"),
    *("--workers", "1", "--host", "127.0.0.1", "clerk_tinybird_app.clerk_tinybird_app:app"),
)
# Reflex reads these: the frontend is built, serve it and build nothing.
_BUILT: Final = {
    "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "1",
    "__REFLEX_SKIP_COMPILE": "1",
    "REFLEX_ENV_MODE": "prod",
}


def measure(app: RunningApp, first_start_seconds: float) -> list[Section]:
    """Build the services in fresh processes, and start the built ``app`` again and again.

    Returns:
        The times, and the memory of the idle server in two ways to run it.
    """
    app.stop_process()
    section = Section(
        f"9. Starting: {_BUILDS} builds of the services, {_STARTS} starts of each server",
        ("median", "lowest", "highest"),
    )
    imports, first, again = _service_builds()
    section.add_range("import the services' modules, ms", imports)
    section.add_range("services.build, first time (makes keys, accounts), ms", first)
    section.add_range("services.build, again, ms", again)
    built, built_memory = [], Section("")
    for _ in range(_STARTS):
        started = time.perf_counter()
        with _built_server(app):
            built.append((time.perf_counter() - started) * MILLISECONDS)
            built_memory = memory(app, "built app on granian, idle, just started")
    section.add_range("server of the built app (granian), ms", built)
    whole = [_milliseconds(app.stop_process, app.prod) for _ in range(_STARTS)]
    section.add_range("reflex run --env prod, which builds again, ms", whole)
    first_start = f"{first_start_seconds * MILLISECONDS:.0f}"
    section.add("reflex run --env prod in a fresh folder, ms", first_start)
    section.remarks.append("The start of a server is polled every tenth of a second.")
    return [section, built_memory, memory(app, "reflex run --env prod, idle, just started")]


def memory(app: RunningApp, moment: str) -> Section:
    """Return the memory of the processes of ``app`` at this ``moment``, after a short rest."""
    time.sleep(_REST_SECONDS)
    section = Section(f"   Memory, MB: {moment}", ("RSS", "PSS"))
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
                said = subprocess.run(
                    [sys.executable, "-c", _BUILD_ONCE, folder], cwd=ROOT, check=True,
                    stdout=subprocess.PIPE, timeout=_START_SECONDS,
                ).stdout  # fmt: skip
                imported, built = json.loads(said)
                imports.append(imported * MILLISECONDS)
                builds.append(built * MILLISECONDS)
    return imports, first, again


def _milliseconds(before: Callable[[], object], timed: Callable[[], object]) -> float:
    before()
    started = time.perf_counter()
    timed()
    return (time.perf_counter() - started) * MILLISECONDS


@contextmanager
def _built_server(app: RunningApp) -> Iterator[None]:
    """Serve what the stopped ``app`` has built by granian alone: no ``reflex run``, no bun."""
    with app.log.open("ab") as log:
        process = subprocess.Popen(
            [*_GRANIAN, "--port", str(app.port)], cwd=app.folder, env=app.env | _BUILT,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        wait_until(
            lambda: answers(app.origin) and answers(f"{app.origin}/api/health"),
            seconds=_START_SECONDS,
            what="the built app did not answer",
        )
        yield
    finally:
        stop_group(process)
