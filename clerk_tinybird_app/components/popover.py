"""A button that opens a small box beside it, from ``popover.jsx``."""

from typing import Final

import reflex as rx

_POPOVER: Final = rx.asset("popover.jsx", shared=True)
_BOX: Final = (
    "absolute right-0 z-5 mt-1 max-w-[calc(100vw-1rem)] bg-bg border border-line shadow-lg"
)
MENU_ITEM: Final = "block w-full text-left px-3 py-2 text-sm whitespace-nowrap hover:bg-surface"
"""The style classes of an action in a menu."""

_ITEM_NOTE: Final = "block w-48 whitespace-normal text-xs text-soft"


class Popover(rx.Component):
    """A button that opens and closes a box with its children.

    Props:
        symbol: The text on the button.
        label: The name of the button for assistive technology, when the text is no word.
        is_menu: Whether a choice in the box closes it.
        is_current: Whether a choice from the box is in use now.
    """

    library = _POPOVER.importable_path
    tag = "Popover"

    symbol: rx.Var[str]
    label: rx.Var[str]
    title: rx.Var[str]
    is_menu: rx.Var[bool]
    is_current: rx.Var[bool]
    button_class: rx.Var[str]
    box_class: rx.Var[str]


def popover(
    symbol: str,
    *content: rx.Component,
    label: str,
    button_class: str,
    box_class: str,
    is_current: bool = False,
) -> rx.Component:
    """Return a button with a box that stays open until it is left."""
    return Popover.create(
        *content,
        symbol=symbol,
        label=label,
        is_current=is_current,
        button_class=button_class,
        box_class=f"{_BOX} {box_class}",
    )


def menu(*items: rx.Component, label: str) -> rx.Component:
    """Return a button with a few actions, see `menu_item`."""
    return Popover.create(
        *items,
        symbol="⋯",
        label=label,
        title=label,
        is_menu=True,
        button_class="border border-line hover:border-ink text-ink leading-none size-8",
        box_class=f"{_BOX} py-1",
    )


def menu_item(label: str, *, note: str = "", **props: object) -> rx.Component:
    """Return one action of a menu, with a note about it; ``props`` are passed to the button."""
    explained = [rx.el.small(note, class_name=_ITEM_NOTE)] if note else []
    return rx.el.button(label, *explained, type="button", class_name=MENU_ITEM, **props)
