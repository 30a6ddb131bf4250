"""A product that only its declaration describes, over the demo's pipes."""

from pathlib import Path
from typing import Final

from tests.e2e.board import FIGURES, LATENCY, RECENT, ROUTES
from tests.running_app import RunningApp

TTL: Final = 15
"""How many seconds its tokens live, so that a whole life fits into a test."""

POLICY: Final = f"""\
from clerk_tinybird_app.product.policy import KINDS_OF_SESSION, TENANT, tenant
from clerk_tinybird_app.tinybird.policy import Scope


def scopes(session):
    pipes = ["{ROUTES}", "{RECENT}"]
    if session.has_role("org:admin"):
        pipes = ["{LATENCY}", "{FIGURES}", *pipes]
    return [Scope(pipe, {{TENANT.parameter: tenant(session)}}) for pipe in pipes]
"""
DASHBOARD: Final = f"""\
from clerk_tinybird_app.dashboard.declaration import (
    Breakdown, Column, Dashboard, Figure, Figures, Filter, Ranking, Records, Scale, Series,
    TimeSeries, Tone, Unit,
)

DASHBOARD = Dashboard(
    title="Mail",
    newest="{RECENT}",
    filters=(Filter(name="method", label="kind"), Filter(name="route", label="letter")),
    panels=(
        Figures(
            pipe="{FIGURES}", count="requests", most=2, width=4,
            figures=(
                Figure(label="Sent", column="requests"),
                Figure(label="Slowest", column="p99_ms", unit=Unit.MILLISECONDS),
            ),
        ),
        TimeSeries(
            pipe="{LATENCY}", title="Delay", width=8, unit=Unit.MILLISECONDS,
            scale=Scale.LOG, noun="letters", count="requests",
            series=(
                Series(column="p50_ms", label="p50", tone=Tone.SUCCESS),
                Series(column="p99_ms", label="p99.9", tone=Tone.ERROR),
            ),
        ),
        Breakdown(
            pipe="{ROUTES}", name="letters", title="Letters", by="route", value="requests",
            parameters={{"limit": "5"}}, width=6,
        ),
        Ranking(
            pipe="{ROUTES}", title="Kinds", by=("method", "route"), width=6,
            columns=(
                Column(of=("requests",), unit=Unit.COUNT, has_bar=True, sort="requests"),
                Column(of=("error_rate",), label="failed", unit=Unit.PERCENT, sort="errors"),
            ),
        ),
        *(
            Records(
                pipe="{RECENT}", name=name, title=title, id="request_id", width=12,
                parameters={{"limit": "20"}}, cursor=("before_at", "before_id"), search="search",
                columns=(
                    Column(of=("region",)), Column(of=("duration_ms",), unit=Unit.MILLISECONDS),
                ),
            )
            for name, title in (("{RECENT}", "Newest"), ("again", "Newest again"))
        ),
    ),
)
"""
WORDS: Final = """\
NAME, TAGLINE, WELCOME, INVITATION = "Post Office", "Every letter.", "Welcome.", "Come in."
EMPTY_TITLE, EMPTY_TEXT, EVENT_SOURCE, EVENT = "No letter yet", "Soon.", "requests", {}
"""
SAMPLE: Final = "from clerk_tinybird_app.product.sample import SAMPLE\n"
MODULES: Final = {
    "__init__": "",
    "policy": POLICY,
    "dashboard": DASHBOARD,
    "words": WORDS,
    "sample": SAMPLE,
}


def copy_to(folder: Path) -> RunningApp:
    """Return a copy of the app with this product; it is not started."""
    app = RunningApp(folder, {"APP_PRODUCT": "post_office", "TINYBIRD_TOKEN_TTL": str(TTL)})
    package = app.folder / "post_office"
    package.mkdir()
    for name, text in MODULES.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    return app
