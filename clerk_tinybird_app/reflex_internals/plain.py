"""A state's values without Reflex's wrapper, for code that only reads them."""

from typing import TypeVar

from reflex.istate.proxy import MutableProxy

_Value = TypeVar("_Value")


def plain(value: _Value) -> _Value:
    """Return a value as it is; every look into a wrapped one takes ten times as long.

    Reflex wraps what a state holds, frozen values too, to notice what is changed in it. So nothing
    may be changed in what this returns.
    """
    return value.__wrapped__ if isinstance(value, MutableProxy) else value
