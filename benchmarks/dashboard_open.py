"""The time a person waits for a whole dashboard: after opening it, and coming from another page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from playwright.sync_api import Browser, BrowserContext, Page

from benchmarks.account import EMAIL
from benchmarks.pipes_direct import slowest_pipe
from benchmarks.report import Section, ratio
from benchmarks.samples import Samples
from clerk_tinybird_app import routes
from tests.e2e.visitor import Visitor, wait_for
from tests.running_app import RunningApp

_BROWSERS: Final = 7
_MARKS: Final = Path(__file__).with_name("dashboard_marks.js")
_FILLED: Final = "() => window.dashboardMarks?.filled"
_READ: Final = "() => ({ ...window.dashboardMarks, pressed: sessionStorage.getItem('pressed') })"


@dataclass(frozen=True)
class Wait:
    """How long one person waited, in milliseconds.

    Attributes:
        accepted: Until the server had accepted the session and the page began to ask.
        total: Until all five panels were painted.
    """

    accepted: float
    total: float

    @classmethod
    def on(cls, page: Page, *, since_press: bool) -> Self:
        """Read the page's marks, from the last press or from the opening of the page."""
        wait_for(page, _FILLED)
        marks: dict[str, Any] = page.evaluate(_READ)
        start = float(marks["pressed"]) if since_press else marks["opened"]
        return cls(accepted=marks["accepted"] - start, total=marks["filled"] - start)


def measure(browser: Browser, app: RunningApp) -> Section:
    """Open the dashboard in browsers that share nothing but the person who has signed in."""
    section = Section(
        f"6. Time to a whole dashboard, ms, {_BROWSERS} fresh browsers, --env prod",
        ("median", "lowest", "highest"),
    )
    signed_in, token = _signed_in(browser, app)
    opened: list[Wait] = []
    navigated: list[Wait] = []
    faults = 0
    for _ in range(_BROWSERS):
        for waits, measured in ((opened, _opened), (navigated, _navigated)):
            visitor = _visitor(browser, app, signed_in)
            try:
                waits.append(measured(visitor))
                faults += len(visitor.faults)
            finally:
                visitor.context.close()
    name, slowest = slowest_pipe(app.tinybird_port, token)
    _add(section, "page opened, signed in, to five panels", opened, slowest)
    _add(section, "link on / pressed, to five panels", navigated, slowest)
    section.add(f"limit: {name} over HTTP, the slowest pipe", f"{slowest:.0f}")
    section.remarks += [
        "Accepted: Clerk has said who it is, and the server has verified it; then five queries.",
        f"Console errors, exceptions and requests to other hosts on the way: {faults}.",
    ]
    return section


def _signed_in(browser: Browser, app: RunningApp) -> tuple[Any, str]:
    """Sign in once; return what the browser keeps of that, and the Tinybird token."""
    visitor = Visitor(browser.new_context(), app.origin)
    try:
        token = visitor.sign_in(EMAIL)
        return visitor.context.storage_state(), token
    finally:
        visitor.context.close()


def _visitor(browser: Browser, app: RunningApp, signed_in: Any) -> Visitor:
    context: BrowserContext = browser.new_context(storage_state=signed_in)
    context.add_init_script(path=_MARKS)
    return Visitor(context, app.origin)


def _opened(visitor: Visitor) -> Wait:
    visitor.open(routes.DASHBOARD)
    return Wait.on(visitor.page, since_press=False)


def _navigated(visitor: Visitor) -> Wait:
    visitor.open(routes.HOME)
    visitor.token()
    pages = visitor.page.get_by_role("navigation", name="Pages")
    pages.get_by_role("link", name="Dashboard").click()
    return Wait.on(visitor.page, since_press=True)


def _add(section: Section, label: str, waits: list[Wait], slowest: float) -> None:
    total, accepted = Samples([w.total for w in waits]), Samples([w.accepted for w in waits])
    limit = accepted.median + slowest
    note = f"{ratio(total.median, limit)} of accepted + slowest pipe"
    for name, samples, said in (
        (label, total, note),
        ("   of it, until the session is accepted", accepted, ""),
    ):
        cells = (samples.median, min(samples.values), max(samples.values))
        section.add(name, *(f"{value:.0f}" for value in cells), note=said)
