"""Measures everything and prints the report: ``python -m benchmarks``."""

import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks import (
    calls,
    dashboard,
    dashboard_open,
    endpoint,
    lighthouse,
    machine,
    page_weight,
    sign_in,
    start,
    tinybird,
)
from benchmarks.report import Section
from tests.chromium import ADVICE, FLAGS, find_chromium
from tests.running_app import RunningApp


def main() -> None:
    """Print one section after the other, each as soon as it is measured."""
    # So that everything that was started is stopped when somebody ends the run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    started = time.monotonic()
    print(machine.description())
    print(f"Others' use of the processors before the run: {machine.load_of_others()}")
    _say("Verifying and minting, beside the peer (about 20 seconds)")
    _show(calls.measure())
    with _prod_app() as (app, first_start_seconds):
        _measure_app(app, first_start_seconds)
    _say("The embedded Tinybird: pipes, load, rows in, starts (about 70 seconds)")
    for section in tinybird.measure():
        _show(section)
    print(f"\nOthers' use of the processors after the run: {machine.load_of_others()}")
    print(f"Took {time.monotonic() - started:.0f} s.")


def _measure_app(app: RunningApp, first_start_seconds: float) -> None:
    _say("Loading /api/tinybird-token (about 25 seconds)")
    _show(endpoint.measure(app))
    chromium = find_chromium()
    if chromium is None:
        print(f"\n3. to 6. are missing. {ADVICE}")
    else:
        _measure_pages(app, chromium)
    _say("Holding more and more dashboards open (about a minute)")
    for section in dashboard.measure(app):
        _show(section)
    used = start.memory(app, "reflex run --env prod, after all of the above")
    _say("Starting again and again (about half a minute)")
    first, *idle = start.measure(app, first_start_seconds)
    _show(first)
    for section in (*idle, used):
        print(section.render(), flush=True)


def _measure_pages(app: RunningApp, chromium: str) -> None:
    with _opened(chromium) as browser:
        _say("Opening the home page (some seconds)")
        _show(page_weight.measure(browser, app.origin))
    _say("Running Lighthouse (about two minutes)")
    _show(lighthouse.measure(chromium, app.origin))
    with _opened(chromium) as browser:
        _say("Signing in and opening the dashboard (about a minute)")
        _show(sign_in.measure(browser, app.origin))
        _show(dashboard_open.measure(browser, app))


@contextlib.contextmanager
def _prod_app() -> Iterator[tuple[RunningApp, float]]:
    """Build and serve the app as in production; yield it and the seconds that took."""
    _say("Building the app for production (about a minute)")
    with tempfile.TemporaryDirectory() as folder:
        # One session asks more often than any person's would.
        unlimited = {"TINYBIRD_TOKENS_PER_MINUTE": "99999999"}
        app = RunningApp(Path(folder) / "app", unlimited)
        started = time.monotonic()
        try:
            yield app.prod(), time.monotonic() - started
        finally:
            app.stop()


@contextlib.contextmanager
def _opened(chromium: str) -> Iterator[Browser]:
    """Open the Chromium at this path."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def _say(step: str) -> None:
    sys.stdout.flush()
    print(f"{step} ...", file=sys.stderr, flush=True)


def _show(section: Section) -> None:
    print(f"\n{section.render()}", flush=True)


if __name__ == "__main__":
    main()
