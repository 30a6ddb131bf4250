"""What a tenant without a single row sees: what will be here, and how it gets here."""

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.components.look import GREEN_BUTTON, HEADING, NOTE, PANEL, SOURCE
from clerk_tinybird_app.components.panel import copy_button
from clerk_tinybird_app.state.sample_traffic import SampleTrafficState
from clerk_tinybird_app.state.session import SessionState

_BEFORE = """\
curl "$TINYBIRD_API_URL/v0/events?name=requests" \\
  -H "Authorization: Bearer $TINYBIRD_APPEND_TOKEN" \\
  -d '{"timestamp": "'$(date -u +%Y-%m-%dT%H:%M:%SZ)'", "tenant_id": \""""
_AFTER = """\
", "user_id": "user_1", "request_id": "req_1", "method": "GET", "route": "/v1/orders", \
"status": 200, "duration_ms": 42.5, "region": "eu-west-1"}'"""


def first_events() -> rx.Component:
    """Return the panel that stands in the dashboard's place."""
    example = _BEFORE + SessionState.tenant_id + _AFTER
    return rx.el.section(
        rx.el.h2("No requests yet", class_name=HEADING),
        rx.el.p(
            "This tenant has not sent anything. As soon as its first event arrives, its traffic, "
            "errors, latency and routes are shown here.",
            class_name="max-w-2xl",
        ),
        _sample_traffic(),
        rx.el.div(
            rx.el.p(
                "Your backend sends events with the workspace's append token, never the browser; "
                "tenant_id says whose they are:",
                class_name=NOTE,
            ),
            copy_button(example, "example event"),
            class_name="flex items-start justify-between gap-3 border-t border-line pt-4",
        ),
        rx.el.pre(example, class_name=SOURCE),
        id="no-rows",
        class_name=f"{PANEL} grid gap-4",
    )


def _sample_traffic() -> rx.Component:
    """Return the one click that fills the dashboard, with the embedded Tinybird."""
    if not services.current().has_sample_traffic:
        return rx.fragment()
    return rx.el.div(
        rx.el.button(
            rx.cond(SampleTrafficState.is_adding, "Adding sample traffic…", "Add sample traffic"),
            type="button",
            on_click=SampleTrafficState.add,
            aria_disabled=SampleTrafficState.is_adding,
            class_name=GREEN_BUTTON,
        ),
        rx.el.p(
            "Two months of made-up requests for this tenant, and new ones while the app runs.",
            class_name=NOTE,
        ),
        rx.el.p(
            rx.cond(SampleTrafficState.is_adding, "Adding sample traffic.", ""),
            role="status",
            class_name="sr-only",
        ),
        rx.cond(
            SampleTrafficState.problem != "",
            rx.el.p(
                SampleTrafficState.problem,
                role="alert",
                class_name="text-bad text-sm basis-full",
            ),
        ),
        class_name="flex flex-wrap items-center gap-x-4 gap-y-2",
    )
