"""Which events the app has a handler for, and what they may carry."""

from collections.abc import Mapping
from typing import Any, Final

from reflex.state import EventHandlerSetVar, State, UpdateVarsInternalState
from reflex_base.constants import SETTER_PREFIX
from reflex_base.constants.state import FIELD_MARKER
from reflex_base.event import EventHandler
from reflex_base.registry import RegistrationContext

from clerk_tinybird_app.reflex_internals.arguments import unfit_argument

_BROWSER_STORAGE: Final = "vars"
"""The argument of Reflex's own handlers that names the vars which a browser keeps."""


def event_refusal(name: str, payload: Mapping[str, Any]) -> str | None:
    """Say why an event must not be handled, None when it may."""
    registered = RegistrationContext.get().event_handlers.get(name)
    if registered is None:
        return f"no handler {name}"
    handler, state = registered.handler, registered.states[0]
    unfit = unfit_argument(handler.fn, payload)
    if unfit is None and isinstance(handler, EventHandlerSetVar):
        unfit = _without_setter(state, payload["var_name"])
    elif unfit is None and state in (State, UpdateVarsInternalState):
        unfit = _not_stored(payload.get(_BROWSER_STORAGE) or {})
    return None if unfit is None else f"{name} with {unfit}"


def _without_setter(state: type, var: str) -> str | None:
    """Name a var that has no setter; Reflex raises on one."""
    if isinstance(getattr(state, SETTER_PREFIX + var, None), EventHandler):
        return None
    return f"a var without a setter, {var}"


def _not_stored(browser_storage: Mapping[str, Any]) -> str | None:
    """Name a var that no browser keeps; Reflex raises on one whose state there is not."""
    states = RegistrationContext.get().base_states
    for name in browser_storage:
        state_name, _, var = name.rpartition(".")
        state = states.get(state_name)
        if state is None or not state._is_client_storage(var.removesuffix(FIELD_MARKER)):
            return f"a var that no browser keeps, {name}"
    return None
