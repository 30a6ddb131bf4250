"""The time a person waits for the token: after signing in, and after opening the page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from playwright.sync_api import Browser, Page

from benchmarks.account import EMAIL
from benchmarks.report import Section, ratio
from benchmarks.samples import Samples
from tests.e2e.visitor import Visitor, wait_for

_BROWSERS: Final = 7
_MARKS: Final = Path(__file__).with_name("marks.js")
_READ: Final = """() => {
  const { pressed, painted } = window.benchmarkMarks;
  const answers = performance.getEntriesByType("resource")
    .filter((entry) => entry.name.includes("/__clerk/v1/client") && entry.responseEnd <= painted)
    .map((entry) => entry.responseEnd);
  return { pressed, painted, answered: Math.max(pressed, ...answers) };
}"""


@dataclass(frozen=True)
class Wait:
    """How long one person waited, in milliseconds.

    Attributes:
        clerk: Until Clerk's last answer about the session before the token; no app can have the
            token sooner.
        total: Until the token was painted.
    """

    clerk: float
    total: float

    @classmethod
    def on(cls, page: Page, *, since_press: bool) -> Self:
        """Read the page's marks, from the last press or from the opening of the page."""
        wait_for(page, "() => window.benchmarkMarks.painted !== null")
        marks: dict[str, Any] = page.evaluate(_READ)
        start = marks["pressed"] if since_press else 0.0
        return cls(clerk=marks["answered"] - start, total=marks["painted"] - start)


def measure(browser: Browser, origin: str) -> Section:
    """Sign in and reload, each in browsers that share nothing."""
    section = Section(
        f"5. Time to the token on screen, ms, {_BROWSERS} fresh browsers, --env prod",
        ("median", "lowest", "highest"),
    )
    signed_in, reloaded, faults = [], [], 0
    for _ in range(_BROWSERS):
        visitor = _visitor(browser, origin)
        try:
            visitor.sign_in(EMAIL)
            signed_in.append(Wait.on(visitor.page, since_press=True))
            visitor.page.reload()
            reloaded.append(Wait.on(visitor.page, since_press=False))
            faults += len(visitor.faults)
        finally:
            visitor.context.close()
    _add(section, '"Continue" pressed to token', signed_in)
    _add(section, "page opened, signed in, to token", reloaded)
    section.remarks += [
        "limit: until Clerk (here embedded) has said who it is; then push, verify, mint, draw.",
        f"Console errors, exceptions and requests to other hosts on the way: {faults}.",
    ]
    return section


def _visitor(browser: Browser, origin: str) -> Visitor:
    context = browser.new_context()
    context.add_init_script(path=_MARKS)
    return Visitor(context, origin)


def _add(section: Section, label: str, waits: list[Wait]) -> None:
    total, clerk = Samples([w.total for w in waits]), Samples([w.clerk for w in waits])
    note = f"{ratio(total.median, clerk.median)} of the limit"
    for name, samples, said in ((label, total, note), ("   of it, limit: Clerk", clerk, "")):
        cells = (samples.median, min(samples.values), max(samples.values))
        section.add(name, *(f"{value:.0f}" for value in cells), note=said)
