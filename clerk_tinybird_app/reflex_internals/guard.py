"""The one call that puts the checks of websockets into an app."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

from reflex.app import App
from reflex_base.config import get_config

from clerk_tinybird_app.logs.log_budget import LogBudget
from clerk_tinybird_app.reflex_internals.connections import Connections
from clerk_tinybird_app.reflex_internals.frames import MAX_FRAME, FrameCheck
from clerk_tinybird_app.reflex_internals.gate import Refusals, WebsocketGate
from clerk_tinybird_app.reflex_internals.handlers import event_refusal
from clerk_tinybird_app.reflex_internals.namespace import BoundedNamespace

_WRITTEN_BY_ANYBODY: Final = (
    "reflex.app",
    "reflex_base.event.processor.base_state_processor",
    "reflex_base.event.processor.event_processor",
    "engineio.server",
    "socketio.server",
    "_granian.asgi.io",
)
"""Loggers that a websocket can make write a line, such as for a version that it claims to have."""


def guard_websockets(app: App) -> Refusals:
    """Let nothing reach the app's websocket that no page sends, and bound what it may keep.

    Returns:
        What is counted of the refused.
    """
    refusals, connections = Refusals(), Connections()
    namespace = BoundedNamespace(get_config().get_event_namespace(), app, connections)
    app._event_namespace = namespace
    if app.sio is None:
        raise RuntimeError("Reflex has made no websocket server; is its state enabled?")
    app.sio.register_namespace(namespace)
    # The page is told in the handshake, and does not send more.
    app.sio.eio.max_http_buffer_size = MAX_FRAME
    gate = partial(
        WebsocketGate,
        connections=connections,
        new_check=partial(FrameCheck, namespace.namespace, event_refusal),
        refusals=refusals,
    )
    inner = app.api_transformer
    if inner is None:
        inner = ()
    # The last one is the outermost.
    app.api_transformer = [*(inner if isinstance(inner, Sequence) else [inner]), gate]
    for name in _WRITTEN_BY_ANYBODY:
        logging.getLogger(name).addFilter(LogBudget())
    return refusals
