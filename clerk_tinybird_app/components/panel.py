"""A panel: a heading, a note, actions, and the content below them."""

import reflex as rx

from clerk_tinybird_app.components.look import BUTTON, HEADING
from clerk_tinybird_app.components.widgets import CopyButton


def panel(
    heading: str,
    action: rx.Component,
    *content: rx.Component,
    note: str = "",
    panel_id: str = "",
    class_name: str = "",
) -> rx.Component:
    """Return a section with a heading, a note about it, an action, and the content."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2(heading, class_name=HEADING),
            rx.el.p(note),
            rx.el.div(action, class_name="tools"),
            class_name="panel-head",
        ),
        rx.el.div(*content, class_name="panel-body"),
        id=panel_id,
        class_name=f"panel {class_name}".strip(),
    )


def copy_button(text: str | rx.Var[str], label: str) -> rx.Component:
    """Return a button that copies ``text``, which ``label`` names to assistive technology."""
    return CopyButton.create(text=text, label=label, class_name=BUTTON)
