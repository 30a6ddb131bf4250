"""What the dashboard's tables share."""

from typing import Final

import reflex as rx

CELL: Final = "py-1.5 px-1.5 border-b border-line whitespace-nowrap"
NUMBER: Final = f"{CELL} text-right"
LINK: Final = "text-ink no-underline hover:underline underline-offset-4"


def scrolling(label: str, *parts: rx.Component) -> rx.Component:
    """Return a table that scrolls within its panel, by keyboard too."""
    return rx.el.div(
        rx.el.table(
            *parts, class_name="w-full border-collapse font-mono text-[12.5px] tabular-nums"
        ),
        tab_index=0,
        role="region",
        aria_label=label,
        class_name="relative overflow-auto h-full",
    )


def link(text: rx.Component, href: str, class_name: str = LINK) -> rx.Component:
    """Return ``text`` as a link; as plain text where ``href`` is ""."""
    return rx.cond(href != "", rx.el.a(text, href=href, class_name=class_name), text)


def column_heads(first: str, *numbers: str) -> rx.Component:
    """Return the head of a table whose first column is text and whose others are numbers."""
    return rx.el.thead(
        rx.el.tr(
            rx.el.th(first, scope="col", class_name=f"{CELL} text-left font-normal"),
            *(rx.el.th(name, scope="col", class_name=f"{NUMBER} font-normal") for name in numbers),
        ),
        class_name="text-soft sticky top-0 bg-panel",
    )
