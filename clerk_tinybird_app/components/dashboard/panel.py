"""A panel of the dashboard in each of its states: loading, filled, empty, failed, stale."""

from collections.abc import Sequence

import reflex as rx

from clerk_tinybird_app.components.live import Age, RefreshButton, Since
from clerk_tinybird_app.components.look import HEADING, NOTE, PANEL, QUIET_BUTTON
from clerk_tinybird_app.components.popover import menu, menu_item
from clerk_tinybird_app.state.dashboard import DashboardState, Panel
from clerk_tinybird_app.tinybird import csv_cells


def dashboard_panel(
    name: str,
    heading: str,
    note: str | rx.Var[str],
    height: str,
    *content: rx.Component,
    actions: Sequence[rx.Component] = (),
) -> rx.Component:
    """Return the panel ``name`` with the same height whatever it shows.

    Args:
        name: One of the panels that ``DashboardState`` fills.
        heading: Its heading.
        note: A few words beside it.
        height: The class of the content's height.
        content: What it shows when it has rows.
        actions: What its menu offers before the actions of every panel.
    """
    return rx.el.section(
        rx.el.div(
            rx.el.h2(heading, class_name=HEADING),
            rx.el.p(note, class_name=f"{NOTE} order-last basis-full sm:order-none sm:basis-auto"),
            panel_actions(name, heading, *actions),
            class_name="flex flex-wrap items-center gap-x-3 gap-y-1 mb-3 min-h-8",
        ),
        rx.el.div(panel_content(name, *content), class_name=height),
        id=f"panel-{name}",
        class_name=PANEL,
    )


def panel_actions(name: str, heading: str, *actions: rx.Component) -> rx.Component:
    """Return how old a panel's data is, and the menu of what can be done with it."""
    panel = DashboardState.panels[name]
    return rx.el.div(
        rx.cond(
            (panel.code != "") & (panel.fetched_at > 0),
            rx.el.span(
                "stale since ",
                Since.create(at=panel.fetched_at),
                title=panel.message,
                class_name="text-warn text-xs tabular-nums",
            ),
            Age.create(at=panel.fetched_at, class_name="text-soft text-xs tabular-nums"),
        ),
        menu(
            *actions,
            menu_item(
                "Download CSV",
                note=csv_cells.NOTE,
                on_click=DashboardState.download_csv(name),  # type: ignore
            ),
            menu_item("View request", on_click=DashboardState.view_request(name)),  # type: ignore
            label=f"Actions: {heading}",
        ),
        class_name="ml-auto flex items-center gap-2",
    )


def panel_content(name: str, *content: rx.Component) -> rx.Component:
    """Return what fits a panel's state."""
    panel = DashboardState.panels[name]
    # Numbers of the view before, until those of this one come.
    is_other = panel.view != DashboardState.address
    return rx.cond(
        panel.fetched_at > 0,
        rx.el.div(
            rx.cond(panel.is_empty, _empty(), rx.fragment(*content)),
            aria_busy=is_other,
            class_name=rx.cond(is_other, "h-full blur-[2px]", "h-full"),
        ),
        rx.cond(panel.code != "", _failed(panel), _loading()),
    )


def _loading() -> rx.Component:
    return rx.el.div(class_name="skeleton size-full", aria_hidden="true")


def _empty() -> rx.Component:
    return rx.el.p(
        "No requests match. Choose a longer period, or remove a filter.",
        class_name=f"{NOTE} grid place-items-center h-full text-center",
    )


def _failed(panel: Panel) -> rx.Component:
    return rx.el.div(
        rx.el.p(panel.code, class_name="font-mono text-[13px] text-bad"),
        rx.el.p(panel.message),
        RefreshButton.create("Try again", class_name=f"{QUIET_BUTTON} justify-self-start"),
        class_name="border-l-2 border-bad pl-3 grid gap-1 content-start",
    )
