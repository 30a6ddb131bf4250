"""The icons: Lucide's, those alone that are used, each drawn in the colour of its text."""

from typing import Any, Final

import reflex as rx

ICONS: Final = rx.icon("x").library or ""
"""The library that the icons in JSX files are imported from."""


def icon(name: str, *, class_name: str = "", **props: Any) -> rx.Component:
    """Return an icon beside words that say the same, so assistive technology passes over it."""
    look = f"icon {class_name}".strip()
    return rx.icon(name, size=16, class_name=look, aria_hidden="true", **props)
