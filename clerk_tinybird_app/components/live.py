"""Components that keep a page up to date, from ``live.jsx``."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.icon import ICONS
from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset

_LIVE: Final = shared_asset("live.jsx")
shared_asset("tab_turns.jsx")
shared_asset("address.jsx")


class _Live(rx.Component):
    library = _LIVE.importable_path
    lib_dependencies: list[str] = [ICONS]


class LiveView(_Live):
    """Asks for the page's data, and tells by the age of the data whether it is still live.

    It asks at once when the address changes, and then at regular intervals. The visible tabs of a
    browser take turns. It does not ask while the tab is hidden, the viewer has paused, the last
    request has not ended, or the websocket is down. After failures it asks less often. Data of a
    live period counts as delayed when it is older than three intervals.

    Times are in seconds since the epoch, 0 for none.

    Props:
        apart: What the address can say beside the view, whose changes ask for nothing.
        usual: Seconds between two requests until the viewer chooses another interval.
        least: The shortest interval that can be chosen, and the length of a tab's turn.
        at: The moment that the data is of.
        behind: How many seconds old the newest data was when it came.
        is_live: Whether the period ends now.
        is_failing: Whether a part of the last request failed.
        stale_since: When the data came that could not be refreshed.
        stale_reason: Why it could not be refreshed.
        finished: The number of the last request that ended.
        zone: The time zone that times are written in.
        turns_at: When a period that is over becomes another one, 0 for one that stays.
        on_refresh: Gets a number, the path, the query, the viewer's time zone, and the interval.
    """

    tag = "LiveView"

    apart: rx.Var[list[str]]
    usual: rx.Var[float]
    least: rx.Var[float]
    at: rx.Var[float]
    behind: rx.Var[float]
    is_live: rx.Var[bool]
    is_failing: rx.Var[bool]
    stale_since: rx.Var[float]
    stale_reason: rx.Var[str]
    finished: rx.Var[int]
    zone: rx.Var[str]
    turns_at: rx.Var[float]
    on_refresh: rx.EventHandler[rx.event.passthrough_event_spec(int, str, str, str, int)]  # type: ignore


class EarlyRefresh(_Live):
    """Asks for the page's data as soon as a session token is on its way, for ``LiveView`` to show.

    It stands beside the view, where it is before there is a session.

    Props:
        apart: As ``LiveView``'s.
        least: As ``LiveView``'s.
        on_refresh: As ``LiveView``'s.
    """

    tag = "EarlyRefresh"

    apart: rx.Var[list[str]]
    least: rx.Var[float]
    on_refresh: rx.EventHandler[rx.event.passthrough_event_spec(int, str, str, str, int)]  # type: ignore


class Dimmed(_Live):
    """Dims its children while the data of the ``LiveView`` around it is out of date."""

    tag = "Dimmed"


class PauseButton(_Live):
    """Pauses and resumes the ``LiveView`` around it."""

    tag = "PauseButton"


class PauseFace(_Live):
    """What the ``PauseButton`` does at the moment, as the face of another button."""

    tag = "PauseFace"


class Rate(_Live):
    """The rate of the ``LiveView`` around it, such as ``10 s``, as the face of a button."""

    tag = "Rate"


class RateChoice(_Live):
    """Lets the viewer choose the interval of the ``LiveView`` around it, and says what it costs.

    The choice is kept in this browser.

    Props:
        label: The text before the choice.
        queries: The number of queries of one refresh, 0 to show no number.
    """

    tag = "RateChoice"

    label: rx.Var[str]
    queries: rx.Var[int]


class RefreshButton(_Live):
    """Makes the ``LiveView`` around it ask for data at once, unless its answer is on the way."""

    tag = "RefreshButton"


class DelayNotice(_Live):
    """Says why the data of the ``LiveView`` around it is out of date; its children come after that.

    It shows nothing while the data is up to date. Reasons that concern the whole app are shown by
    ``Trouble`` instead.
    """

    tag = "DelayNotice"


class LiveStatus(_Live):
    """Says whether what is shown is live, paused, delayed, cut off or incomplete, and its age."""

    tag = "LiveStatus"


class Since(_Live):
    """Shows the time of day of ``at``, in seconds since the epoch; nothing for 0."""

    tag = "Since"

    at: rx.Var[float]
