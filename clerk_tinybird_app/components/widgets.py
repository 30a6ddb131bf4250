"""Components that work in the browser alone, from ``widgets.jsx``."""

from typing import Final

import reflex as rx

_WIDGETS: Final = rx.asset("widgets.jsx", shared=True)


class _Widget(rx.Component):
    library = _WIDGETS.importable_path


class CopyButton(_Widget):
    """Copies ``text``; ``label`` says to assistive technology what is copied."""

    tag = "CopyButton"

    text: rx.Var[str]
    label: rx.Var[str]


class ReloadButton(_Widget):
    """Loads the page again."""

    tag = "ReloadButton"


class SkipLink(_Widget):
    """Moves the focus to the element with the id ``target``, past what stands before it."""

    tag = "SkipLink"

    target: rx.Var[str]


class FocusKeeper(_Widget):
    """Moves the focus to ``target``, an id, when what had it is taken off the page."""

    tag = "FocusKeeper"

    target: rx.Var[str]


class ClerkNames(_Widget):
    """Gives Clerk's dialogs and fields the names that assistive technology misses in them."""

    tag = "ClerkNames"


class OpenFromAddress(_Widget):
    """Hands over the address's query when it has ``parameter``, and goes to the id ``target``."""

    tag = "OpenFromAddress"

    parameter: rx.Var[str]
    target: rx.Var[str]
    on_open: rx.EventHandler[rx.event.passthrough_event_spec(str)]  # type: ignore


class Countdown(_Widget):
    """Counts down to ``expires_at`` with a ring; both times are seconds since the epoch."""

    tag = "Countdown"

    issued_at: rx.Var[int]
    expires_at: rx.Var[int]
