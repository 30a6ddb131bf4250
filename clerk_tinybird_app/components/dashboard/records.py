"""A list of records, and the drawer with one of them, from ``records.jsx``."""

from collections.abc import Sequence
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import products
from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.look import BUTTON, HEADING, QUIET
from clerk_tinybird_app.components.source import copy_icon
from clerk_tinybird_app.components.widgets import CopyButton
from clerk_tinybird_app.dashboard.declaration import Panel, Records
from clerk_tinybird_app.dashboard.listing import PAGE
from clerk_tinybird_app.dashboard.record import Field
from clerk_tinybird_app.dashboard.view import record_names
from clerk_tinybird_app.state.dashboard import DashboardState, rows_of
from clerk_tinybird_app.state.older import OlderState
from clerk_tinybird_app.state.record import ABSENT, FAILED, RecordState

_RECORDS: Final = rx.asset("records.jsx", shared=True)
_ICONS: Final = rx.icon("x").library or ""
_DASHBOARD: Final = products.current().dashboard
_NAMES: Final = record_names(_DASHBOARD)
_SQUARE: Final = "button square quiet"


class _Records(rx.Component):
    library = _RECORDS.importable_path
    lib_dependencies: list[str] = [_ICONS]


class RecordDrawer(_Records):
    """Shows its children, one record, while the address names one.

    Props:
        parameter: The name in the address that has the record's id.
        panel: The key of its list.
        noun: What the list's rows are.
        rows: The list's rows, among which are the records before and after.
        asked: The id of the record that the children are of.
        has_more: Whether older rows can be loaded.
        on_open: Gets the panel, the id, the path, the query without it, and the viewer's time zone.
        on_more: Gets the panel, whose next older rows are wanted.
    """

    tag = "RecordDrawer"

    parameter: rx.Var[str]
    panel: rx.Var[str]
    noun: rx.Var[str]
    rows: rx.Var[list[Any]]
    asked: rx.Var[str]
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
    is_first = next(iter(_NAMES)) == panel.key
    return NewRecords.create(
        icon("arrow-up"),
        panel=panel.key,
        parameter=_NAMES[panel.key],
        count=now.new,
        is_read=now.is_read,
        is_done=~now.has_more,
        on_read=DashboardState.read_list,
        on_show=DashboardState.show_new,
        id="records-new" if is_first else f"records-new-{panel.key}",
        class_name="button new",
    )


def list_foot(panel: Records) -> rx.Component:
    """Return what a list has below it: how many rows, and the way to older ones."""
    now = DashboardState.lists[panel.key]
    search = DashboardState.searches[panel.key]
    is_loading = OlderState.loading == panel.key + " " + search + " " + DashboardState.address
    more = rx.el.button(
        rx.cond(
            is_loading, "Loading", rx.cond(now.problem != "", "Try again", f"Load {PAGE} more")
        ),
        type="button",
        on_click=OlderState.load_older(panel.key),  # type: ignore
        aria_disabled=is_loading,
        id="records-more" if next(iter(_NAMES)) == panel.key else f"records-more-{panel.key}",
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
    is_own = RecordState.panel == panel.key
    return RecordDrawer.create(
        rx.match(
            RecordState.outcome,
            (ABSENT, _absent(panel)),
            (FAILED, _failed()),
            _found(),
        ),
        parameter=_NAMES[panel.key],
        panel=panel.key,
        noun=panel.noun,
        rows=rows_of(panel),
        asked=rx.cond(is_own, RecordState.record, ""),
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
            class_name="end",
        ),
    )


def _field(field: Field) -> rx.Component:
    return rx.el.div(
        rx.el.dt(field.label),
        rx.el.dd(field.text, title=field.title),
        rx.el.dd(
            rx.cond(
                field.only_href != "",
                rx.el.a(
                    icon("list-filter"),
                    href=field.only_href,
                    aria_label="Only this: " + field.only,
                    title="Only " + field.only,
                    class_name=_SQUARE,
                ),
            ),
            rx.cond(
                field.not_href != "",
                rx.el.a(
                    icon("filter-x"),
                    href=field.not_href,
                    aria_label="Not this: " + field.only,
                    title="Without " + field.only,
                    class_name=_SQUARE,
                ),
            ),
            copy_icon(field.copied, field.label),
            class_name="row",
        ),
        class_name="fact",
    )


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
        rx.el.p(RecordState.failure),
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
