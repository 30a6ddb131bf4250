"""Source text in colours, and the button that copies it."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.look import SQUARE
from clerk_tinybird_app.components.widgets import CopyButton
from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset
from clerk_tinybird_app.tinybird.token import ClaimLine

_SOURCE: Final = shared_asset("source.jsx")


class Source(rx.Component):
    """Shows ``text``, one of JSON, JavaScript, Python or a shell command, in colours."""

    library = _SOURCE.importable_path
    tag = "Source"

    text: rx.Var[str]


def claim_line(line: ClaimLine) -> rx.Component:
    """Return one line of a decoded token, marked when no request can change it."""
    return rx.el.span(
        Source.create(text=line.text),
        class_name=rx.cond(line.is_fixed, "claim fix", "claim"),
        style={"--indent": line.indent},
    )


def copy_icon(text: str | rx.Var[str], label: str, *, class_name: str = SQUARE) -> rx.Component:
    """Return a button with an icon that copies ``text``; ``label`` says what that is."""
    return CopyButton.create(
        icon("copy", class_name="before"),
        icon("check", class_name="after"),
        text=text,
        label=label,
        class_name=class_name,
    )
