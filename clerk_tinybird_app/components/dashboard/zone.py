"""The choice of the time zone that a view is in, from ``zone.jsx``."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.popover import popover
from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset
from clerk_tinybird_app.state.dashboard import DashboardState

_ZONE: Final = shared_asset("zone.jsx")


class _ZoneChoice(rx.Component):
    """A list of time zones to search in; see ``zone.jsx``.

    ``on_open`` is called when it has none yet, ``on_choose`` gets the one that is chosen, "" for
    the viewer's own.
    """

    library = _ZONE.importable_path
    tag = "ZoneChoice"

    zones: rx.Var[list[list[str]]]
    own: rx.Var[str]
    current: rx.Var[str]
    on_open: rx.EventHandler[rx.event.no_args_event_spec]  # type: ignore
    on_choose: rx.EventHandler[rx.event.passthrough_event_spec(str)]  # type: ignore


def zone_choice() -> rx.Component:
    """Return a button that says the zone, which stands out when it is not the viewer's own."""
    return popover(
        rx.fragment(
            icon("globe"),
            rx.el.span("Time zone: ", DashboardState.zone_name, ", ", class_name="sr-only"),
            rx.el.span(DashboardState.zone, class_name="offset"),
        ),
        _ZoneChoice.create(
            zones=DashboardState.zones,
            own=DashboardState.own_zone,
            current=DashboardState.zone_name,
            on_open=DashboardState.list_zones,
            on_choose=DashboardState.choose_zone,
        ),
        button_id="zone",
        button_class="",
        box_class="pop right zones sheet",
        title="Time zone: " + DashboardState.zone_name + " (Z)",
        keys="Z",
        is_current=DashboardState.zone_name != DashboardState.own_zone,
    )
