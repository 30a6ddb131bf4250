"""Whether JSON from a page is what a handler's annotations ask for; pure."""

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.inspect import CustomType, type_info
from reflex_base.utils.form import FORM_DATA_ENTRIES_KEY

_Handler = Callable[..., Any]


class _Form(msgspec.Struct, forbid_unknown_fields=True):
    """A form as Reflex's page sends it: its fields in their order, a name as often as it is used.

    Reflex makes a dict of it whatever the handler asks for.
    """

    entries: list[tuple[str, Any]] = msgspec.field(name=FORM_DATA_ENTRIES_KEY)


def unfit_argument(handler: _Handler, payload: Mapping[str, Any]) -> str | None:
    """Say what is wrong with the arguments for a handler, None when they fit its annotations.

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
        # What Reflex makes of JSON itself, such as a model of Pydantic's, is left to it.
        known = Any if isinstance(type_info(hint), CustomType) else hint
        is_required = one.default is inspect.Parameter.empty
        fields.append((one.name, known) if is_required else (one.name, known, one.default))
    return msgspec.defstruct("Arguments", fields, kw_only=True, forbid_unknown_fields=True)
