"""A small dashboard for the engine's own tests: the visits of a site, by no product's names."""

from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from clerk_tinybird_app.dashboard.chosen import Chosen
from clerk_tinybird_app.dashboard.declaration import (
    Breakdown,
    Column,
    Dashboard,
    Figure,
    Figures,
    Filter,
    Good,
    Page,
    Ranking,
    Records,
    Series,
    TimeSeries,
    Tone,
    Unit,
)
from clerk_tinybird_app.dashboard.shown import Shaper
from clerk_tinybird_app.dashboard.view import View

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
OUTCOMES = {"fine": Tone.CALM, "odd": Tone.WARNING, "lost": Tone.ERROR}

FIGURES = Figures(
    pipe="totals",
    count="visits",
    comparable="is_whole",
    figures=(
        Figure(label="Visits", column="visits", trend=("by_time", "visits")),
        Figure(
            label="Lost",
            column="lost_share",
            unit=Unit.PERCENT,
            good=Good.DOWN,
            decided_by=("outcome",),
        ),
        Figure(label="p95", column="p95", unit=Unit.MILLISECONDS, good=Good.DOWN),
        Figure(
            label="Sites",
            column="sites",
            is_absolute=True,
            trend=("by_time", "sites"),
            fixed_by=("kind", "site"),
        ),
        Figure(label="p99", column="p99", unit=Unit.MILLISECONDS, good=Good.DOWN),
        Figure(label="p50", column="p50", unit=Unit.MILLISECONDS, good=Good.DOWN),
    ),
)
BY_TIME = TimeSeries(
    pipe="by_time",
    title="Visits",
    noun="visits",
    is_stacked=True,
    series=tuple(Series(column=f"of_{name}", label=name, tone=OUTCOMES[name]) for name in OUTCOMES),
    filter="outcome",
    count="visits",
)
SPEED = TimeSeries(
    pipe="speed",
    title="Speed",
    noun="visits",
    unit=Unit.MILLISECONDS,
    series=(
        Series(column="p50", label="median", tone=Tone.CALM),
        Series(column="p95", label="p95", tone=Tone.INFO),
    ),
    main="p95",
    count="visits",
)
TOP = Ranking(
    pipe="top_sites",
    title="Top sites",
    parameters={"limit": "50"},
    by=("kind", "site"),
    columns=(
        Column(of=("visits",), unit=Unit.COUNT, has_bar=True, sort="visits"),
        Column(
            of=("lost_share",),
            label="lost",
            unit=Unit.PERCENT,
            sort="lost",
            decided_by=("outcome",),
        ),
        Column(of=("p95",), unit=Unit.MILLISECONDS, sort="slow"),
    ),
    opens="site",
)
LATEST = Records(
    pipe="latest",
    title="Latest visits",
    id="visit",
    columns=(
        Column(of=("code",), filters={"outcome": "outcome"}),
        Column(of=("kind", "site"), filters={"kind": "kind", "site": "site"}),
        Column(of=("took",), unit=Unit.MILLISECONDS),
        Column(of=("country",), filters={"country": "country"}),
    ),
)
COUNTRIES = Breakdown(
    pipe="by_country", title="Countries", by="country", value="visits", ignores=("kind",)
)
MORE = Ranking(
    pipe="top_agents",
    title="Agents",
    by=("agent",),
    columns=(
        Column(of=("visits",), unit=Unit.COUNT, sort="visits"),
        Column(of=("bytes",), unit=Unit.BYTES, sort="weight"),
    ),
)
SITE = Dashboard(
    title="Visits",
    filters=(
        Filter(name="kind", label="kind"),
        Filter(name="site", label="site"),
        Filter(name="outcome", label="result", values=OUTCOMES),
        Filter(name="country", label="country"),
        Filter(name="agent", label="agent"),
    ),
    panels=(FIGURES, BY_TIME, SPEED, TOP, LATEST, COUNTRIES, MORE),
    pages={
        "site": Page(title="{kind} {site}", by=("kind", "site"), panels=(FIGURES, BY_TIME, LATEST))
    },
    newest="latest",
    kept_days=30,
)


MANY = replace(SITE, filters=tuple(replace(each, is_many=True) for each in SITE.filters))
"""The same, where each filter can have several values."""


def view(**filters: str | Chosen) -> View:
    """Return a view of ``SITE`` with these filters."""
    return View.of(SITE, filters=filters)


def shaper(
    seen: View | None = None, *, page: str = "", zone: tzinfo = UTC, dashboard: Dashboard = SITE
) -> Shaper:
    """Return what shapes rows for a view of ``SITE``, by default of the 24 hours before ``NOW``."""
    shown = View.of(dashboard) if seen is None else seen
    return Shaper(dashboard, shown, page, zone, NOW.timestamp())


def bucket(at: str, fine: int, lost: int = 0, **columns: Any) -> dict[str, Any]:
    """Return a row of ``BY_TIME``'s pipe."""
    return {
        "bucket": at,
        "visits": fine + lost,
        "of_fine": fine,
        "of_odd": 0,
        "of_lost": lost,
        "sites": 1,
        **columns,
    }
