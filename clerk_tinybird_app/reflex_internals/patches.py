"""What changed in a state's value since the page was sent it, instead of all of it again.

Reflex sends a var whole as soon as anything in it has changed: of a list of twenty rows with one
new row all twenty, of a chart every bucket. ``patches.jsx`` makes the whole value again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Final

PATCH: Final = "$patch"
"""The only key of a value that is a patch."""

_VALUE: Final = "v"
_FIELDS: Final = "f"
_ITEMS: Final = "l"
_MOST_CHANGED: Final = 0.5
"""Of a list of plain values: with more of them changed it is sent whole."""

Delta = Mapping[str, Mapping[str, Any]]
"""Full name of a state -> its vars that were set, by name."""


class SentValues:
    """The values of some states that one page was sent over one websocket.

    A page applies what comes over a websocket in order, and all of it. So the last value that was
    sent is the one that the page has; over a new websocket everything is sent whole again.

    Args:
        states: The full names of the states.
    """

    def __init__(self, states: frozenset[str]) -> None:
        self._states = states
        self._sent: dict[tuple[str, str], Any] = {}

    def patched(self, delta: Delta) -> Delta:
        """Return a delta with patches in place of values that were sent before."""
        if self._states.isdisjoint(delta):
            return delta
        return {
            state: self._state(state, values) if state in self._states else values
            for state, values in delta.items()
        }

    def _state(self, state: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        found = {}
        for name, value in values.items():
            found[name] = value
            before = self._sent.pop((state, name), None)
            if isinstance(value, list | dict) or is_dataclass(value):
                # A copy, because what is changed in place later must not change it too.
                self._sent[state, name] = value.copy() if isinstance(value, list | dict) else value
                if before is not None:
                    found[name] = {PATCH: difference(before, value)}
        return found


def difference(before: Any, now: Any) -> Any:
    """Return how ``now`` is made of ``before``: values of a state that were not changed since.

    Returns:
        A plain value itself, ``v`` another one; ``f`` the fields that changed; or ``l`` a list's
        items: new ones, ``[place, count]`` for a run of old ones, and ``[place, difference]`` for
        one that is made of an old one.
    """
    if type(before) is type(now):
        if isinstance(now, list | tuple):
            return _items(before, now)
        # A page shows what a dict holds in its order.
        if isinstance(now, dict) and list(before) == list(now):
            return _fields(before, now)
        if is_dataclass(now):
            return _fields(_by_name(before), _by_name(now))
    return now if now is None or isinstance(now, str | int | float) else {_VALUE: now}


def _by_name(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value)}


def _fields(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    changed = {
        name: difference(before[name], value)
        for name, value in now.items()
        if before[name] != value
    }
    return {_FIELDS: changed}


def _items(before: Sequence[Any], now: Sequence[Any]) -> dict[str, Any]:
    """Return how a list is made of another; an item is known by its ``key``, or by its place."""
    known = {getattr(item, "key", place): place for place, item in enumerate(before)}
    found: list[Any] = []
    run, changed = [-1, 0], 0
    for place, item in enumerate(now):
        old = known.get(getattr(item, "key", place))
        if old is not None and before[old] == item:
            if sum(run) == old:
                run[1] += 1
            else:
                found.append(run := [old, 1])
            continue
        run, changed = [-1, 0], changed + (old is not None)
        # A new row is much like the others.
        like = 0 if old is None and before and is_dataclass(item) else old
        part = difference(None if like is None else before[like], item)
        found.append([like, part] if isinstance(part, dict) and _VALUE not in part else part)
    is_plain = not any(is_dataclass(item) or isinstance(item, list | dict) for item in now)
    if is_plain and changed > _MOST_CHANGED * len(now):
        return {_VALUE: now}
    return {_ITEMS: found}
