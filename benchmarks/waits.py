"""The time a person waits in a browser: for the token on screen, and for a whole dashboard."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlencode

from playwright.sync_api import Browser

from benchmarks.http_load import KeptConnection, request
from benchmarks.report import SPREAD, Section, ratio
from benchmarks.timing import WrongAnswerError, timed
from benchmarks.verify_and_mint import ACCOUNT
from clerk_tinybird_app import products, routes, services
from clerk_tinybird_app.dashboard.questions import questions
from clerk_tinybird_app.dashboard.times import Tick
from clerk_tinybird_app.dashboard.view import View
from tests.e2e.visitor import Visitor, wait_for
from tests.running_app import RunningApp

_BROWSERS: Final = 7
_MARKS: Final = Path(__file__).with_name("marks.js")
_PIPE_CALLS: Final = 7
_SECONDS_BETWEEN: Final = 1.05
"""The slowest pipe is asked with the others: below the ten a second that a token may make."""


def token(browser: Browser, app: RunningApp) -> Section:
    """Sign in and reload, each in browsers that share nothing."""
    waits = _Waits(browser, app, "answered", "token")
    for _ in range(_BROWSERS):
        with waits.visitor() as visitor:
            visitor.sign_in_by_form(ACCOUNT[0])
            waits.note('"Continue" pressed to token', visitor, "pressed")
            visitor.page.reload()
            waits.note("page opened, signed in, to token", visitor, "opened")
    return waits.section(
        "5. Time to the token on screen", "limit: Clerk", "the limit",
        "limit: until Clerk (here embedded) has said who it is; then push, verify, mint, draw.",
    )  # fmt: skip


def dashboard(browser: Browser, app: RunningApp) -> Section:
    """Open the dashboard in browsers that share nothing but the person who has signed in."""
    waits = _Waits(browser, app, "accepted", "panels")
    with waits.visitor() as visitor:
        minted = visitor.sign_in(ACCOUNT[0])
        kept = visitor.context.storage_state()
    for _ in range(_BROWSERS):
        with waits.visitor(kept) as visitor:
            visitor.open(routes.DASHBOARD)
            waits.note("page opened, signed in, to all panels", visitor, "opened")
        with waits.visitor(kept) as visitor:
            visitor.open(routes.HOME)
            visitor.token()
            pages = visitor.page.get_by_role("navigation", name="Pages")
            pages.get_by_role("link", name="Dashboard").click()
            waits.note("link on / pressed, to all panels", visitor, "pressed")
    name, slowest = _slowest_pipe(app.tinybird_port, minted)
    section = waits.section(
        "6. Time to a whole dashboard", "until the session is accepted", "accepted + slowest pipe",
        "Accepted: Clerk has said who it is, and the server has verified it; then its queries.",
        more=slowest,
    )  # fmt: skip
    section.add(f"limit: {name} over HTTP, the slowest pipe", slowest)
    return section


class _Waits:
    """How long visitors have waited, and what went wrong on the way.

    At the mark ``part`` of ``marks.js`` the limit's part is over, at ``end`` all is painted.
    """

    def __init__(self, browser: Browser, app: RunningApp, part: str, end: str) -> None:
        self._browser, self._origin = browser, app.origin
        self._part, self._end = part, end
        self._faults: list[str] = []
        self._parts = defaultdict[str, list[float]](list)
        self._wholes = defaultdict[str, list[float]](list)

    @contextmanager
    def visitor(self, kept: Any = None) -> Iterator[Visitor]:
        """Open a browser that shares nothing with others but what it is given."""
        with closing(self._browser.new_context(storage_state=kept)) as context:
            context.add_init_script(path=_MARKS)
            visitor = Visitor(context, self._origin)
            yield visitor
            self._faults += visitor.faults

    def note(self, label: str, visitor: Visitor, since: str) -> None:
        """Wait until all is painted; note how long that and its part took since a mark.

        Raises:
            WrongAnswerError: The page has no such mark.
        """
        wait_for(visitor.page, f"() => window.benchmarkMarks?.{self._end}")
        marks = visitor.page.evaluate("() => window.benchmarkMarks")
        if not all(marks.get(name) for name in (since, self._part, self._end)):
            raise WrongAnswerError(f"the page noted {marks}; {since} is not there")
        self._parts[label].append(marks[self._part] - marks[since])
        self._wholes[label].append(marks[self._end] - marks[since])

    def section(self, title: str, part: str, limit: str, remark: str, more: float = 0.0) -> Section:
        """Return the section; the limit is the part and ``more`` milliseconds."""
        title = f"{title}, ms, {_BROWSERS} fresh browsers, --env prod"
        faults = "Console errors, exceptions and requests to other hosts on the way"
        section = Section(title, SPREAD, [remark, f"{faults}: {len(self._faults)}."])
        for label, wholes in self._wholes.items():
            parts = self._parts[label]
            share = ratio(median(wholes), median(parts) + more)
            section.add_range(label, wholes, note=f"{share} of {limit}")
            section.add_range(f"   of it, {part}", parts)
        return section


def _slowest_pipe(port: int, token: str) -> tuple[str, float]:
    """Ask each pipe of the default view one by one; return the slowest and its median in ms.

    No page can be filled sooner.
    """
    taken = defaultdict[str, list[float]](list)
    dashboard, takes = products.current().dashboard, services.pipe_parameters()
    tick = Tick.of(time.time(), 1)
    asked = questions(
        dashboard,
        View.of(dashboard),
        dashboard.panels,
        zone=UTC,
        tick=tick,
        takes=takes,
    )
    requests = [
        (one.pipe, request("GET", f"/v0/pipes/{one.pipe}.json?{urlencode(one.parameters)}", token))
        for one in asked
    ]
    with closing(KeptConnection(port)) as connection:
        for _ in range(_PIPE_CALLS):
            # Before the first round too: the tabs that were just closed used up the token's rate.
            time.sleep(_SECONDS_BETWEEN)
            for pipe, whole in requests:
                taken[pipe] += timed(partial(connection.ask, whole))
    slowest = max(taken, key=lambda pipe: median(taken[pipe]))
    return slowest, median(taken[slowest])
