"""What a workspace sees."""

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

_OUTCOMES: Final = {
    "delivered": Tone.CALM,
    "bounced": Tone.ERROR,
    "complained": Tone.WARNING,
    "dropped": Tone.INFO,
}


def _values(name: str) -> Values:
    """Return where the values of a filter come from: one endpoint knows them for nearly all."""
    return Values(
        pipe="filter_values", column="value", count="sent", parameters={"dimension": name},
        search="search",
    )  # fmt: skip


_MOST_BOUNCES: Final = 0.05
_LATE_MS: Final = 10_000

_FIGURES: Final = Figures(
    pipe="delivery_summary",
    noun="emails",
    count="sent",
    comparable="compares",
    figures=(
        Figure(label="Sent", column="sent", trend=("emails_over_time", "sent")),
        Figure(
            label="Delivery rate", column="delivery_rate", unit=Unit.PERCENT, good=Good.UP,
            trend=("emails_over_time", "delivery_rate"), decided_by=("outcome",),
        ),
        Figure(
            label="Bounce rate", column="bounce_rate", unit=Unit.PERCENT, good=Good.DOWN,
            trend=("emails_over_time", "bounce_rate"), decided_by=("outcome",),
            limit=Limit(above=_MOST_BOUNCES, tone=Tone.ERROR),
        ),
        Figure(
            label="p95 time to delivery", column="p95_delivery_ms", unit=Unit.MILLISECONDS,
            good=Good.DOWN, trend=("delivery_time_over_time", "p95_ms"),
            limit=Limit(above=_LATE_MS),
        ),
        Figure(label="Volume", column="volume_bytes", unit=Unit.BYTES),
        Figure(
            label="Median time to delivery", column="p50_delivery_ms", unit=Unit.MILLISECONDS,
            good=Good.DOWN, trend=("delivery_time_over_time", "p50_ms"),
        ),
    ),
)  # fmt: skip

_EMAILS: Final = TimeSeries(
    pipe="emails_over_time",
    title="Emails",
    note="by outcome",
    noun="emails",
    is_stacked=True,
    series=tuple(Series(column=name, label=name, tone=tone) for name, tone in _OUTCOMES.items()),
    filter="outcome",
    count="sent",
    at="began_at",
    before="sent",
    limit=ChartLimit(
        column="bounce_rate", above=_MOST_BOUNCES, label="bounces over", unit=Unit.PERCENT,
        tone=Tone.ERROR, decided_by=("outcome",),
    ),
    width=7,
)  # fmt: skip

_DELIVERY_TIME: Final = TimeSeries(
    pipe="delivery_time_over_time",
    title="Time to delivery",
    noun="delivered emails",
    unit=Unit.MILLISECONDS,
    scale=Scale.LOG,
    series=(
        Series(column="p50_ms", label="median", tone=Tone.LOW),
        Series(column="p95_ms", label="p95", tone=Tone.MIDDLE),
    ),
    main="p95",
    count="delivered",
    at="began_at",
    before="p95_ms",
    limit=ChartLimit(column="p95_ms", above=_LATE_MS, label="p95 limit"),
    width=5,
)

_TEMPLATES: Final = Ranking(
    pipe="top_templates",
    title="Templates",
    noun="emails",
    parameters={"limit": "50"},
    by=("domain", "template"),
    columns=(
        Column(of=("sent",), unit=Unit.COUNT, has_bar=True, sort="sent"),
        Column(
            of=("bounce_rate",), label="bounced", unit=Unit.PERCENT, sort="bounces",
            decided_by=("outcome",),
        ),
        Column(of=("p95_delivery_ms",), label="p95", unit=Unit.MILLISECONDS, sort="slowest"),
    ),
    opens="template",
    width=12,
)  # fmt: skip

_SHARES: Final = Breakdown(
    pipe="filter_values",
    name="shares",
    title="Shares",
    noun="emails",
    parameters={"limit": "50"},
    tabs=("recipient_domain", "domain", "outcome"),
    width=5,
)

_LATEST: Final = Records(
    pipe="latest_emails",
    title="Latest emails",
    noun="emails",
    parameters={"limit": "20"},
    at="sent_at",
    id="message_id",
    cursor=("before_at", "before_id"),
    search="search",
    columns=(
        Column(of=("outcome",), filters={"outcome": "outcome"}),
        Column(of=("template",), filters={"domain": "domain", "template": "template"}),
        Column(
            of=("recipient_domain",), label="to", filters={"recipient_domain": "recipient_domain"}
        ),
        Column(of=("delivery_ms",), label="took", unit=Unit.MILLISECONDS),
        Column(of=("size_bytes",), label="size", unit=Unit.BYTES),
    ),
    width=7,
)

_SENDERS: Final = Ranking(
    pipe="senders",
    title="Senders",
    note="for admins",
    noun="emails",
    by=("sender",),
    columns=(
        Column(of=("sent",), unit=Unit.COUNT, has_bar=True),
        Column(of=("bounce_rate",), label="bounced", unit=Unit.PERCENT, decided_by=("outcome",)),
        Column(of=("complaint_rate",), label="spam", unit=Unit.PERCENT, decided_by=("outcome",)),
    ),
    width=5,
    is_below=True,
)

DASHBOARD: Final = Dashboard(
    title="Email delivery",
    filters=(
        Filter(
            name="outcome", label="outcome", values=_OUTCOMES, is_many=True,
            values_from=_values("outcome"),
        ),
        Filter(name="domain", label="from", is_many=True, values_from=_values("domain")),
        Filter(name="template", label="template", is_many=True, values_from=_values("template")),
        Filter(
            name="recipient_domain", label="to", is_many=True,
            values_from=_values("recipient_domain"),
        ),
        # Only admins may read the pipe, so nobody else is offered the addresses.
        Filter(
            name="sender", label="sender", is_many=True,
            values_from=Values(pipe="senders", column="sender", count="sent", search="search"),
        ),
    ),
    panels=(_FIGURES, _EMAILS, _DELIVERY_TIME, _TEMPLATES, _SHARES, _SENDERS, _LATEST),
    pages={
        "template": Page(
            title="{template} from {domain}",
            by=("domain", "template"),
            panels=(_FIGURES, _EMAILS, _DELIVERY_TIME, _LATEST, _SHARES),
            back="All templates",
        )
    },
    newest="latest_emails",
    kept_days=180,
    start="date_from",
    end="date_to",
    time_zone="timezone",
)  # fmt: skip
