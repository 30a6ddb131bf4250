"""What Lighthouse says of the pages, signed out, beside the blank app that Reflex makes.

The bun that the app brings along runs it, in a folder of its own; there is no Node.
"""

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import sync_playwright
from reflex_base.constants import Templates

from benchmarks.report import Samples, Section
from benchmarks.verify_and_mint import MissingError, run_peer
from clerk_tinybird_app import routes
from clerk_tinybird_app.bun import BUN
from tests.chromium import FLAGS
from tests.running_app import REFLEX, ROOT, RunningApp, free_port

# The newest that was seen to work on this bun without a Node beside it.
_REQUIREMENT: Final = "lighthouse@12.2.3"
_FOLDER: Final = ROOT / ".local" / "lighthouse"
_SCRIPT: Final = Path(__file__).with_name("lighthouse_runs.mjs")
_INSTALL_SECONDS: Final = 180
_RUN_SECONDS: Final = 60

_SPEED: Final = "performance"
_OTHERS: Final = ("accessibility", "best-practices", "seo")
_GOALS: Final = {"mobile": 95.0, "desktop": 100.0}
"""The goals for the speed; all else has 100."""
_FULL: Final = 100.0
_RUNS: Final = {"mobile": 3, "desktop": 1}
"""The imitated desktop is fast enough for its runs to agree."""
_PEER: Final = "peer: blank Reflex app"
_SHIFT: Final = "cumulative-layout-shift"
_METRICS: Final = {
    "first-contentful-paint": "FCP",
    "largest-contentful-paint": "LCP",
    "total-blocking-time": "TBT",
    _SHIFT: "CLS",
}

_Verdict = dict[str, Any]
"""What one run found, as ``lighthouse_runs.mjs`` says it: ``scores``, ``metrics``, ``losses``."""


class _BlankApp(RunningApp):
    """The blank app that Reflex makes for a newcomer, with the bun of the Python wheel."""

    def _copy(self) -> None:
        shutil.copytree(Templates.Dirs.BASE / "apps" / "blank" / "code", self.folder / "blank")
        (self.folder / "rxconfig.py").write_text(
            "from pathlib import Path\n\nimport reflex as rx\n\n"
            "config = rx.Config(\n"
            f'    app_name="blank", backend_host="127.0.0.1", bun_path=Path({str(BUN)!r}),\n'
            "    telemetry_enabled=False,\n"
            "    plugins=[rx.plugins.SitemapPlugin(), rx.plugins.TailwindV4Plugin(),\n"
            "             rx.plugins.RadixThemesPlugin()],\n"
            ")\n"
        )

    def serve(self) -> None:
        """Build it, then serve it on one port."""
        self.env["REFLEX_BACKEND_PORT"] = str(self.port)
        self._start([REFLEX, "run", "--env", "prod"], self.origin)


def measure(chromium: str, origin: str) -> Section:
    """Judge the pages of ``origin``, then the peer; the median of a few runs for the speed.

    Args:
        chromium: The program.
        origin: The running app.
    """
    columns = ("speed", "access.", "practices", "SEO", *_METRICS.values())
    section = Section("4. Lighthouse, signed out, --env prod: scores of 100; ms", columns)
    port = free_port()
    flags = [*FLAGS, f"--remote-debugging-port={port}"]
    try:
        _install()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=flags)
            for path in (routes.HOME, routes.DASHBOARD, routes.SIGN_IN):
                _judge(section, path, origin + path, port)
            _judge_peer(section, port)
            browser.close()
    except (MissingError, TimeoutError) as error:
        section.remarks.append(f"Lighthouse is missing: {error}")
        return section
    section.remarks += [
        f"{_REQUIREMENT} on bun; speed and its metrics: on a device and a network that Lighthouse "
        f"imitates, on mobile the median of {_RUNS['mobile']} runs. Busy processors make TBT, and "
        "so the speed, worse.",
        f"Goals: speed {_GOALS['mobile']:g} on mobile, {_GOALS['desktop']:g} on desktop; "
        f"{_FULL:g} for the rest.",
    ]
    return section


def _install() -> None:
    stamp = _FOLDER / "installed"
    if stamp.exists() and stamp.read_text() == _REQUIREMENT:
        return
    _FOLDER.mkdir(parents=True, exist_ok=True)
    # Without one, bun would install into a project above.
    (_FOLDER / "package.json").write_text('{"private": true}\n')
    add = [str(BUN), "add", "--exact", _REQUIREMENT]
    run_peer(add, seconds=_INSTALL_SECONDS, folder=_FOLDER)
    stamp.write_text(_REQUIREMENT)


def _judge_peer(section: Section, port: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = _BlankApp(Path(folder) / "blank")
        try:
            app.serve()
            _judge(section, _PEER, app.origin, port)
        except (TimeoutError, RuntimeError) as error:
            section.remarks.append(f"The peer is missing: {error}.")
        finally:
            app.stop()


def _judge(section: Section, label: str, url: str, port: int) -> None:
    for preset, count in _RUNS.items():
        # One run judges all; the rest of them only what differs from run to run.
        categories = [[_SPEED, *_OTHERS], *[[_SPEED]] * (count - 1)]
        runs = [{"url": url, "preset": preset, "categories": some} for some in categories]
        job = {"lighthouse": str(_FOLDER / "node_modules" / "lighthouse"), "port": port}
        said = run_peer(
            [str(BUN), str(_SCRIPT)], given=json.dumps(job | {"runs": runs}),
            seconds=_RUN_SECONDS * len(runs), folder=_FOLDER,
        )  # fmt: skip
        verdicts = [json.loads(line) for line in said.splitlines()]
        _add(section, f"{label}, {preset}", verdicts, _GOALS[preset])


def _add(section: Section, label: str, verdicts: Sequence[_Verdict], speed_goal: float) -> None:
    speed = Samples([verdict["scores"][_SPEED] * 100 for verdict in verdicts]).median
    others = {name: verdicts[0]["scores"][name] * 100 for name in _OTHERS}
    cells = [f"{score:.0f}" for score in (speed, *others.values())]
    for name in _METRICS:
        value = Samples([verdict["metrics"][name] for verdict in verdicts]).median
        cells.append(f"{value:.3f}" if name == _SHIFT else f"{value:,.0f}")
    section.add(label, *cells)
    if label.startswith(_PEER):
        return
    below = [_SPEED] if speed < speed_goal else []
    for category in (*below, *(name for name in _OTHERS if others[name] < _FULL)):
        # The run whose speed is the median says what cost it.
        judged = [verdict for verdict in verdicts if category in verdict["losses"]]
        typical = min(judged, key=lambda one: abs(one["scores"][_SPEED] * 100 - speed))
        losses = sorted(
            typical["losses"][category],
            key=lambda loss: loss["weight"] * (1 - loss["score"]),
            reverse=True,
        )
        told = (f"{one['id']} (weight {one['weight']:g}: {one['score']:.2f})" for one in losses)
        section.remarks.append(f"{label}: {category} is lost to {', '.join(told)}.")
