"""States that hold one tenant's data, to be emptied together when the tenant changes."""

from typing import Final, TypeVar

import reflex as rx

_StateType = TypeVar("_StateType", bound=type[rx.State])
_HOLDERS: Final[list[type[rx.State]]] = []


def holds_tenant_data(state: _StateType) -> _StateType:
    """Register a state class: it is reset when the session ends or its tenant changes."""
    _HOLDERS.append(state)
    return state


async def forget_tenant_data(anywhere: rx.State) -> None:
    """Reset every registered state of the tab that ``anywhere`` belongs to."""
    for holder in _HOLDERS:
        (await anywhere.get_state(holder)).reset()
