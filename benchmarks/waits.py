"""The time a person waits in a browser: for the token on screen, and for a whole dashboard."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from playwright.sync_api import Browser

from benchmarks.connection import KeptConnection, request
from benchmarks.report import Samples, Section, ratio
from benchmarks.verify_and_mint import EMAIL
from clerk_tinybird_app import products, routes, services
from clerk_tinybird_app.dashboard.questions import questions
from clerk_tinybird_app.dashboard.view import View
from tests.e2e.visitor import Visitor, wait_for
from tests.running_app import RunningApp

_BROWSERS: Final = 7
_COLUMNS: Final = ("median", "lowest", "highest")
_FOLDER: Final = Path(__file__).parent
_TOKEN_MARKS: Final = """() => {
  const { pressed, painted } = window.benchmarkMarks;
  const answers = performance.getEntriesByType("resource")
    .filter((entry) => entry.name.includes("/__clerk/v1/client") && entry.responseEnd <= painted)
    .map((entry) => entry.responseEnd);
  return { opened: 0, pressed, until: Math.max(pressed, ...answers), end: painted };
}"""
_DASHBOARD_MARKS: Final = """() => {
  const { opened, accepted, filled } = window.dashboardMarks;
  return { opened, pressed: +sessionStorage.getItem("pressed"), until: accepted, end: filled };
}"""
_PIPE_CALLS: Final = 7
_SECONDS_BETWEEN: Final = 0.6
"""Five queries at a time: below the ten a second that a token may make."""

_Wait = tuple[float, float]
"""Milliseconds until the limit's part was over, and until all was painted."""


def token(browser: Browser, origin: str) -> Section:
    """Sign in and reload, each in browsers that share nothing."""
    section = Section(
        f"5. Time to the token on screen, ms, {_BROWSERS} fresh browsers, --env prod", _COLUMNS
    )
    faults: list[Any] = []
    signed_in, reloaded = list[_Wait](), list[_Wait]()
    for _ in range(_BROWSERS):
        with _visitor(browser, origin, "marks.js", faults) as visitor:
            visitor.sign_in(EMAIL)
            signed_in.append(_token_wait(visitor, "pressed"))
            visitor.page.reload()
            reloaded.append(_token_wait(visitor, "opened"))
    for label, waits in (
        ('"Continue" pressed to token', signed_in),
        ("page opened, signed in, to token", reloaded),
    ):
        _add(section, label, waits, part="   of it, limit: Clerk", limit="the limit")
    section.remarks += [
        "limit: until Clerk (here embedded) has said who it is; then push, verify, mint, draw.",
        f"Console errors, exceptions and requests to other hosts on the way: {len(faults)}.",
    ]
    return section


def dashboard(browser: Browser, app: RunningApp) -> Section:
    """Open the dashboard in browsers that share nothing but the person who has signed in."""
    section = Section(
        f"6. Time to a whole dashboard, ms, {_BROWSERS} fresh browsers, --env prod", _COLUMNS
    )
    faults: list[Any] = []
    opened, navigated = list[_Wait](), list[_Wait]()
    with _visitor(browser, app.origin, "dashboard_marks.js", []) as visitor:
        minted = visitor.sign_in(EMAIL)
        kept = visitor.context.storage_state()
    for _ in range(_BROWSERS):
        with _visitor(browser, app.origin, "dashboard_marks.js", faults, kept) as visitor:
            visitor.open(routes.DASHBOARD)
            opened.append(_dashboard_wait(visitor, "opened"))
        with _visitor(browser, app.origin, "dashboard_marks.js", faults, kept) as visitor:
            visitor.open(routes.HOME)
            visitor.token()
            pages = visitor.page.get_by_role("navigation", name="Pages")
            pages.get_by_role("link", name="Dashboard").click()
            navigated.append(_dashboard_wait(visitor, "pressed"))
    name, slowest = _slowest_pipe(app.tinybird_port, minted)
    for label, waits in (
        ("page opened, signed in, to five panels", opened),
        ("link on / pressed, to five panels", navigated),
    ):
        part = "   of it, until the session is accepted"
        _add(section, label, waits, part=part, limit="accepted + slowest pipe", more=slowest)
    section.add(f"limit: {name} over HTTP, the slowest pipe", f"{slowest:.0f}")
    section.remarks += [
        "Accepted: Clerk has said who it is, and the server has verified it; then five queries.",
        f"Console errors, exceptions and requests to other hosts on the way: {len(faults)}.",
    ]
    return section


@contextmanager
def _visitor(
    browser: Browser, origin: str, marks: str, faults: list[Any], kept: Any = None
) -> Iterator[Visitor]:
    """Open a browser of its own, in which a script takes marks; collect what went wrong in it."""
    context = browser.new_context(storage_state=kept)
    context.add_init_script(path=_FOLDER / marks)
    visitor = Visitor(context, origin)
    try:
        yield visitor
        faults += visitor.faults
    finally:
        context.close()


def _token_wait(visitor: Visitor, since: str) -> _Wait:
    wait_for(visitor.page, "() => window.benchmarkMarks.painted !== null")
    return _wait(visitor.page.evaluate(_TOKEN_MARKS), since)


def _dashboard_wait(visitor: Visitor, since: str) -> _Wait:
    wait_for(visitor.page, "() => window.dashboardMarks?.filled")
    return _wait(visitor.page.evaluate(_DASHBOARD_MARKS), since)


def _wait(marks: dict[str, float], since: str) -> _Wait:
    return marks["until"] - marks[since], marks["end"] - marks[since]


def _add(
    section: Section, label: str, waits: list[_Wait], *, part: str, limit: str, more: float = 0.0
) -> None:
    parts, wholes = [wait[0] for wait in waits], [wait[1] for wait in waits]
    share = ratio(Samples(wholes).median, Samples(parts).median + more)
    section.add_range(label, wholes, note=f"{share} of {limit}")
    section.add_range(part, parts)


def _slowest_pipe(port: int, token: str) -> tuple[str, float]:
    """Ask each pipe of the default view one by one; return the slowest and its median in ms.

    No page can be filled sooner.
    """
    taken: dict[str, list[float]] = {}
    dashboard, takes = products.current().dashboard, services.pipe_parameters()
    view = View.of(dashboard)
    with KeptConnection(port) as connection:
        for _ in range(_PIPE_CALLS):
            for question in questions(
                dashboard, view, dashboard.panels, zone=UTC, now=time.time(), takes=takes
            ):
                path = f"/v0/pipes/{question.pipe}.json?{urlencode(question.parameters)}"
                asked = connection.timed(request("GET", path, token), 1)
                taken.setdefault(question.pipe, []).extend(asked)
            time.sleep(_SECONDS_BETWEEN)
    medians = {pipe: Samples(values).median for pipe, values in taken.items()}
    name = max(medians, key=lambda pipe: medians[pipe])
    return name, medians[name]
