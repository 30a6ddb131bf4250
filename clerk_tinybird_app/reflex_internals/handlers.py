"""Checks whether the app has a handler for an event, and the event's arguments."""

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from msgspec.inspect import CustomType, type_info
from reflex.state import EventHandlerSetVar, State, UpdateVarsInternalState
from reflex_base.constants import SETTER_PREFIX
from reflex_base.constants.state import FIELD_MARKER
from reflex_base.event import EventHandler
from reflex_base.registry import RegistrationContext
from reflex_base.utils.form import FORM_DATA_ENTRIES_KEY

_BROWSER_STORAGE: Final = "vars"
"""The argument of Reflex's own handlers with the vars that a browser keeps."""

_Handler = Callable[..., Any]


def event_refusal(name: str, payload: Mapping[str, Any]) -> str | None:
    """Return why an event must not be handled, None when it may be handled."""
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
    """Say that a var has no setter, else None. Reflex raises an error for such a var."""
    if isinstance(getattr(state, SETTER_PREFIX + var, None), EventHandler):
        return None
    return f"a var without a setter, {var}"


def _not_stored(browser_storage: Mapping[str, Any]) -> str | None:
    """Name a var that browsers do not keep. Reflex raises an error when its state is unknown."""
    states = RegistrationContext.get().base_states
    for name in browser_storage:
        state_name, _, var = name.rpartition(".")
        state = states.get(state_name)
        if state is None or not state._is_client_storage(var.removesuffix(FIELD_MARKER)):
            return f"a var that no browser keeps, {name}"
    return None


class _Form(msgspec.Struct, forbid_unknown_fields=True):
    """A form as Reflex's page sends it: its fields in their order; a name can come more than once.

    Reflex always makes a dict of it, also when the handler asks for something else.
    """

    entries: list[tuple[str, Any]] = msgspec.field(name=FORM_DATA_ENTRIES_KEY)


def unfit_argument(handler: _Handler, payload: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the arguments for a handler, None when they fit its annotations.

    Args:
        handler: A method of a state.
        payload: Its arguments by name, without ``self``.
    """
    try:
        msgspec.convert(
            {name: _unwrapped(value) for name, value in payload.items()}, _arguments(handler)
        )
    except msgspec.ValidationError as error:
        return str(error)
    return None


def _unwrapped(value: Any) -> Any:
    if isinstance(value, dict) and FORM_DATA_ENTRIES_KEY in value:
        return dict(msgspec.convert(value, _Form).entries)
    return value


@functools.cache
def _arguments(handler: _Handler) -> type[msgspec.Struct]:
    """Return a type with a field for each of the handler's parameters."""
    hints = typing.get_type_hints(handler)
    _self, *parameters = inspect.signature(handler).parameters.values()
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for one in parameters:
        hint = hints.get(one.name, Any)
        # Reflex itself makes such values from JSON, for example Pydantic models, so it checks them.
        known = Any if isinstance(type_info(hint), CustomType) else hint
        is_required = one.default is inspect.Parameter.empty
        fields.append((one.name, known) if is_required else (one.name, known, one.default))
    return msgspec.defstruct("Arguments", fields, kw_only=True, forbid_unknown_fields=True)
