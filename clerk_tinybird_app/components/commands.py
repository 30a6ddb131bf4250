"""The list of commands of a dashboard, and its single keys, from ``commands.jsx``."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.clerk.components import SignOutButton
from clerk_tinybird_app.components.icon import ICONS, icon
from clerk_tinybird_app.components.live import PauseFace
from clerk_tinybird_app.components.popover import MENU_ITEM, menu
from clerk_tinybird_app.dashboard.links import Choice
from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset
from clerk_tinybird_app.state.dashboard import DashboardState

_COMMANDS: Final = shared_asset("commands.jsx")
_KEYS: Final = shared_asset("keys.jsx")
for _imported in ("finder.jsx", "modal.jsx"):
    shared_asset(_imported)

_ACTIONS: Final = (
    ("Refresh now", "refresh-now"),
    ("", "pause"),
    ("Copy link", "copy-link"),
    ("Filter", "filter-button"),
    ("Search the list", "search"),
    ("Choose a period", "period"),
    ("Change the time zone", "zone"),
    ("Light or dark", "theme"),
    ("Keys", "keys"),
    ("Sign out", "sign-out"),
)
"""What the list offers -> the target that it presses, see ``keys.jsx``, where the page has it.

What it does changes where there is no name: then it is called as what is pressed.
"""


class _Commands(rx.Component):
    """A button, and the list that it opens."""

    library = _COMMANDS.importable_path
    tag = "Commands"
    lib_dependencies: list[str] = [ICONS]

    periods: rx.Var[list[Choice]]
    comparisons: rx.Var[list[Choice]]
    pages: rx.Var[list[list[str]]]
    actions: rx.Var[list[list[str]]]


class _Press(rx.Component):
    """A button that presses the element with the id ``target``."""

    library = _COMMANDS.importable_path
    tag = "Press"

    target: rx.Var[str]


class _Keys(rx.Component):
    """Listens for single keys, and shows which there are."""

    library = _KEYS.importable_path
    tag = "Keys"


def commands(*pages: tuple[str, str], compares: bool, signs_out: bool) -> rx.Component:
    """Return the button that opens the list of commands, and what makes the keys work.

    Args:
        pages: Other pages by their names.
        compares: Whether a chart of the page shows the period before.
        signs_out: Whether signing out is among them.
    """
    # To the eye, the way out is the account menu.
    hidden = rx.el.button("Sign out", id="sign-out", type="button", hidden=True)
    return rx.fragment(
        _Commands.create(
            periods=DashboardState.periods,
            comparisons=DashboardState.comparisons if compares else [],
            pages=[list(page) for page in pages],
            actions=[list(action) for action in _ACTIONS],
        ),
        _Keys.create(),
        *([SignOutButton.create(hidden)] if signs_out else []),
    )


def phone_menu() -> rx.Component:
    """Return the menu with what has no room of its own on a phone."""
    return rx.el.div(
        menu(
            _item("Copy link", "link-2", "copy-link"),
            _Press.create(PauseFace.create(), target="pause", class_name=MENU_ITEM),
            _item("Commands", "command", "commands"),
            label="More actions",
        ),
        class_name="phone-only",
    )


def _item(label: str, symbol: str, target: str) -> rx.Component:
    return _Press.create(icon(symbol), label, target=target, class_name=MENU_ITEM)
