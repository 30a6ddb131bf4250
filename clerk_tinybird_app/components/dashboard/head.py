"""The head of a dashboard: title, tenant, age of the data, period, filters."""

from typing import Final

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.components.live import (
    DelayNotice,
    LiveStatus,
    PauseButton,
    RateChoice,
    RefreshButton,
)
from clerk_tinybird_app.components.look import GREEN_BUTTON, NOTE, QUIET_BUTTON
from clerk_tinybird_app.components.popover import popover
from clerk_tinybird_app.dashboard.links import Choice
from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.state.session import SessionState

_SHOWS_COSTS: Final = services.current().settings.shows_token_page
_BOX: Final = (
    "border border-line -ml-px px-1.5 sm:px-2.5 h-8 font-mono text-[13px] grid place-items-center"
)
_CURRENT: Final = f"{_BOX} bg-ink text-bg border-ink"
_OTHER: Final = f"{_BOX} text-soft hover:text-ink"
_INPUT: Final = "bg-bg text-ink border border-edge font-mono text-[13px] px-2 py-1"
_NOTICE: Final = (
    "flex flex-wrap items-center justify-between gap-3 bg-bg px-4 py-2 text-sm border border-warn "
    "shadow-lg"
)


def head(title: rx.Component, *, queries: int, at: rx.Var[float]) -> rx.Component:
    """Return the title with the period's choice, then the filters.

    Args:
        title: The page's heading.
        queries: How many one refresh of the page makes.
        at: When its data came, in seconds since the epoch; 0 without data.
    """
    tenant = rx.cond(SessionState.org_slug != "", SessionState.org_slug, "Personal account")
    return rx.el.div(
        rx.el.div(
            rx.el.div(
                title,
                # Always one line, so that nothing below it moves when the text comes.
                rx.el.p(
                    LiveStatus.create(
                        at=at,
                        is_live=DashboardState.is_live,
                        is_failing=DashboardState.is_failing,
                        id="live-status",
                    ),
                    " · ",
                    DashboardState.subtitle,
                    " · ",
                    # It comes last, because a name can be long.
                    tenant,
                    class_name="text-soft truncate",
                ),
                class_name="min-w-0",
            ),
            _period_choice(queries),
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
    """Return the notices at the lower edge: data that is out of date, a failed download."""
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


def _period_choice(queries: int) -> rx.Component:
    """Return the choice of the period, the pause, and the rate of the refreshes."""
    # Only developers need to know what a query costs.
    cost = " Tinybird's free plan answers 1,000 queries a day." if _SHOWS_COSTS else ""
    return rx.el.div(
        rx.el.nav(
            rx.foreach(DashboardState.ranges, _range),
            aria_label="Period",
            class_name="flex pl-px",
        ),
        popover(
            "Custom…",
            _custom_period(),
            label="",
            is_current=~rx.Var.create(DashboardState.is_live),
            button_class=rx.cond(DashboardState.is_live, _OTHER, _CURRENT),
            box_class="p-3",
        ),
        PauseButton.create(class_name=f"{_OTHER} w-8 sm:w-10"),
        popover(
            "↻",
            rx.el.div(
                RateChoice.create(label="Refresh every", queries=queries if _SHOWS_COSTS else 0),
                rx.el.p(
                    f"While this page is open and visible.{cost}",
                    class_name=f"{NOTE} mt-2",
                ),
                class_name="w-64 max-w-full",
            ),
            label="Refresh rate",
            button_class=f"{_OTHER} w-8 sm:w-10",
            box_class="p-3",
        ),
        class_name="flex flex-wrap gap-y-1 min-h-8",
    )


def _custom_period() -> rx.Component:
    return rx.el.form(
        _moment("start", "From", DashboardState.custom_start),
        _moment("end", "To", DashboardState.custom_end),
        rx.cond(
            DashboardState.custom_problem != "",
            rx.el.p(DashboardState.custom_problem, role="alert", class_name="text-warn text-sm"),
        ),
        rx.el.button("Show", type="submit", class_name=f"{GREEN_BUTTON} justify-self-start"),
        on_submit=DashboardState.choose_custom,
        class_name="grid grid-cols-1 gap-3 w-60 max-w-full",
    )


def _moment(name: str, label: str, value: str) -> rx.Component:
    return rx.el.label(
        rx.el.span(label, class_name="block text-soft text-xs"),
        rx.el.input(
            type="datetime-local",
            name=name,
            default_value=value,
            required=True,
            class_name=f"{_INPUT} w-full min-w-0",
        ),
        class_name="block min-w-0",
    )


def _range(choice: Choice) -> rx.Component:
    return rx.el.a(
        choice.label,
        href=choice.href,
        aria_current=rx.cond(choice.is_current, "true", "false"),
        class_name=rx.cond(choice.is_current, _CURRENT, _OTHER),
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
        class_name="bg-green-wash text-ink font-mono px-2 py-0.5 wrap-anywhere",
    )
