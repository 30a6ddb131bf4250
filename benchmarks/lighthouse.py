"""What Lighthouse says of the pages, signed out, beside the blank app that Reflex makes."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.blank_app import BlankApp
from benchmarks.chromium import DebuggedChromium
from benchmarks.lighthouse_package import (
    REQUIREMENT,
    Lighthouse,
    LighthouseMissingError,
    Run,
    Verdict,
)
from benchmarks.report import Section
from benchmarks.samples import Samples
from clerk_tinybird_app import routes

_TITLE: Final = "4. Lighthouse, signed out, --env prod: scores of 100; ms"
_PAGES: Final = (routes.HOME, routes.DASHBOARD, routes.SIGN_IN)
_SPEED: Final = "performance"
_OTHERS: Final = ("accessibility", "best-practices", "seo")
_GOALS: Final = {"mobile": 95.0, "desktop": 100.0}
"""The goals for the speed; all else has 100."""

_FULL: Final = 100.0
_RUNS: Final = {"mobile": 3, "desktop": 1}
"""The imitated desktop is fast enough for its runs to agree."""

_PEER: Final = "peer: blank Reflex app"
_METRICS: Final = {
    "first-contentful-paint": "FCP",
    "largest-contentful-paint": "LCP",
    "total-blocking-time": "TBT",
    "cumulative-layout-shift": "CLS",
}
_SHIFT: Final = "cumulative-layout-shift"
_COLUMNS: Final = ("speed", "access.", "practices", "SEO", *_METRICS.values())


def measure(chromium: str, origin: str) -> Section:
    """Judge the pages of ``origin``, then the peer; the median of a few runs for the speed.

    Args:
        chromium: The program.
        origin: The running app.
    """
    section = Section(_TITLE, _COLUMNS)
    try:
        lighthouse = Lighthouse.ready()
        with DebuggedChromium(chromium) as browser:
            for path in _PAGES:
                for preset in _GOALS:
                    verdicts = lighthouse.judge(_runs(origin + path, preset), browser.port)
                    _add(section, f"{path}, {preset}", verdicts, preset)
            _add_peer(section, lighthouse, browser.port)
    except (LighthouseMissingError, TimeoutError) as error:
        section.remarks.append(f"Lighthouse is missing: {error}")
        return section
    section.remarks += [
        f"{REQUIREMENT} on bun; speed and its metrics: on a device and a network that Lighthouse "
        f"imitates, on mobile the median of {_RUNS['mobile']} runs. Busy processors make TBT, and "
        "so the speed, worse.",
        f"Goals: speed {_GOALS['mobile']:g} on mobile, {_GOALS['desktop']:g} on desktop; "
        f"{_FULL:g} for the rest.",
    ]
    return section


def _runs(url: str, preset: str) -> list[Run]:
    # One run judges all; the rest of them only what differs from run to run.
    more = [Run(url, preset, (_SPEED,))] * (_RUNS[preset] - 1)
    return [Run(url, preset, (_SPEED, *_OTHERS)), *more]


def _add_peer(section: Section, lighthouse: Lighthouse, port: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            with BlankApp(Path(folder) / "blank") as app:
                for preset in _GOALS:
                    verdicts = lighthouse.judge(_runs(app.origin, preset), port)
                    _add(section, f"{_PEER}, {preset}", verdicts, preset)
        except TimeoutError as error:
            section.remarks.append(f"The peer is missing: {error}.")


def _add(section: Section, label: str, verdicts: Sequence[Verdict], preset: str) -> None:
    speed = Samples([verdict.scores[_SPEED] for verdict in verdicts]).median
    others = [verdicts[0].scores[name] for name in _OTHERS]
    metrics = {
        name: Samples([verdict.metrics[name] for verdict in verdicts]).median for name in _METRICS
    }
    section.add(
        label,
        *(f"{score:.0f}" for score in (speed, *others)),
        *(f"{v:.3f}" if name == _SHIFT else f"{v:,.0f}" for name, v in metrics.items()),
    )
    if label.startswith(_PEER):
        return
    below = [name for name in _OTHERS if verdicts[0].scores[name] < _FULL]
    if speed < _GOALS[preset]:
        below.insert(0, _SPEED)
    for category in below:
        # The run whose speed is the median says what cost it.
        judged = [v for v in verdicts if category in v.losses]
        typical = min(judged, key=lambda v: abs(v.scores[_SPEED] - speed))
        section.remarks.append(f"{label}: {category} is lost to {_losses(typical, category)}.")


def _losses(verdict: Verdict, category: str) -> str:
    """Name the audits that cost a category the most, with their weights and scores."""
    losses = sorted(
        verdict.losses[category], key=lambda loss: loss.weight * (1 - loss.score), reverse=True
    )
    return ", ".join(f"{loss.id} (weight {loss.weight:g}: {loss.score:.2f})" for loss in losses)
