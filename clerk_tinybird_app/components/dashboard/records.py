"""A list of records, and the drawer with one of them, from ``records.jsx``."""

from collections.abc import Sequence
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import products
from clerk_tinybird_app.components.icon import ICONS, icon
from clerk_tinybird_app.components.look import BUTTON, HEADING, QUIET, SQUARE
from clerk_tinybird_app.components.source import copy_icon
from clerk_tinybird_app.components.widgets import CopyButton
from clerk_tinybird_app.dashboard.declaration import Panel, Records
from clerk_tinybird_app.dashboard.listing import PAGE
from clerk_tinybird_app.dashboard.record import Field
from clerk_tinybird_app.dashboard.view import record_names
from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset
from clerk_tinybird_app.state.dashboard import DashboardState, rows_of
from clerk_tinybird_app.state.lists import list_and_view
from clerk_tinybird_app.state.older import OlderState
from clerk_tinybird_app.state.record import ABSENT, FOUND, RecordState

_RECORDS: Final = shared_asset("records.jsx")
_DASHBOARD: Final = products.current().dashboard
_NAMES: Final = record_names(_DASHBOARD)


class _Records(rx.Component):
    library = _RECORDS.importable_path
    lib_dependencies: list[str] = [ICONS]


class RecordDrawer(_Records):
    """Shows its children, one record, while the address names one.

    Props:
        parameter: The name in the address that has the record's id.
        panel: The key of its list.
        noun: What the list's rows are.
        rows: The list's rows, among which are the records before and after.
        frozen: The part of an address that says the period shown now.
        asked: The id of the record that was asked for last.
        is_asking: Whether nothing has come of it yet: the children are of the record before.
        is_filled: Whether there is a record to show.
        has_more: Whether older rows can be loaded.
        on_open: Gets the panel, the id, the path, the query without it, and the viewer's time zone.
        on_more: Gets the panel, whose next older rows are wanted.
    """

    tag = "RecordDrawer"

    parameter: rx.Var[str]
    panel: rx.Var[str]
    noun: rx.Var[str]
    rows: rx.Var[list[Any]]
    frozen: rx.Var[str]
    asked: rx.Var[str]
    is_asking: rx.Var[bool]
    is_filled: rx.Var[bool]
    has_more: rx.Var[bool]
    on_open: rx.EventHandler[rx.event.passthrough_event_spec(str, str, str, str, str)]  # type: ignore
    on_more: rx.EventHandler[rx.event.passthrough_event_spec(str)]  # type: ignore


class NewRecords(_Records):
    """A button with how many rows wait above a list; it notes whether somebody reads the list.

    Props:
        panel: The list's key.
        parameter: The name in the address that has an open record's id.
        count: How many rows wait, "" for none.
        is_read: What was noted last.
        is_done: Whether there are no older rows to load.
        on_read: Gets the panel, and whether somebody reads its list.
        on_show: Gets the panel, whose new rows are wanted.
    """

    tag = "NewRecords"

    panel: rx.Var[str]
    parameter: rx.Var[str]
    count: rx.Var[str]
    is_read: rx.Var[bool]
    is_done: rx.Var[bool]
    on_read: rx.EventHandler[rx.event.passthrough_event_spec(str, bool)]  # type: ignore
    on_show: rx.EventHandler[rx.event.passthrough_event_spec(str)]  # type: ignore


def new_records(panel: Records) -> rx.Component:
    """Return the button that shows the rows that wait above a list."""
    now = DashboardState.lists[panel.key]
    return NewRecords.create(
        icon("arrow-up"),
        panel=panel.key,
        parameter=_NAMES[panel.key],
        count=now.new,
        is_read=now.is_read,
        is_done=~now.has_more,
        on_read=DashboardState.read_list,
        on_show=DashboardState.show_new,
        aria_keyshortcuts="N",
        custom_attrs={"data-key": "new"},
        class_name="button new",
    )


