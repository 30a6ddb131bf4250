"""A panel of the dashboard in all its states: loading, filled, empty, failed, stale."""

from collections.abc import Sequence
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.components.live import Age, RefreshButton, Since
from clerk_tinybird_app.components.look import HEADING, NOTE, PANEL, QUIET_BUTTON
from clerk_tinybird_app.components.popover import menu, menu_item
from clerk_tinybird_app.dashboard.declaration import Panel, TimeSeries
from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.tinybird import csv_cells

_SHOWS_REQUESTS: Final = services.current().settings.shows_token_page
"""Whether there is a page with the playground, which shows the request of a panel."""


def dashboard_panel(
    panel: Panel,
    *content: rx.Component,
    note: str | rx.Var[str] = "",
    actions: Sequence[rx.Component] = (),
) -> rx.Component:
    """Return a panel with the same height whatever it shows.

    Args:
        panel: The declaration.
        content: What the panel shows when it has rows.
        note: A few words beside the heading; by default the declared ones.
        actions: The first actions in its menu, before those of every panel.
    """
    beside = f"{NOTE} order-last basis-full sm:order-none sm:basis-auto"
    return rx.el.section(
        rx.el.div(
            rx.el.h2(panel.title, class_name=HEADING),
            rx.el.p(note if isinstance(note, rx.Var) else note or panel.note, class_name=beside),
            panel_actions(panel, *actions),
            class_name="flex flex-wrap items-center gap-x-3 gap-y-1 mb-3 min-h-8",
        ),
        rx.el.div(panel_content(panel, *content), class_name=_height(panel)),
        id=f"panel-{panel.key}",
        class_name=PANEL,
    )


def panel_skeleton(panel: Panel) -> rx.Component:
    """Return a grey box with the size of the panel."""
    return rx.el.div(
        rx.el.div(class_name="invisible min-h-8 mb-3 pb-6 sm:pb-0"),
        rx.el.div(class_name=_height(panel)),
        aria_hidden="true",
        class_name=f"skeleton {PANEL}",
    )


def panel_actions(panel: Panel, *actions: rx.Component) -> rx.Component:
    """Return the age of a panel's data, and the menu of the panel."""
    key, now = panel.key, DashboardState.panels[panel.key]
    to_request = menu_item("View request", on_click=DashboardState.view_request(key))  # type: ignore
    return rx.el.div(
        rx.cond(
            (now.code != "") & (now.fetched_at > 0),
            rx.el.span(
                "stale since ",
                Since.create(at=now.fetched_at),
                title=now.message,
                class_name="text-warn text-xs tabular-nums",
            ),
            Age.create(at=now.fetched_at, class_name="text-soft text-xs tabular-nums"),
        ),
        menu(
            *actions,
            menu_item(
                "Download CSV",
                note=csv_cells.NOTE,
                on_click=DashboardState.download_csv(key),  # type: ignore
            ),
            *([to_request] if _SHOWS_REQUESTS else []),
            label=f"Actions: {panel.title}",
        ),
        class_name="ml-auto flex items-center gap-2",
    )


def panel_content(panel: Panel, *content: rx.Component) -> rx.Component:
    """Return the content that fits the state of the panel."""
    now = DashboardState.panels[panel.key]
    # The numbers are still those of the view before.
    is_other = now.view != DashboardState.address
    return rx.cond(
        now.fetched_at > 0,
        rx.el.div(
            rx.cond(now.is_empty, _empty(panel), rx.fragment(*content)),
            aria_busy=is_other,
            class_name=rx.cond(is_other, "h-full blur-[2px]", "h-full"),
        ),
        rx.cond(now.code != "", _failed(now), _loading()),
    )


def _height(panel: Panel) -> str:
    return "h-64" if isinstance(panel, TimeSeries) else "h-80"


def _loading() -> rx.Component:
    return rx.el.div(class_name="skeleton size-full", aria_hidden="true")


def _empty(panel: Panel) -> rx.Component:
    return rx.el.p(
        f"No {panel.noun} match. Choose a longer period, or remove a filter.",
        class_name=f"{NOTE} grid place-items-center h-full text-center",
    )


def _failed(now: Any) -> rx.Component:
    return rx.el.div(
        rx.el.p(now.code, class_name="font-mono text-[13px] text-bad"),
        rx.el.p(now.message),
        RefreshButton.create("Try again", class_name=f"{QUIET_BUTTON} justify-self-start"),
        class_name="border-l-2 border-bad pl-3 grid gap-1 content-start",
    )
