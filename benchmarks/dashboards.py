"""Open dashboards: what a refresh costs the server, and how many one backend process serves."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from itertools import cycle
from typing import Final

from benchmarks.dashboard_tabs import Held, Job
from benchmarks.machine import cpu_seconds, run_apart
from benchmarks.report import MILLISECONDS, Section, WrongAnswerError, ratio
from clerk_tinybird_app.local.clerk import EmbeddedClerk
from clerk_tinybird_app.local.clerk.instance import MEMBER
from clerk_tinybird_app.local.clerk.seed import ORGANIZATIONS
from clerk_tinybird_app.local.clerk.store import accounts
from clerk_tinybird_app.local.clerk.store.database import Database
from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.state.session import SessionState
from tests.running_app import RunningApp

_EVENTS: Final = {
    "hydrate": "reflex___state____state.hydrate_and_load",
    "sync": f"{SessionState.get_full_name()}.sync",
    "refresh": f"{DashboardState.get_full_name()}.refresh",
}
_EVERY_SECONDS: Final = 2.0
"""What the page has by default with the embedded Tinybird."""
_ALONE_EVERY_SECONDS: Final = 0.6
"""Five queries each: below the ten a second that a person's token may make."""
_ALONE_SECONDS: Final = 9.0
_REST_SECONDS: Final = 3.0
_COUNTS: Final = (1, 10, 20, 30, 40, 60, 80, 120, 160)
_STEP_SECONDS: Final = 6.0
_MOST_P95_MS: Final = 500.0
_BYTES_PER_KB: Final = 1_000


def measure(app: RunningApp) -> Iterator[Section]:
    """Refresh one dashboard again and again, then more and more at a time.

    Args:
        app: Running, its embedded Tinybird too.

    Raises:
        WrongAnswerError: A lone dashboard could not be refreshed.
    """
    before = cpu_seconds(app.folder)
    time.sleep(_REST_SECONDS)
    # What goes on all the time, such as the seeded tenants' traffic, is no refresh's cost.
    tinybird_idle, backend_idle = (
        (after - start) / _REST_SECONDS
        for start, after in zip(before, cpu_seconds(app.folder), strict=True)
    )
    held = _held(app, 1, every=_ALONE_EVERY_SECONDS, seconds=_ALONE_SECONDS)
    if held.failures or not held.refreshes:
        raise WrongAnswerError(f"{held.failures} of {held.refreshes} refreshes failed")
    backend, tinybird = (
        (used - idle * held.seconds) / held.refreshes * MILLISECONDS
        for used, idle in (
            (held.backend_seconds, backend_idle),
            (held.tinybird_seconds, tinybird_idle),
        )
    )
    section = Section(
        f"7. One refresh of a dashboard, five pipes ({held.refreshes} refreshes, one at a time)",
        ("median", "p95"),
    )
    section.add("refresh sent to finished, ms", f"{held.p50_ms:.1f}", f"{held.p95_ms:.1f}")
    section.add("backend's processor time, ms", f"{backend:.1f}")
    section.add("embedded Tinybird's processor time, ms", f"{tinybird:.1f}")
    section.add("websocket, the first one, KB", f"{held.first_bytes / _BYTES_PER_KB:.1f}")
    section.add("websocket, later ones, KB", f"{held.later_bytes / _BYTES_PER_KB:.1f}")
    section.add("websocket, to ask for one, KB", f"{held.sent_bytes / _BYTES_PER_KB:.1f}")
    section.remarks.append(
        "Processor time is the mean, less what the server uses with no dashboard open."
    )
    yield section
    yield _served(app, limit=_EVERY_SECONDS * MILLISECONDS / max(backend, 0.1))


def _served(app: RunningApp, limit: float) -> Section:
    section = Section(
        f"8. Dashboards of one backend process, a refresh every {_EVERY_SECONDS:g} s each",
        ("refreshes/s", "p50 ms", "p95 ms", "failed", "backend", "Tinybird", "client"),
    )
    served = 0
    for count in _COUNTS:
        try:
            held = _held(app, count, every=_EVERY_SECONDS, seconds=_STEP_SECONDS)
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
    section.remarks += [
        f"Served with p95 within {_MOST_P95_MS:.0f} ms: {served}, {ratio(served, limit)} of the "
        f"limit: {limit:.0f}, by the backend's processor time for a refresh on a core of its own.",
        "Each is another person's. backend, Tinybird, client: how much of one core each used; "
        "they compete for this machine's.",
    ]
    return section


def _held(app: RunningApp, count: int, *, every: float, seconds: float) -> Held:
    tokens = _session_tokens(app, count)
    job = Job(app.port, app.origin, str(app.folder), _EVENTS, tokens, every, seconds)
    return Held(**run_apart("benchmarks.dashboard_tabs", asdict(job)))


def _session_tokens(app: RunningApp, count: int) -> list[str]:
    """Sign ``count`` people of the seeded organizations in, made when missing.

    A Tinybird token's rate is counted per user, so each dashboard has a user of its own.
    """
    folder, now = app.folder / ".local", int(time.time() * MILLISECONDS)
    organizations = zip(range(count), cycle(ORGANIZATIONS), strict=False)
    people = {f"dashboard-{number}@bench.test": one for number, one in organizations}
    with (
        # The app has made the database long ago: there is nothing to seed.
        closing(Database(folder / "clerk.sqlite3", lambda _: None)) as database,
        closing(EmbeddedClerk(folder, origins=(app.origin,))) as clerk,
    ):
        with database.transaction(write=True) as db:
            for email, organization in people.items():
                if accounts.user_by_email(db, email) is None:
                    # No password has this hash: they sign in through ``issue`` alone.
                    user = accounts.add_user(
                        db, email=email, password_hash="", first_name=None, last_name=None, now=now
                    )
                    accounts.add_membership(db, organization.id, user.id, MEMBER.key, now)
        return [clerk.issue(email, organization.slug) for email, organization in people.items()]
