"""The filters in the toolbar: the button and the box that offers their values, and the chips."""

from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import products
from clerk_tinybird_app.components.icon import ICONS, icon
from clerk_tinybird_app.components.look import BUTTON, QUIET
from clerk_tinybird_app.dashboard.address import MOST_SEARCHED
from clerk_tinybird_app.dashboard.declaration import Filter
from clerk_tinybird_app.dashboard.links import Chip
from clerk_tinybird_app.dashboard.picker import Offered
from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset
from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.state.picker import PickerState

_PICKER: Final = shared_asset("filter_picker.jsx")
shared_asset("filter_address.jsx")

_DASHBOARD: Final = products.current().dashboard
_NOUN: Final = _DASHBOARD.panels[0].noun


class _Part(rx.Component):
    library = _PICKER.importable_path
    lib_dependencies: list[str] = [ICONS]


class _FilterBar(_Part):
    """The button, the chips, and the box with the values of each filter.

    Props: ``filters`` those of the dashboard, ``hidden`` the names of those that the session gets
    no values of, ``offered`` and ``problem`` what came of the question with the number
    ``finished``, ``most_typed`` how many characters are looked for, ``on_ask`` asks for a filter's
    values.
    """

    tag = "FilterBar"

    filters: rx.Var[list[dict[str, Any]]]
    hidden: rx.Var[list[str]]
    offered: rx.Var[list[Offered]]
    problem: rx.Var[str]
    finished: rx.Var[int]
    most_typed: rx.Var[int]
    on_ask: rx.EventHandler[rx.event.passthrough_event_spec(int, str, str, str, str)]  # type: ignore


class _OpenFilter(_Part):
    """A button that opens the box, at the filter ``name``; without a name, at the first."""

    tag = "OpenFilter"

    name: rx.Var[str]


def filters(*, fixed: tuple[str, ...] = ()) -> rx.Component:
    """Return what a dashboard is filtered by, and the way to change it.

    Args:
        fixed: Filters that make the page what it is, and are not offered on it.
    """
    return _FilterBar.create(
        _button(),
        rx.el.div(
            rx.cond(
                DashboardState.chips.length() > 0,  # type: ignore
                rx.fragment(
                    rx.foreach(DashboardState.chips, _chip),
                    rx.el.a("Clear", href=DashboardState.clear_href, class_name=QUIET),
                ),
                _nothing(),
            ),
            class_name="chips",
        ),
        filters=[_declared(each) for each in _DASHBOARD.filters if each.name not in fixed],
        hidden=DashboardState.hidden_filters,
        offered=PickerState.offered,
        problem=PickerState.problem,
        finished=PickerState.finished,
        most_typed=MOST_SEARCHED,
        on_ask=PickerState.ask,
        id="filters",
        class_name="filters",
    )


def filters_skeleton() -> rx.Component:
    """Return the place of the filters until the page is there."""
    place = rx.el.div(class_name="skeleton w-22 h-(--control)")
    return rx.el.div(place, rx.el.div(_nothing(), class_name="chips"), class_name="filters")


def sentence(chip: Chip) -> Any:
    """Return what a filter is set to, in words: ``method is GET, POST``."""
    return chip.label + " " + chip.verb + " " + chip.chosen


def _button() -> rx.Component:
    return _OpenFilter.create(
        icon("list-filter"),
        rx.el.span("Filter"),
        id="filter-button",
        title="Filter (F)",
        aria_keyshortcuts="F",
        class_name=BUTTON,
    )


def _chip(chip: Chip) -> rx.Component:
    words = sentence(chip)
    return rx.el.span(
        _OpenFilter.create(
            rx.el.span(chip.label, " ", rx.el.em(chip.verb), " ", chip.chosen),
            name=chip.name,
            aria_label="Change filter " + words,
            title=words,
        ),
        rx.el.a(icon("x"), href=chip.href, aria_label="Remove filter " + words, class_name="x"),
        class_name="chip",
    )


def _nothing() -> rx.Component:
    return rx.el.span(f"All {_NOUN}", class_name="all")


def _declared(declared: Filter) -> dict[str, Any]:
    return {
        "name": declared.name,
        "label": declared.label,
        "isMany": declared.is_many,
        "hasFixed": bool(declared.values),
        "isTyped": declared.values_from is None and not declared.values,
    }
