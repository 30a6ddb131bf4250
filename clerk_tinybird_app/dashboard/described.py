"""What follows from a dashboard's address, before anything is asked."""

from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from clerk_tinybird_app import routes
from clerk_tinybird_app.dashboard import links, texts
from clerk_tinybird_app.dashboard.period import NAMES
from clerk_tinybird_app.dashboard.view import View, moment

_FORM: Final = "%Y-%m-%dT%H:%M"
"""How a ``datetime-local`` input writes a moment."""


def described(view: View, page: str) -> dict[str, Any]:
    """Return what follows from the address alone, by the names of the dashboard's vars.

    Args:
        view: What the address says.
        page: The path of the page it is of.
    """
    fixed = ("method", "route") if page == routes.ROUTE else ()
    return {
        "address": view.address(page),
        "is_live": view.is_live,
        "route_name": f"{view.method} {view.route}".strip(),
        "ranges": links.ranges(view, page),
        "chips": links.chips(view, page, fixed=fixed),
        "clear_href": links.without_filters(view, page, fixed=fixed),
        "overview_href": view.changed(method="", route="").address(routes.DASHBOARD),
        "classes": links.status_classes(view, page),
        "sorts": links.sorts(view, page),
    }


def timed(view: View, zone: tzinfo, now: float) -> dict[str, str]:
    """Return what follows from the address and the time, by the names of the dashboard's vars.

    Args:
        view: What the address says.
        zone: The viewer's.
        now: Seconds since the epoch.
    """
    period = view.period(now)
    start, end = (at.astimezone(zone) for at in (period.start, period.end))
    return {
        "step": texts.step_name(period.step),
        "subtitle": NAMES.get(view.range) or texts.between(start, end, zone),
        "custom_start": start.strftime(_FORM),
        "custom_end": end.strftime(_FORM),
    }


def typed_moment(text: object, zone: tzinfo) -> datetime | None:
    """Return, in UTC, what a viewer in ``zone`` typed into a ``datetime-local`` input."""
    read = moment(text) if isinstance(text, str) else None
    try:
        return read.replace(tzinfo=zone).astimezone(UTC) if read else None
    except OverflowError:
        return None
