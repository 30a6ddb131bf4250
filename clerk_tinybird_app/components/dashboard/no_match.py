"""What is said once for the whole page: that nothing fits its view, or nothing could be loaded."""

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_

import reflex as rx

from clerk_tinybird_app.components.dashboard.filters import sentence
from clerk_tinybird_app.components.dashboard.panel import failed
from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.look import BUTTON, QUIET
from clerk_tinybird_app.dashboard.declaration import Breakdown, Panel, Ranking, Records
from clerk_tinybird_app.dashboard.links import Chip
from clerk_tinybird_app.state.dashboard import DashboardState


def has_no_match(panels: Sequence[Panel]) -> rx.Var[bool]:
    """Tell whether every one of the panels that the session may see has come, and is empty.

    A ranking says nothing of it where there are others: it keeps its rows when it is filtered by.
    """
    panels = [each for each in panels if not isinstance(each, Ranking | Breakdown)] or panels
    hidden: rx.vars.ArrayVar[list[str]] = rx.Var.create(DashboardState.hidden)
    are_empty, are_seen = [], []
    for panel in panels:
        now, is_hidden = DashboardState.panels[panel.key], hidden.contains(panel.key)
        is_empty = now.has_data & now.is_empty
        if isinstance(panel, Records):
            # What a search does not find is said where it is searched.
            is_empty &= DashboardState.searches[panel.key] == ""
        are_empty.append(is_hidden | is_empty)
        are_seen.append(~is_hidden)
    found: rx.Var[bool] = reduce(and_, are_empty) & reduce(or_, are_seen)
    return found


def no_match(noun: str) -> rx.Component:
    """Return the panel that says so, with a link for every filter that can be taken away."""
    return rx.el.section(
        rx.el.div(
            rx.cond(
                DashboardState.chips.length() > 0,  # type: ignore
                rx.fragment(
                    icon("list-filter"),
                    rx.el.b(f"No {noun} match"),
                    rx.el.p(
                        "Nothing from ",
                        DashboardState.dates,
                        " fits. Take a filter away:",
                    ),
                    rx.el.div(
                        rx.foreach(DashboardState.chips, _removal),
                        rx.el.a(
                            "Clear all",
                            href=DashboardState.clear_href,
                            class_name=QUIET,
                        ),
                        class_name="actions",
                    ),
                ),
                rx.fragment(
                    icon("calendar"),
                    rx.el.b(f"No {noun} in this period"),
                    rx.el.p(
                        "Nothing came from ",
                        DashboardState.dates,
                        ". Choose a longer period.",
                    ),
                ),
            ),
            class_name="state",
        ),
        id="no-match",
        style={"--width": "12"},
        class_name="panel",
    )


def not_loaded() -> rx.Component:
    """Return the panel in the place of all others, none of which could be loaded."""
    return rx.el.section(
        failed("Nothing could be loaded", DashboardState.failure, DashboardState.failure_code),
        id="not-loaded",
        role="alert",
        style={"--width": "12"},
        class_name="panel",
    )


def _removal(chip: Chip) -> rx.Component:
    return rx.el.a("Remove " + sentence(chip), href=chip.href, class_name=BUTTON)
