"""What follows from a dashboard's address, before anything is asked."""

from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from clerk_tinybird_app import routes
from clerk_tinybird_app.dashboard import links, texts
from clerk_tinybird_app.dashboard.period import NAMES
from clerk_tinybird_app.dashboard.times import Times, step_name
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
        "route_name": " ".join(
            texts.named(value) for value in (view.method, view.route) if value is not None
        ),
        "ranges": links.ranges(view, page),
        "chips": links.chips(view, page, fixed=fixed),
        "clear_href": links.without_filters(view, page, fixed=fixed),
        "overview_href": view.changed(method=None, route=None).address(routes.DASHBOARD),
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
    times = Times.of(period, zone, now)
    return {
        "step": step_name(period.step),
        "subtitle": NAMES.get(view.range) or times.between(period.start, period.end),
        "custom_start": times.local(period.start).strftime(_FORM),
        "custom_end": times.local(period.end).strftime(_FORM),
    }


def typed_moment(text: object, zone: tzinfo) -> datetime | None:
    """Return, in UTC, what a viewer in ``zone`` typed into a ``datetime-local`` input."""
    read = moment(text) if isinstance(text, str) else None
    try:
        return read.replace(tzinfo=zone).astimezone(UTC) if read else None
    except OverflowError:
        return None
