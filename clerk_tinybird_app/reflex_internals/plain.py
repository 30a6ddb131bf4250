"""States and their values without the wrappers of Reflex, which slow down every look into them."""

from typing import TypeVar

from reflex.istate.proxy import MutableProxy, StateProxy

_Value = TypeVar("_Value")


def plain(value: _Value) -> _Value:
    """Return a value, or a state, as it is.

    Reflex wraps what a state holds, frozen values too, to notice what is changed in it: in a value
    that this returns nothing may be changed. It wraps the state of a background event to refuse
    changes outside ``async with``: one that this returns may be used there alone.
    """
    return value.__wrapped__ if isinstance(value, MutableProxy | StateProxy) else value
