"""The icons: Lucide's, those alone that are used, each drawn in the colour of its text."""

from typing import Any

import reflex as rx


def icon(name: str, *, class_name: str = "", **props: Any) -> rx.Component:
    """Return an icon beside words that say the same, so assistive technology passes over it."""
    look = f"icon {class_name}".strip()
    return rx.icon(name, size=16, class_name=look, aria_hidden="true", **props)
