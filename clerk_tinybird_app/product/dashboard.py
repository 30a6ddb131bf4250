"""What a tenant sees."""

from collections.abc import Mapping, Sequence
from typing import Final

from clerk_tinybird_app.dashboard.declaration import (
    Breakdown,
    ChartLimit,
    Column,
    Dashboard,
    Figure,
    Figures,
    Filter,
    Good,
    Limit,
    Page,
    Ranking,
    Records,
    Scale,
    Series,
    TimeSeries,
    Tone,
    Unit,
    Values,
)

_STATUS: Final = {"2xx": Tone.CALM, "3xx": Tone.INFO, "4xx": Tone.WARNING, "5xx": Tone.ERROR}


def _filter(name: str, label: str = "", values: Mapping[str, Tone] | Sequence[str] = ()) -> Filter:
    """Return a filter that can have several values, which one endpoint knows for all of them."""
    return Filter(
        name=name,
        label=label or name,
        values=values,
        is_many=True,
        values_from=Values(
            pipe="filter_values",
            column="value",
            count="requests",
            parameters={"dimension": name},
            search="search",
        ),
    )


_MOST_ERRORS: Final = 0.1
_SLOW_MS: Final = 500

_FIGURES: Final = Figures(
    pipe="usage_summary",
    noun="requests",
    count="requests",
    comparable="before_is_whole",
    figures=(
        Figure(label="Requests", column="requests", trend=("requests_over_time", "requests")),
        Figure(
            label="Error rate", column="error_rate", unit=Unit.PERCENT, good=Good.DOWN,
            trend=("requests_over_time", "error_rate"), decided_by=("status_class", "status"),
            limit=Limit(above=_MOST_ERRORS, tone=Tone.ERROR),
        ),
        Figure(
            label="p95 latency", column="p95_ms", unit=Unit.MILLISECONDS, good=Good.DOWN,
            trend=("latency_over_time", "p95_ms"), limit=Limit(above=_SLOW_MS),
        ),
        Figure(
            label="Active routes", column="active_routes", is_absolute=True,
            trend=("requests_over_time", "active_routes"), fixed_by=("method", "route"),
        ),
        Figure(
            label="p99 latency", column="p99_ms", unit=Unit.MILLISECONDS, good=Good.DOWN,
            trend=("latency_over_time", "p99_ms"),
        ),
        Figure(
            label="p50 latency", column="p50_ms", unit=Unit.MILLISECONDS, good=Good.DOWN,
            trend=("latency_over_time", "p50_ms"),
        ),
    ),
)  # fmt: skip

_TRAFFIC: Final = TimeSeries(
    pipe="requests_over_time",
    title="Requests",
    note="by status",
    noun="requests",
    is_stacked=True,
    series=tuple(
        Series(column=f"status_{value}", label=value, tone=tone) for value, tone in _STATUS.items()
    ),
    filter="status_class",
    count="requests",
    before="requests",
    limit=ChartLimit(
        column="error_rate", above=_MOST_ERRORS, label="errors over", unit=Unit.PERCENT,
        tone=Tone.ERROR, decided_by=("status_class", "status"),
    ),
    width=7,
)  # fmt: skip

_LATENCY: Final = TimeSeries(
    pipe="latency_over_time",
    title="Latency",
    noun="requests",
    unit=Unit.MILLISECONDS,
    scale=Scale.LOG,
    series=(
        Series(column="p50_ms", label="p50", tone=Tone.LOW),
        Series(column="p95_ms", label="p95", tone=Tone.MIDDLE),
        Series(column="p99_ms", label="p99", tone=Tone.HIGH),
    ),
    main="p95",
    count="requests",
    before="p95_ms",
    limit=ChartLimit(column="p95_ms", above=_SLOW_MS, label="p95 limit"),
    width=5,
)

_RECENT: Final = Records(
    pipe="recent_requests",
    title="Recent requests",
    width=7,
    noun="requests",
    parameters={"limit": "20"},
    id="request_id",
    cursor=("before_at", "before_id"),
    search="search",
    columns=(
        Column(of=("status",), filters={"status_class": "status_class"}),
        Column(
            of=("method", "route"), label="request", filters={"method": "method", "route": "route"}
        ),
        Column(of=("duration_ms",), label="took", unit=Unit.MILLISECONDS),
        Column(of=("region",), filters={"region": "region"}),
        Column(of=("user_id",), label="user", filters={"user": "user_id"}, is_extra=True),
    ),
    filters={"status": "status"},
)

_ROUTES: Final = Ranking(
    pipe="top_routes",
    title="Routes",
    width=5,
    noun="requests",
    parameters={"limit": "50"},
    by=("method", "route"),
    columns=(
        Column(of=("requests",), unit=Unit.COUNT, has_bar=True, sort="requests"),
        Column(
            of=("error_rate",), label="errors", unit=Unit.PERCENT, sort="errors",
            decided_by=("status_class", "status"),
        ),
        Column(of=("p95_ms",), label="p95", unit=Unit.MILLISECONDS, sort="p95"),
    ),
    opens="route",
)  # fmt: skip

_SHARES: Final = Breakdown(
    pipe="filter_values",
    name="shares",
    title="Shares",
    noun="requests",
    parameters={"limit": "50"},
    tabs=("user", "region", "status"),
    width=5,
    is_below=True,
)

DASHBOARD: Final = Dashboard(
    title="API traffic",
    filters=(
        _filter("method"),
        _filter("route"),
        _filter("status_class", "status", _STATUS),
        _filter("status", "status code"),
        _filter("region"),
        _filter("user"),
    ),
    panels=(_FIGURES, _TRAFFIC, _LATENCY, _ROUTES, _SHARES, _RECENT),
    pages={
        "route": Page(
            title="{method} {route}",
            by=("method", "route"),
            panels=(_FIGURES, _TRAFFIC, _LATENCY, _RECENT),
            back="All routes",
        )
    },
    newest="recent_requests",
)
