"""A sign of life, for a browser that has waited for an answer."""

import reflex as rx


class PulseState(rx.State):
    """What takes the same way as every press: the websocket, the tab's state, its queue."""

    answered: int = 0

    @rx.event
    def answer(self, number: int) -> None:
        """Send ``number`` back."""
        self.answered = number
