"""What Lighthouse says of the pages, signed out, beside the blank app that Reflex makes.

The bun that the app brings along runs it, in a folder of its own; there is no Node.
"""

import json
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from benchmarks import peers
from benchmarks.report import Section
from clerk_tinybird_app import routes
from clerk_tinybird_app.bun import BUN
from tests.running_app import REFLEX, ROOT, RunningApp

# The newest that was seen to work on this bun without a Node beside it.
_VERSION: Final = "12.2.3"
_FOLDER: Final = ROOT / ".local" / "lighthouse"
_PACKAGE: Final = {"private": True, "dependencies": {"lighthouse": _VERSION}}
_SCRIPT: Final = Path(__file__).with_name("lighthouse_runs.mjs")
_RUN_SECONDS: Final = 60

_SPEED: Final = "performance"
_OTHERS: Final = ("accessibility", "best-practices", "seo")
_GOALS: Final = {"mobile": 95.0, "desktop": 100.0}
"""The goals for the speed; all else has 100."""
_FULL: Final = 100.0
_RUNS: Final = {"mobile": 3, "desktop": 1}
"""The imitated desktop is fast enough for its runs to agree."""
_PEER: Final = "peer: blank Reflex app"
_METRICS: Final = {
    "FCP": "first-contentful-paint",
    "LCP": "largest-contentful-paint",
    "TBT": "total-blocking-time",
    "CLS": "cumulative-layout-shift",
}
_SCORES: Final = ("speed", "access.", "practices", "SEO")
_COLUMNS: Final = dict.fromkeys(_SCORES, ".0f") | dict.fromkeys(_METRICS, ",.0f") | {"CLS": ".3f"}

_Verdict = dict[str, Any]
"""What one run found, as ``lighthouse_runs.mjs`` says it: ``scores``, ``metrics``, ``losses``."""


class _BlankApp(RunningApp):
    """The blank app that Reflex makes for a newcomer, with the bun of the Python wheel."""

    def _copy(self) -> None:
        self.folder.mkdir()
        self.env |= {"REFLEX_BACKEND_HOST": "127.0.0.1", "REFLEX_BUN_PATH": str(BUN)}
        self.env |= {"REFLEX_BACKEND_PORT": str(self.port), "REFLEX_TELEMETRY_ENABLED": "false"}
        command = [str(REFLEX), "init", "--name", "blank", "--template", "blank"]
        subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, check=True)

    def serve(self) -> None:
        """Build it, then serve it on one port."""
        self._start([REFLEX, "run", "--env", "prod"], self.origin)


def measure(origin: str, port: int) -> Section:
    """Judge the pages of ``origin``, then the peer, in the Chromium that is driven by ``port``."""
    section = Section("4. Lighthouse, signed out, --env prod: scores of 100; ms", _COLUMNS)
    try:
        # Without a package of its own, bun would install into a project above.
        _FOLDER.mkdir(parents=True, exist_ok=True)
        (_FOLDER / "package.json").write_text(json.dumps(_PACKAGE))
        peers.install(_VERSION, _FOLDER, (str(BUN), "install"))
        for path in (routes.HOME, routes.DASHBOARD, routes.SIGN_IN):
            _judge(section, path, origin + path, port)
        _judge_peer(section, port)
    except peers.MissingError as error:
        section.remarks.append(f"Lighthouse is missing: {error}")
        return section
    section.remarks += [
        f"lighthouse@{_VERSION} on bun; speed and its metrics: on a device and a network that it "
        f"imitates, on mobile the middle one of {_RUNS['mobile']} runs. Busy processors make TBT, "
        "and so the speed, worse.",
        f"Goals: speed {_GOALS['mobile']:g} on mobile, {_GOALS['desktop']:g} on desktop; "
        f"{_FULL:g} for the rest.",
    ]
    return section


def _judge_peer(section: Section, port: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            app = _BlankApp(Path(folder) / "blank")
            with ExitStack() as started:
                started.callback(app.stop)
                app.serve()
                _judge(section, _PEER, app.origin, port)
        except (TimeoutError, RuntimeError, subprocess.SubprocessError) as error:
            section.remarks.append(f"The peer is missing: {error}.")


def _judge(section: Section, label: str, url: str, port: int) -> None:
    for preset, count in _RUNS.items():
        # One run judges all; the rest of them only what differs from run to run.
        categories = [[_SPEED, *_OTHERS], *[[_SPEED]] * (count - 1)]
        runs = [{"url": url, "preset": preset, "categories": some} for some in categories]
        job = {"lighthouse": str(_FOLDER / "node_modules" / "lighthouse"), "port": port}
        said = peers.run(
            (str(BUN), str(_SCRIPT)), given=json.dumps(job | {"runs": runs}),
            seconds=_RUN_SECONDS * len(runs), folder=_FOLDER,
        )  # fmt: skip
        goals = dict.fromkeys(_OTHERS, _FULL) | {_SPEED: _GOALS[preset]}
        _add(section, f"{label}, {preset}", [json.loads(one) for one in said.splitlines()], goals)


def _add(
    section: Section, label: str, verdicts: list[_Verdict], goals: Mapping[str, float]
) -> None:
    typical = sorted(verdicts, key=lambda one: one["scores"][_SPEED])[len(verdicts) // 2]
    scores, losses = (verdicts[0][what] | typical[what] for what in ("scores", "losses"))
    cells = [scores[name] * 100 for name in (_SPEED, *_OTHERS)]
    section.add(label, *cells, *(typical["metrics"][name] for name in _METRICS.values()))
    for name, score in scores.items():
        if score * 100 < goals[name] and not label.startswith(_PEER):
            most_first = sorted(losses[name], key=lambda one: one["weight"] * (one["score"] - 1))
            lost = (
                f"{one['id']} (weight {one['weight']:g}: {one['score']:.2f})" for one in most_first
            )
            section.remarks.append(f"{label}: {name} is lost to {', '.join(lost)}.")
