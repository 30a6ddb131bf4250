"""Open dashboards: what a refresh costs the server, and how many one backend process serves."""

import subprocess
import time
from dataclasses import asdict, dataclass
from typing import Final

from benchmarks.apart import run_apart
from benchmarks.dashboard_load import Held, Job
from benchmarks.people import People
from benchmarks.processes import TINYBIRD_MODULE, cpu_seconds_of
from benchmarks.report import Section, ratio
from benchmarks.socket_tab import Wire
from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.state.session import SessionState
from tests.running_app import RunningApp

_LOAD: Final = "benchmarks.dashboard_load"
_HYDRATE: Final = "reflex___state____state.hydrate_and_load"
_EVERY_SECONDS: Final = 2.0
"""What the page has by default with the embedded Tinybird."""

_ALONE_EVERY_SECONDS: Final = 0.6
"""Five queries each: below the ten a second that a person's token may make."""

_ALONE_SECONDS: Final = 9.0
_REST_SECONDS: Final = 3.0
_COUNTS: Final = (1, 10, 20, 30, 40, 60, 80, 120, 160)
_STEP_SECONDS: Final = 6.0
_MOST_P95_MS: Final = 500.0
_MILLISECONDS: Final = 1_000
_BYTES_PER_KB: Final = 1_000


@dataclass(frozen=True)
class _Cost:
    """Processor time of one refresh, in milliseconds.

    Attributes:
        backend: The app's own processes.
        tinybird: The embedded Tinybird.
    """

    backend: float
    tinybird: float


class FailedRefreshesError(Exception):
    """Refreshes failed, so that their speed says nothing."""


def measure(app: RunningApp) -> list[Section]:
    """Refresh one dashboard again and again, then more and more at a time.

    Args:
        app: Running, its embedded Tinybird too.

    Raises:
        FailedRefreshesError: A lone dashboard could not be refreshed.
    """
    with People(app.folder / ".local", app.origin) as people:
        alone, cost = _alone(app, people)
        if alone.failures or not alone.refreshes:
            raise FailedRefreshesError(f"{alone.failures} of {alone.refreshes}")
        return [_cost_section(alone, cost), _served_section(app, people, cost)]


def _alone(app: RunningApp, people: People) -> tuple[Held, _Cost]:
    before = _processor_seconds(app)
    time.sleep(_REST_SECONDS)
    # What goes on all the time, such as the seeded tenants' traffic, is no refresh's cost.
    tinybird_idle, backend_idle = (
        (after - start) / _REST_SECONDS
        for start, after in zip(before, _processor_seconds(app), strict=True)
    )
    held = _held(app, people, 1, every=_ALONE_EVERY_SECONDS, seconds=_ALONE_SECONDS)
    count = max(held.refreshes, 1)
    return held, _Cost(
        backend=(held.backend_seconds - backend_idle * held.seconds) / count * _MILLISECONDS,
        tinybird=(held.tinybird_seconds - tinybird_idle * held.seconds) / count * _MILLISECONDS,
    )


def _cost_section(held: Held, cost: _Cost) -> Section:
    section = Section(
        f"7. One refresh of a dashboard, five pipes ({held.refreshes} refreshes, one at a time)",
        ("median", "p95"),
    )
    section.add("refresh sent to finished, ms", f"{held.p50_ms:.1f}", f"{held.p95_ms:.1f}")
    section.add("backend's processor time, ms", f"{cost.backend:.1f}")
    section.add("embedded Tinybird's processor time, ms", f"{cost.tinybird:.1f}")
    section.add("websocket, the first one, KB", f"{held.first_bytes / _BYTES_PER_KB:.1f}")
    section.add("websocket, later ones, KB", f"{held.later_bytes / _BYTES_PER_KB:.1f}")
    section.add("websocket, to ask for one, KB", f"{held.sent_bytes / _BYTES_PER_KB:.1f}")
    section.remarks.append(
        "Processor time is the mean, less what the server uses with no dashboard open."
    )
    return section


def _served_section(app: RunningApp, people: People, cost: _Cost) -> Section:
    section = Section(
        f"8. Dashboards of one backend process, a refresh every {_EVERY_SECONDS:g} s each",
        ("refreshes/s", "p50 ms", "p95 ms", "failed", "backend", "Tinybird", "client"),
    )
    served = 0
    for count in _COUNTS:
        try:
            held = _held(app, people, count, every=_EVERY_SECONDS, seconds=_STEP_SECONDS)
        except subprocess.SubprocessError:
            section.add(f"{count} open", note="could not even be opened in time")
            break
        cores = (held.backend_seconds, held.tinybird_seconds, held.client_seconds)
        section.add(
            f"{count} open", f"{held.refreshes / held.seconds:.1f}", f"{held.p50_ms:.0f}",
            f"{held.p95_ms:.0f}", str(held.failures),
            *(f"{used / held.seconds:.0%}" for used in cores),
        )  # fmt: skip
        if held.failures or held.p95_ms > _MOST_P95_MS:
            break
        served = count
    limit = _EVERY_SECONDS * _MILLISECONDS / max(cost.backend, 0.1)
    section.remarks += [
        f"Served with p95 within {_MOST_P95_MS:.0f} ms: {served}, {ratio(served, limit)} of the "
        f"limit: {limit:.0f}, by the backend's processor time for a refresh on a core of its own.",
        "Each is another person's. backend, Tinybird, client: how much of one core each used; "
        "they compete for this machine's.",
    ]
    return section


def _held(app: RunningApp, people: People, count: int, *, every: float, seconds: float) -> Held:
    wire = Wire(
        port=app.port,
        origin=app.origin,
        hydrate=_HYDRATE,
        sync=f"{SessionState.get_full_name()}.sync",
        refresh=f"{DashboardState.get_full_name()}.refresh",
    )
    job = Job(wire, str(app.folder), people.session_tokens(count), every, seconds)
    return Held(**run_apart(_LOAD, asdict(job)))


def _processor_seconds(app: RunningApp) -> tuple[float, float]:
    """Return the processor time of the embedded Tinybird, and of the app's own processes."""
    return cpu_seconds_of(app.folder, TINYBIRD_MODULE)
