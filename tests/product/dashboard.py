"""What an account sees: one panel of each kind."""

from typing import Final

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
    Values,
)

_RESULTS: Final = {"ok": Tone.SUCCESS, "failed": Tone.ERROR}

TOTALS: Final = Figures(
    pipe="job_totals",
    noun="jobs",
    count="jobs",
    figures=(
        Figure(label="Jobs", column="jobs", trend=("jobs_by_hour", "jobs")),
        Figure(label="Failures", column="failures", unit=Unit.PERCENT, good=Good.DOWN),
        Figure(
            label="Duration",
            column="ms",
            unit=Unit.MILLISECONDS,
            good=Good.DOWN,
            trend=("jobs_by_hour", "ms"),
        ),
    ),
)

BY_HOUR: Final = TimeSeries(
    pipe="jobs_by_hour",
    title="Jobs",
    noun="jobs",
    is_stacked=True,
    series=tuple(Series(column=name, label=name, tone=tone) for name, tone in _RESULTS.items()),
    filter="result",
    count="jobs",
    at="hour",
    before="jobs",
)

DURATION: Final = TimeSeries(
    name="duration",
    pipe="jobs_by_hour",
    title="Duration",
    noun="jobs",
    unit=Unit.MILLISECONDS,
    series=(Series(column="ms", label="mean", tone=Tone.INFO),),
    count="jobs",
    at="hour",
    before="ms",
)

QUEUES: Final = Ranking(
    pipe="queues",
    title="Queues",
    noun="jobs",
    by=("queue",),
    columns=(
        Column(of=("jobs",), unit=Unit.COUNT, has_bar=True, sort="jobs"),
        Column(of=("ms",), label="took", unit=Unit.MILLISECONDS, sort="ms"),
    ),
    opens="queue",
)

SHARES: Final = Breakdown(
    name="shares", pipe="queues", title="Shares", noun="jobs", by="queue", value="jobs"
)

LATEST: Final = Records(
    pipe="latest_jobs",
    title="Latest jobs",
    noun="jobs",
    at="ended",
    id="id",
    cursor=("before_at", "before_id"),
    search="search",
    columns=(
        Column(of=("result",), filters={"result": "result"}),
        Column(of=("queue",), filters={"queue": "queue"}),
        Column(of=("ms",), label="took", unit=Unit.MILLISECONDS),
    ),
)

WORKERS: Final = Ranking(
    pipe="workers",
    title="Workers",
    noun="jobs",
    by=("worker",),
    columns=(Column(of=("jobs",), unit=Unit.COUNT, has_bar=True),),
)


def _values(dimension: str) -> Values:
    return Values(
        pipe="job_values",
        column="value",
        count="jobs",
        parameters={"dimension": dimension},
        search="search",
    )


DASHBOARD: Final = Dashboard(
    title="Jobs",
    filters=(
        Filter(
            name="result",
            label="result",
            values=_RESULTS,
            is_many=True,
            values_from=_values("result"),
        ),
        Filter(name="queue", label="queue", is_many=True, values_from=_values("queue")),
        Filter(
            name="worker",
            label="worker",
            is_many=True,
            values_from=Values(pipe="workers", column="worker", count="jobs"),
        ),
    ),
    panels=(TOTALS, BY_HOUR, DURATION, QUEUES, SHARES, LATEST, WORKERS),
    pages={"queue": Page(title="{queue}", by=("queue",), panels=(TOTALS, BY_HOUR, LATEST))},
    newest="latest_jobs",
    start="since",
    end="until",
    time_zone="zone",
)
