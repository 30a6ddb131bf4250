"""A panel of the dashboard in all its states: loading, filled, empty, failed, stale."""

from collections.abc import Sequence
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.components.dashboard.search import clear_search, search_place
from clerk_tinybird_app.components.dashboard.skeletons import skeleton
from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.live import RefreshButton, Since
from clerk_tinybird_app.components.look import BUTTON, HEADING
from clerk_tinybird_app.components.popover import menu, menu_item
from clerk_tinybird_app.dashboard.declaration import Panel, Records, TimeSeries
from clerk_tinybird_app.state.dashboard import DashboardState

_IS_FOR_DEVELOPERS: Final = services.current().settings.shows_token_page
"""The page with the playground is there, where a panel's request is shown."""

_CSV_NOTE: Final = "Times in UTC, a ' before what would be a formula"


def dashboard_panel(
    panel: Panel,
    *content: rx.Component,
    note: rx.Component | None = None,
    tools: Sequence[rx.Component] = (),
    actions: Sequence[rx.Component] = (),
    foot: rx.Component | rx.Var[str] | str = "",
) -> rx.Component:
    """Return a panel with the same height whatever it shows.

    Args:
        panel: As it is declared.
        content: What it shows when it has rows.
        note: A few words beside its heading; the declared ones by default.
        tools: What stands in its head before its menu.
        actions: What its menu offers before the actions of every panel.
        foot: What stands below a table with rows.
    """
    now = DashboardState.panels[panel.key]
    told = rx.cond(now.has_data & ~now.is_empty, rx.fragment(foot))
    return _framed(
        panel,
        panel_content(panel, *content),
        note=note,
        tools=(panel_age(panel), *tools, panel_menu(panel, *actions)),
        foot=rx.cond(now.has_data | (now.code == ""), _foot(told)),
        id=f"panel-{panel.key}",
    )


def panel_skeleton(panel: Panel) -> rx.Component:
    """Return a panel with its heading and, in the shape of its content, a grey place for it."""
    tools = search_place(panel) if isinstance(panel, Records) else ()
    return _framed(panel, skeleton(panel), tools=tools, foot=_foot(), aria_hidden="true")


def panel_age(panel: Panel) -> rx.Component:
    """Return since when a panel's data is out of date; nothing while it is not."""
    now = DashboardState.panels[panel.key]
    return rx.cond(
        now.has_data & (now.code != ""),
        rx.el.span(
            "stale since ", Since.create(at=now.stale_at), title=now.message, class_name="since"
        ),
    )


def panel_menu(panel: Panel, *actions: rx.Component) -> rx.Component:
    """Return the menu of what can be done with a panel."""
    download = DashboardState.download_csv(panel.key)  # type: ignore
    items = [
        *actions,
        menu_item("Download CSV", "download", note=_CSV_NOTE, on_click=download),
    ]
    if _IS_FOR_DEVELOPERS:
        view = DashboardState.view_request(panel.key)  # type: ignore
        items.append(menu_item("View request", "square-terminal", on_click=view))
    return menu(*items, label=f"Actions: {panel.title}")


def panel_content(panel: Panel, *content: rx.Component) -> rx.Component:
    """Return the content that fits the state of the panel."""
    now = DashboardState.panels[panel.key]
    # The numbers are still those of the view before.
    is_other = now.view != DashboardState.address
    if isinstance(panel, Records):
        is_other |= DashboardState.lists[panel.key].search != DashboardState.searches[panel.key]
    return rx.cond(
        now.has_data,
        rx.el.div(
            rx.cond(now.is_empty, _empty(panel), rx.fragment(*content)),
            aria_busy=is_other,
            class_name=rx.cond(is_other, "other-view", ""),
        ),
        rx.cond(
            now.code != "",
            failed("This panel could not be loaded", now.message, now.code),
            skeleton(panel),
        ),
    )


def failed(what: str, message: Any, code: Any) -> rx.Component:
    """Return what stands in the place of data that could not be had, with a way to try again.

    Args:
        what: What could not be had.
        message: What to do about it.
        code: The error's, for developers alone.
    """
    coded = [rx.el.p(code, class_name="error-code")] if _IS_FOR_DEVELOPERS else []
    return rx.el.div(
        icon("triangle-alert", class_name="text-bad"),
        rx.el.b(what),
        rx.el.p(message),
        *coded,
        rx.el.div(
            RefreshButton.create(icon("refresh-cw"), "Try now", class_name=BUTTON),
            class_name="actions",
        ),
        class_name="state",
    )


def _framed(
    panel: Panel,
    content: rx.Component,
    *,
    note: rx.Component | None = None,
    tools: Sequence[rx.Component] = (),
    foot: rx.Component,
    **props: Any,
) -> rx.Component:
    is_chart = isinstance(panel, TimeSeries)
    return rx.el.section(
        rx.el.div(
            rx.el.h2(panel.title, class_name=HEADING),
            rx.el.p(note or panel.note),
            rx.el.div(*tools, class_name="tools"),
            class_name="panel-head",
        ),
        rx.el.div(content, class_name="panel-body tall" if is_chart else "panel-rows"),
        *([] if is_chart else [foot]),
        class_name="panel",
        **props,
    )


def _foot(*content: rx.Component) -> rx.Component:
    return rx.el.div(*content, class_name="panel-foot")


def _empty(panel: Panel) -> rx.Component:
    nothing = rx.el.div(
        icon("inbox"),
        rx.el.b(f"No {panel.noun} match"),
        rx.el.p("Choose a longer period, or remove a filter."),
        class_name="state",
    )
    if not (isinstance(panel, Records) and panel.search):
        return nothing
    text = DashboardState.lists[panel.key].search
    clear = clear_search(panel, "Clear the search", class_name=BUTTON)
    return rx.cond(
        text != "",
        rx.el.div(
            icon("search-x"),
            rx.el.b(f"No {panel.noun} contain “", text, "”", class_name="wrap-anywhere"),
            rx.el.div(clear, class_name="actions"),
            class_name="state",
        ),
        nothing,
    )
