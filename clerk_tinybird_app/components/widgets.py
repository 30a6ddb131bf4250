"""Small components that work in the browser only, from ``widgets.jsx``."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset

_WIDGETS: Final = shared_asset("widgets.jsx")


class _Widget(rx.Component):
    library = _WIDGETS.importable_path


class CopyButton(_Widget):
    """Copies ``text``; ``label`` tells assistive technology what is copied.

    Its words are on it, unless it has children, such as an icon.
    """

    tag = "CopyButton"

    text: rx.Var[str]
    label: rx.Var[str]


class ReloadButton(_Widget):
    """Loads the page again."""

    tag = "ReloadButton"


class SkipLink(_Widget):
    """Moves the focus to the element with the id ``target`` and skips all before it."""

    tag = "SkipLink"

    target: rx.Var[str]


class FocusKeeper(_Widget):
    """Moves the focus to the id ``target`` when the element with the focus is removed."""

    tag = "FocusKeeper"

    target: rx.Var[str]


class ClerkNames(_Widget):
    """Adds the names that are missing in Clerk's dialogs and fields for assistive technology."""

    tag = "ClerkNames"


class RowName(_Widget):
    """A name of several words, the first of them less conspicuous than the others."""

    tag = "RowName"

    text: rx.Var[str]


class OpenFromAddress(_Widget):
    """Passes on the address's query when it has ``parameter``, and scrolls to the id ``target``."""

    tag = "OpenFromAddress"

    parameter: rx.Var[str]
    target: rx.Var[str]
    on_open: rx.EventHandler[rx.event.passthrough_event_spec(str)]  # type: ignore


class Countdown(_Widget):
    """Counts down to ``expires_at`` and shows a bar; times are seconds since the epoch."""

    tag = "Countdown"

    issued_at: rx.Var[int]
    expires_at: rx.Var[int]
