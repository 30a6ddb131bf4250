"""Tells whether the app's server answers: the components of ``pulse.jsx``, and their state."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset

_PULSE: Final = shared_asset("pulse.jsx")
shared_asset("moment.jsx")

OFFLINE: Final = "offline"
"""The device has no network."""

APP: Final = "app"
"""The app's server does not answer: its websocket is down, it hangs, or its Redis takes nothing."""

UNNAMED: Final = "unnamed"
"""The host of an exported frontend does not say where the backend is."""

CLERK: Final = "clerk"
"""Clerk does not answer, so the session cannot be confirmed."""


class PulseState(rx.State):
    """Answers a browser that asks whether the server answers.

    The request goes the same way as every press: the websocket, the queue, the state of the tab.
    """

    answered: int = 0

    @rx.event
    def answer(self, number: int) -> None:
        """Send ``number`` back."""
        self.answered = number


class _Pulse(rx.Component):
    library = _PULSE.importable_path


class Pulse(_Pulse):
    """Asks the server for an answer after every press, and when something is late.

    It is around every page.

    Props:
        answered: The number of the last answer.
        on_ask: Gets the number of the next question.
    """

    tag = "Pulse"

    answered: rx.Var[int]
    on_ask: rx.EventHandler[rx.event.passthrough_event_spec(int)]  # type: ignore


class CheckButton(_Pulse):
    """Asks for a sign of life at once, however long the next try is off."""

    tag = "CheckButton"


class Trouble(_Pulse):
    """Shows its children while ``when`` is the reason why no data comes to this page."""

    tag = "Trouble"

    when: rx.Var[str]
