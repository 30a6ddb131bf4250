"""The button that copies the address of what is shown, from ``copy_link.jsx``."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.icon import ICONS
from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset
from clerk_tinybird_app.state.dashboard import DashboardState

_COPY_LINK: Final = shared_asset("copy_link.jsx")


class _CopyLink(rx.Component):
    """Copies the page's address with ``frozen`` in place of its period; else shows it to copy."""

    library = _COPY_LINK.importable_path
    tag = "CopyLink"
    lib_dependencies: list[str] = [ICONS]

    frozen: rx.Var[str]


def copy_link() -> rx.Component:
    """Return the button; whoever opens the link sees the same period and the same times of day."""
    return _CopyLink.create(frozen=DashboardState.frozen)
