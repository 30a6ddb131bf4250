"""A Reflex app with one page and one var: what a tab costs that shows nothing."""

import reflex as rx


class Said(rx.State):
    """The last text that the page has sent."""

    text: str = ""

    @rx.event
    def take(self, text: str) -> None:
        """Take a text."""
        self.text = text


app = rx.App()
app.add_page(rx.el.p(Said.text), route="/")
