"""A panel: a heading with a note and actions, above its content."""

import reflex as rx

from clerk_tinybird_app.components.look import HEADING, NOTE, PANEL, QUIET_BUTTON
from clerk_tinybird_app.components.widgets import CopyButton


def panel(heading: str, note: str, action: rx.Component, *content: rx.Component) -> rx.Component:
    """Return a section with a heading, a sentence beside it, and what can be done with it."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2(heading, class_name=HEADING),
            rx.el.p(note, class_name=f"{NOTE} basis-40 grow"),
            action,
            class_name="flex flex-wrap items-baseline gap-x-3 gap-y-1 mb-3",
        ),
        *content,
        class_name=PANEL,
    )


def copy_button(text: str | rx.Var[str], label: str) -> rx.Component:
    """Return a button that copies ``text``, which ``label`` names to assistive technology."""
    return CopyButton.create(text=text, label=label, class_name=QUIET_BUTTON)
