"""The frame of a page that shows a tenant's requests, in every phase of the session."""

import reflex as rx

from clerk_tinybird_app import routes, services
from clerk_tinybird_app.clerk.components import (
    CLERK_FAILED,
    LOADING_NOBODY,
    LOADING_SOMEBODY,
    REFUSED,
    SIGNED_IN,
    SIGNED_OUT,
    STALLED,
    SYNCING,
    Phase,
)
from clerk_tinybird_app.components.dashboard.first_events import first_events
from clerk_tinybird_app.components.dashboard.head import notices
from clerk_tinybird_app.components.layout import layout
from clerk_tinybird_app.components.live import LiveView
from clerk_tinybird_app.components.local_accounts import local_accounts
from clerk_tinybird_app.components.look import HEADING, PANEL
from clerk_tinybird_app.components.notices import (
    clerk_failed_notice,
    impersonation_notice,
    refused_notice,
    stalled_notice,
)
from clerk_tinybird_app.components.session_buttons import see_yours_button
from clerk_tinybird_app.dashboard.questions import FIGURES, least_seconds
from clerk_tinybird_app.state.dashboard import DashboardState


def dashboard_page(head: rx.Component, *content: rx.Component) -> rx.Component:
    """Return a page of the dashboard: ``head``, then ``content`` for a tenant that has rows."""
    settings = services.current().settings
    least = least_seconds(settings.tinybird_rps)
    return layout(
        Phase.create(_skeleton(), when=f"{LOADING_SOMEBODY} {SYNCING}"),
        Phase.create(_heading(), clerk_failed_notice(), when=CLERK_FAILED),
        Phase.create(_heading(), refused_notice(), when=REFUSED),
        Phase.create(_heading(), stalled_notice(), when=STALLED),
        Phase.create(_heading(), _invitation(), when=f"{LOADING_NOBODY} {SIGNED_OUT}"),
        Phase.create(
            LiveView.create(
                impersonation_notice(),
                head,
                rx.cond(DashboardState.has_no_rows, first_events(), rx.fragment(*content)),
                notices(),
                usual=max(settings.refresh_seconds, least),
                least=least,
                at=DashboardState.panels[FIGURES].fetched_at,
                is_live=DashboardState.is_live,
                is_failing=DashboardState.is_failing,
                stale_since=DashboardState.stale_since,
                stale_reason=DashboardState.stale_reason,
                finished=DashboardState.finished,
                on_refresh=DashboardState.refresh,
            ),
            when=SIGNED_IN,
        ),
        path=routes.DASHBOARD,
    )


def _heading() -> rx.Component:
    return rx.el.h1("API traffic", class_name="font-mono font-bold text-2xl tracking-tight")


def _invitation() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Your requests, live", class_name=HEADING),
        rx.el.p("Sign in to watch your own tenant's traffic, errors and latency; nobody else's."),
        see_yours_button(),
        local_accounts(),
        class_name=f"{PANEL} grid gap-4",
    )


def _skeleton() -> rx.Component:
    return rx.el.div(
        _heading(),
        rx.el.p("Loading", role="status", class_name="sr-only"),
        rx.el.div(
            *(
                rx.el.div(class_name=f"skeleton {size}", aria_hidden="true")
                for size in ("w-64 h-[1lh]", "w-80 max-w-full h-8")
            ),
            class_name="flex flex-wrap justify-between gap-4 -mt-5",
        ),
        *(
            rx.el.div(class_name=f"skeleton {height}", aria_hidden="true")
            for height in ("h-[290px] lg:h-[158px]", "h-[334px] sm:h-[319px]", "h-96")
        ),
        aria_busy="true",
        class_name="grid gap-5",
    )
