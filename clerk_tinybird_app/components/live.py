"""Components that keep a page up to date, from ``live.jsx``."""

from typing import Final

import reflex as rx

_LIVE: Final = rx.asset("live.jsx", shared=True)
rx.asset("tab_turns.jsx", shared=True)


class _Live(rx.Component):
    library = _LIVE.importable_path


class LiveView(_Live):
    """Asks for the page's data, and tells by its age alone whether it is still live.

    It asks at once when the address changes, and every so many seconds, in turn with the other
    visible tabs of this browser; not while the tab is hidden, the viewer has paused, or the last
    request is under way, and never while the websocket is down. Failures make it slower. Data of a
    live period is delayed once it is older than three refreshes.

    Props: ``usual`` the seconds between two requests until the viewer chooses others, ``least`` the
    fewest that may be chosen and how long a turn takes, ``at`` the arrival of the data, ``is_live``
    whether the period ends now, ``is_failing`` whether the last request failed in part,
    ``stale_since`` the arrival of data that could not be refreshed, ``stale_reason`` why not,
    ``finished`` the number of the last request that ended; ``on_refresh`` gets a number, the path,
    the query and the viewer's time zone. Arrivals are in seconds since the epoch, 0 without any.
    """

    tag = "LiveView"

    usual: rx.Var[float]
    least: rx.Var[float]
    at: rx.Var[float]
    is_live: rx.Var[bool]
    is_failing: rx.Var[bool]
    stale_since: rx.Var[float]
    stale_reason: rx.Var[str]
    finished: rx.Var[int]
    on_refresh: rx.EventHandler[rx.event.passthrough_event_spec(int, str, str, str)]  # type: ignore


class PauseButton(_Live):
    """Pauses and resumes the ``LiveView`` around it."""

    tag = "PauseButton"


class RateChoice(_Live):
    """Chooses the rate of the ``LiveView`` around it, kept in this browser, and says its cost.

    Props: ``label`` what stands before the choice, ``queries`` how many one refresh makes, 0 when
    that is not to be said.
    """

    tag = "RateChoice"

    label: rx.Var[str]
    queries: rx.Var[int]


class RefreshButton(_Live):
    """Makes the ``LiveView`` around it ask at once."""

    tag = "RefreshButton"


class DelayNotice(_Live):
    """Says why the data of the ``LiveView`` around it is out of date; children stand behind that.

    Nothing while it is not, or the reason is not this page's but the whole app's: see ``Pulse``.
    """

    tag = "DelayNotice"


class LiveStatus(_Live):
    """Says whether what is shown is live, paused, incomplete or delayed, and how old it is.

    Props: ``is_failing`` whether some of it did not come, ``at`` the arrival of the data in seconds
    since the epoch, 0 without any.
    """

    tag = "LiveStatus"

    at: rx.Var[float]
    is_live: rx.Var[bool]
    is_failing: rx.Var[bool]


class Since(_Live):
    """The time of day at which data came, ``at`` in seconds since the epoch; nothing for 0."""

    tag = "Since"

    at: rx.Var[float]


class Age(_Live):
    """How long ago ``at`` was, in seconds since the epoch; nothing for 0."""

    tag = "Age"

    at: rx.Var[float]
