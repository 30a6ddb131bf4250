"""The head of a dashboard: title, state and age of the data, its refreshes; what goes wrong."""

from typing import Final

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.components.commands import commands, phone_menu
from clerk_tinybird_app.components.dashboard.copy_link import copy_link
from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.layout import navigation
from clerk_tinybird_app.components.live import (
    DelayNotice,
    LiveStatus,
    PauseButton,
    Rate,
    RateChoice,
    RefreshButton,
)
from clerk_tinybird_app.components.look import BUTTON, NOTE
from clerk_tinybird_app.components.popover import popover
from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.state.session import SessionState

_SHOWS_COSTS: Final = services.current().settings.shows_token_page


def head(title: rx.Component, *, compares: bool, is_embedded: bool = False) -> rx.Component:
    """Return the title with the state of the data, and what refreshes it.

    Args:
        title: The page's heading.
        compares: Whether a chart of the page shows the period before.
        is_embedded: True in a frame, where there is this page alone.
    """
    pages = () if is_embedded else navigation()
    return rx.el.div(
        rx.el.div(title, _status(), class_name="title"),
        rx.el.div(
            _refreshing(),
            PauseButton.create(id="pause", class_name="button square not-phone"),
            copy_link(),
            commands(*pages, compares=compares, signs_out=not is_embedded),
            phone_menu(),
            class_name="row ml-auto",
        ),
        class_name="wrap head",
    )


def head_skeleton(title: rx.Component) -> rx.Component:
    """Return the title with grey places for what stands beside it."""
    return rx.el.div(
        rx.el.div(
            title,
            rx.el.p(rx.el.span(class_name="skeleton w-40 h-2.5"), class_name="status h-5"),
            class_name="title",
        ),
        rx.el.div(class_name="skeleton w-88 max-[760px]:w-40 h-(--control) ml-auto"),
        class_name="wrap head",
    )


def notices() -> rx.Component:
    """Return what is said above the panels: an odd address, old data, a download that failed."""
    return rx.el.div(
        rx.el.div(
            _problem(DashboardState.problem),
            rx.el.div(
                _failed_download(),
                DelayNotice.create(
                    RefreshButton.create(icon("refresh-cw"), "Try now", class_name=BUTTON),
                    id="stale",
                    class_name="notice",
                ),
                role="status",
            ),
            class_name="wrap",
        ),
        class_name="notices",
    )


def _status() -> rx.Component:
    tenant = rx.cond(SessionState.org_slug != "", SessionState.org_slug, "Personal account")
    return rx.el.p(
        LiveStatus.create(id="live-status", class_name="row"),
        # Where the choice of the period has no room for it.
        rx.cond(
            DashboardState.is_live & (DashboardState.calendar == ""),
            rx.fragment(),
            rx.el.span(DashboardState.period, class_name="dates-told"),
        ),
        # To the eye the header says it.
        rx.el.span("Of ", tenant, class_name="sr-only"),
        rx.el.span(
            tenant,
            f", {DashboardState.dates} {DashboardState.zone}",
            rx.foreach(
                DashboardState.chips,
                lambda chip: rx.el.span(f", {chip.label} {chip.verb} {chip.chosen}"),
            ),
            class_name="on-paper",
        ),
        class_name="status",
    )


def _refreshing() -> rx.Component:
    """Return the button that refreshes, and beside it the rate at which that happens by itself."""
    # What a query costs is the developers' matter.
    cost = " Tinybird's free plan answers 1,000 queries a day." if _SHOWS_COSTS else ""
    return rx.el.div(
        RefreshButton.create(
            icon("refresh-cw"),
            rx.el.span("Refresh", class_name="word"),
            id="refresh-now",
            title="Refresh now (R)",
            aria_keyshortcuts="R",
            class_name=BUTTON,
        ),
        popover(
            Rate.create(),
            RateChoice.create(
                label="Refresh every",
                queries=DashboardState.queries if _SHOWS_COSTS else 0,
                class_name="field",
            ),
            rx.el.p(f"While this page is open and visible.{cost}", class_name=NOTE),
        ),
        class_name="split",
    )


def _problem(problem: rx.Var[str] | str) -> rx.Component:
    return rx.cond(
        problem != "",
        rx.el.div(icon("triangle-alert"), rx.el.span(problem), role="alert", class_name="notice"),
    )


def _failed_download() -> rx.Component:
    return rx.cond(
        DashboardState.download_problem != "",
        rx.el.div(
            icon("triangle-alert"),
            rx.el.span(rx.el.b("No download. "), DashboardState.download_problem),
            rx.el.button(
                "Close",
                type="button",
                on_click=DashboardState.close_download_problem,
                class_name=BUTTON,
            ),
            id="download-problem",
            class_name="notice",
        ),
    )
