"""Measures everything and prints the report: ``python -m benchmarks``."""

import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks import (
    dashboards,
    endpoint,
    lighthouse,
    machine,
    page_weight,
    shared_tabs,
    start,
    tinybird,
    verify_and_mint,
    waits,
)
from benchmarks.report import Section
from benchmarks.timing import timed
from tests.chromium import ADVICE, FLAGS, find_chromium
from tests.running_app import RunningApp, free_port


def main() -> None:
    """Print one section after the other, each as soon as it is measured."""
    # So that everything that was started is stopped when somebody ends the run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    started = time.monotonic()
    print(machine.description())
    print(f"Others' use of the processors before the run: {machine.load_of_others()}")
    for section in _measured():
        # The memory of an app belongs to the section before it.
        print("" if section.title.startswith(" ") else "\n", section.render(), sep="", flush=True)
    print(f"\nOthers' use of the processors after the run: {machine.load_of_others()}")
    print(f"Took {time.monotonic() - started:.0f} s.")


def _measured() -> Iterator[Section]:
    _say("Verifying and minting, beside the peer (about 20 seconds)")
    yield verify_and_mint.measure()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as started:
        # One session asks more often than any person's would.
        app = RunningApp(Path(folder) / "app", {"TINYBIRD_TOKENS_PER_MINUTE": "99999999"})
        started.callback(app.stop)
        _say("Building the app for production (about a minute)")
        [first_start] = timed(app.prod)
        _say("Loading /api/tinybird-token (about 25 seconds)")
        yield endpoint.measure(app)
        yield from _measured_pages(app)
        _say("Holding more and more dashboards open (about a minute)")
        yield from dashboards.measure(app)
        yield shared_tabs.measure()
        used = start.memory(app, "serve, after all of the above")
        _say("Starting again and again (about half a minute)")
        yield from start.measure(app, first_start)
        yield used
    _say("The embedded Tinybird: pipes, load, rows in, starts (about 70 seconds)")
    yield from tinybird.measure()


def _measured_pages(app: RunningApp) -> Iterator[Section]:
    chromium = find_chromium()
    if chromium is None:
        print(f"\n3. to 6. are missing. {ADVICE}")
        return
    port = free_port()
    flags = [*FLAGS, f"--remote-debugging-port={port}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        _say("Opening the home page (some seconds)")
        yield page_weight.measure(browser, app.origin)
        _say("Running Lighthouse (about two minutes)")
        yield lighthouse.measure(app.origin, port)
        _say("Signing in and opening the dashboard (about a minute)")
        yield waits.token(browser, app)
        yield waits.dashboard(browser, app)
        browser.close()


def _say(step: str) -> None:
    sys.stdout.flush()
    print(f"{step} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