def list_foot(panel: Records) -> rx.Component:
    """Return what a list has below it: how many rows, and the way to older ones."""
    now = DashboardState.lists[panel.key]
    shown = list_and_view(panel.key, DashboardState.searches[panel.key], DashboardState.address)
    is_loading = OlderState.loading == shown
    more = rx.el.button(
        rx.cond(
            is_loading, "Loading", rx.cond(now.problem != "", "Try again", f"Load {PAGE} more")
        ),
        type="button",
        on_click=OlderState.load_older(panel.key),  # type: ignore
        aria_disabled=is_loading,
        aria_keyshortcuts="M",
        custom_attrs={"data-key": "more"},
        class_name=f"{QUIET} ml-auto",
    )
    told = rx.cond(
        now.problem != "",
        rx.el.span(now.problem, title=now.problem, class_name="told text-warn"),
        rx.el.span(now.told, class_name="told"),
    )
    return rx.fragment(
        rx.el.span(told, role="status", class_name="told"), rx.cond(now.has_more, more)
    )


def record_drawer(panel: Records) -> rx.Component:
    """Return the drawer with one of a list's records."""
    is_found = RecordState.is_asking | (RecordState.outcome == FOUND)
    return RecordDrawer.create(
        rx.cond(
            is_found,
            _found(),
            rx.cond(RecordState.outcome == ABSENT, _absent(panel), _failed()),
        ),
        parameter=_NAMES[panel.key],
        panel=panel.key,
        noun=panel.noun,
        rows=rows_of(panel),
        frozen=DashboardState.frozen,
        asked=rx.cond(RecordState.panel == panel.key, RecordState.record, ""),
        is_asking=RecordState.is_asking,
        is_filled=RecordState.shown.json != "",
        has_more=DashboardState.lists[panel.key].has_more,
        on_open=RecordState.open_record,
        on_more=OlderState.load_older,
    )


def drawers(panels: Sequence[Panel]) -> list[rx.Component]:
    """Return the drawers of the lists among these panels."""
    return [record_drawer(each) for each in panels if isinstance(each, Records)]


def names_apart(panels: Sequence[Panel]) -> list[str]:
    """Return what an address can say beside the view of these panels."""
    return [_NAMES[each.key] for each in panels if isinstance(each, Records)]


def _found() -> rx.Component:
    record = RecordState.shown
    return rx.fragment(
        rx.el.div(
            rx.cond(
                record.mark != "",
                rx.el.span(record.mark, class_name="badge " + record.tone),
            ),
            rx.el.h2(record.name, class_name=HEADING),
            class_name="about",
        ),
        rx.el.dl(rx.foreach(record.fields, _field), class_name="facts"),
        rx.el.div(
            CopyButton.create(
                rx.el.span(icon("copy"), "Copy as JSON", class_name="before row"),
                rx.el.span(icon("check"), "Copied", class_name="after row"),
                text=record.json,
                label="all as JSON",
                aria_label="Copy as JSON",
                class_name=BUTTON,
            ),
            rx.el.a(
                icon("history"),
                "Around this time",
                href=record.around_href,
                custom_attrs={"data-around": "true"},
                class_name=BUTTON,
            ),
            class_name="end",
        ),
    )


def _field(field: Field) -> rx.Component:
    return rx.el.div(
        rx.el.dt(field.label),
        rx.el.dd(field.text, title=field.title),
        rx.el.dd(
            _filter_link(field.only_href, "list-filter", "Only this: ", "Only ", field.only),
            _filter_link(field.not_href, "filter-x", "Not this: ", "Without ", field.only),
            copy_icon(field.copied, field.label),
            class_name="row",
        ),
        class_name="fact",
    )


def _filter_link(href: str, symbol: str, action: str, title: str, value: str) -> rx.Component:
    """Return the link to the view of a value alone or without it, where there is one."""
    link = rx.el.a(
        icon(symbol), href=href, aria_label=action + value, title=title + value, class_name=SQUARE
    )
    return rx.cond(href != "", link)


def _absent(panel: Records) -> rx.Component:
    return rx.el.div(
        icon("search-x"),
        rx.el.b(f"Not among the {panel.noun} (any more)"),
        rx.el.p(
            f"They are kept for {_DASHBOARD.kept_days} days, and a link opens for those alone "
            "whose organization they are of."
        ),
        role="status",
        class_name="state",
    )


def _failed() -> rx.Component:
    return rx.el.div(
        icon("triangle-alert", class_name="text-bad"),
        rx.el.b("This could not be loaded"),
        rx.el.p(rx.cond(RecordState.failure != "", RecordState.failure, "No answer came.")),
        rx.el.div(
            rx.el.button(
                icon("refresh-cw"),
                "Try again",
                type="button",
                on_click=RecordState.ask_again,
                class_name=BUTTON,
            ),
            class_name="actions",
        ),
        role="alert",
        class_name="state",
    )
