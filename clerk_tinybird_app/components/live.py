"""Components that keep a page up to date, from ``live.jsx``."""

from typing import Final

import reflex as rx

_LIVE: Final = rx.asset("live.jsx", shared=True)


class _Live(rx.Component):
    library = _LIVE.importable_path


class LiveView(_Live):
    """Asks for the page's data: at once, when its address changes, and every so many seconds.

    Not while the tab is hidden, the viewer has paused, the websocket is down, or the last request
    is under way. Props: ``every`` seconds, ``is_live`` whether the period ends now, ``finished``
    the number of the last request that ended; ``on_refresh`` gets a number, the path, the query
    and the viewer's time zone.
    """

    tag = "LiveView"

    every: rx.Var[float]
    is_live: rx.Var[bool]
    finished: rx.Var[int]
    on_refresh: rx.EventHandler[rx.event.passthrough_event_spec(int, str, str, str)]  # type: ignore


class PauseButton(_Live):
    """Pauses and resumes the ``LiveView`` around it."""

    tag = "PauseButton"


class RefreshButton(_Live):
    """Makes the ``LiveView`` around it ask at once."""

    tag = "RefreshButton"


class LiveStatus(_Live):
    """Says whether what is shown is live, paused or stale, and how old it is.

    Props: ``at`` the arrival of the data in seconds since the epoch, 0 without data.
    """

    tag = "LiveStatus"

    at: rx.Var[float]
    is_live: rx.Var[bool]
    stale: rx.Var[bool]


class Age(_Live):
    """How long ago ``at`` was, in seconds since the epoch; nothing for 0."""

    tag = "Age"

    at: rx.Var[float]
