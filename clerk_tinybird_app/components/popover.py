"""A button that opens a small box beside it, from ``popover.jsx``."""

from typing import Any, Final

import reflex as rx

from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.look import SQUARE
from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset

_POPOVER: Final = shared_asset("popover.jsx")
MENU_ITEM: Final = "item"
"""The classes of an action in a menu."""


class Popover(rx.Component):
    """A button with the first child on it, that shows the others in a box below.

    Props: ``label`` its name for assistive technology when no words stand on it, ``is_menu``
    whether a choice in the box closes it, ``is_current`` whether what was chosen in it is in force,
    ``keys`` the key that presses it.
    """

    library = _POPOVER.importable_path
    tag = "Popover"

    label: rx.Var[str]
    is_menu: rx.Var[bool]
    is_current: rx.Var[bool]
    button_id: rx.Var[str]
    button_class: rx.Var[str]
    box_class: rx.Var[str]
    keys: rx.Var[str]
    title: rx.Var[str]


def popover(
    face: rx.Component,
    *content: rx.Component,
    button_class: str = "button",
    is_current: bool | rx.Var[bool] = False,
    is_menu: bool = False,
    box_class: str = "",
    **props: Any,
) -> rx.Component:
    """Return a button with a box; a form stays open until it is left, a menu until a choice.

    Args:
        face: What stands on the button, one component.
        content: What stands in the box.
        button_class: Its classes.
        is_current: Whether what was chosen in the box is in force.
        is_menu: Whether each thing in the box is a choice.
        box_class: The classes of the box; by default those of a form or of a menu.
        props: ``button_id``, and ``title`` and ``keys``, which say how else it is pressed.
    """
    return Popover.create(
        face,
        *content,
        is_menu=is_menu,
        is_current=is_current,
        button_class=button_class,
        box_class=box_class or ("pop right menu" if is_menu else "pop right form"),
        **props,
    )


def menu(*items: rx.Component, label: str) -> rx.Component:
    """Return a button with a few actions, see `menu_item`."""
    return Popover.create(
        icon("ellipsis"),
        *items,
        label=label,
        is_menu=True,
        button_class=SQUARE,
        box_class="pop right menu",
    )


def menu_item(label: str, symbol: str, *, note: str = "", **props: object) -> rx.Component:
    """Return one action of a menu.

    Args:
        label: What it does.
        symbol: The name of its icon.
        note: What is to be known of it.
        props: The button's own.
    """
    explained = [rx.el.small(note)] if note else []
    words = rx.el.span(label, *explained)
    return rx.el.button(icon(symbol), words, type="button", class_name=MENU_ITEM, **props)
