"""The head of a dashboard: its title, whose and how old the data is, the period, the filters."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.dashboard.period import period_choice
from clerk_tinybird_app.components.live import DelayNotice, LiveStatus, RefreshButton
from clerk_tinybird_app.components.look import QUIET_BUTTON
from clerk_tinybird_app.dashboard import questions
from clerk_tinybird_app.dashboard.links import Choice
from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.state.session import SessionState

_NOTICE: Final = (
    "flex flex-wrap items-center justify-between gap-3 bg-bg px-4 py-2 text-sm border border-warn "
    "shadow-lg"
)


def head(title: rx.Component, *, queries: int) -> rx.Component:
    """Return the title with the period's choice, then the filters.

    Args:
        title: The page's heading.
        queries: How many one refresh of the page makes.
    """
    tenant = rx.cond(SessionState.org_slug != "", SessionState.org_slug, "Personal account")
    return rx.el.div(
        rx.el.div(
            rx.el.div(
                title,
                # One line however long it is, so that it pushes nothing down as it fills.
                rx.el.p(
                    LiveStatus.create(
                        at=DashboardState.panels[questions.FIGURES].fetched_at,
                        is_live=DashboardState.is_live,
                        is_failing=DashboardState.is_failing,
                        id="live-status",
                    ),
                    " · ",
                    DashboardState.subtitle,
                    " · ",
                    # The last, because a name can be of any length.
                    tenant,
                    class_name="text-soft truncate",
                ),
                class_name="min-w-0",
            ),
            period_choice(queries),
            class_name="flex flex-wrap items-end justify-between gap-4",
        ),
        rx.cond(
            DashboardState.problem != "",
            rx.el.p(DashboardState.problem, role="alert", class_name="text-warn text-sm"),
        ),
        _chips(),
        class_name="grid grid-cols-1 gap-3",
    )


def notices() -> rx.Component:
    """Return what is said over the page's lower edge: data out of date, a download that failed."""
    return rx.el.div(
        rx.cond(
            DashboardState.download_problem != "",
            rx.el.div(
                rx.el.p(rx.el.b("No download. "), DashboardState.download_problem),
                rx.el.button(
                    "Close",
                    type="button",
                    on_click=DashboardState.close_download_problem,
                    class_name=QUIET_BUTTON,
                ),
                id="download-problem",
                class_name=_NOTICE,
            ),
        ),
        DelayNotice.create(
            RefreshButton.create("Try now", class_name=QUIET_BUTTON),
            id="stale",
            class_name=_NOTICE,
        ),
        role="status",
        class_name="fixed bottom-4 inset-x-4 sm:inset-x-6 mx-auto max-w-3xl z-10 grid gap-2",
    )


def _chips() -> rx.Component:
    return rx.cond(
        rx.Var.create(DashboardState.chips).length() > 0,
        rx.el.div(
            rx.foreach(DashboardState.chips, _chip),
            rx.el.a("Clear", href=DashboardState.clear_href, class_name="text-soft underline"),
            id="filters",
            class_name="flex flex-wrap items-center gap-2 text-[13px]",
        ),
    )


def _chip(choice: Choice) -> rx.Component:
    return rx.el.a(
        choice.label,
        rx.el.span(" ×", aria_hidden="true"),  # noqa: RUF001 - the sign on every such chip
        href=choice.href,
        aria_label="Remove filter " + choice.label,
        class_name="bg-mark text-ink font-mono px-2 py-0.5 wrap-anywhere",
    )
