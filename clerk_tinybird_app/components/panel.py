"""A panel: a heading, a note, actions, and the content below them."""

from typing import Any

import reflex as rx

from clerk_tinybird_app.components.look import HEADING, NOTE, PANEL, QUIET_BUTTON
from clerk_tinybird_app.components.widgets import CopyButton


def panel(
    heading: str,
    action: rx.Component,
    *content: rx.Component,
    note: str = "",
    panel_id: str = "",
    class_name: str = "",
    **props: Any,
) -> rx.Component:
    """Return a section with a heading, a note about it, an action, and the content.

    ``props`` are passed to the section.
    """
    return rx.el.section(
        rx.el.div(
            rx.el.h2(heading, class_name=HEADING),
            rx.el.p(note, class_name=f"{NOTE} order-last basis-full sm:order-none sm:basis-auto"),
            rx.el.div(action, class_name="ml-auto"),
            class_name="flex flex-wrap items-center gap-x-3 gap-y-1 mb-3 min-h-8",
        ),
        *content,
        id=panel_id,
        class_name=f"{PANEL} {class_name}",
        **props,
    )


def copy_button(text: str | rx.Var[str], label: str) -> rx.Component:
    """Return a button that copies ``text``, which ``label`` names to assistive technology."""
    return CopyButton.create(text=text, label=label, class_name=QUIET_BUTTON)
