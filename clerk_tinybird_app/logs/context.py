"""Whose work it is at the moment: the ids that every log line of it has; pure."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, NamedTuple


class _Whose(NamedTuple):
    """A verified session and its tenant; "" without one."""

    session_id: str = ""
    tenant_id: str = ""


_NOBODY: Final = _Whose()
_REQUEST: Final[ContextVar[str]] = ContextVar("_REQUEST", default="")
_WHOSE: Final[ContextVar[_Whose]] = ContextVar("_WHOSE", default=_NOBODY)
_event_id: Callable[[], str] = str


@contextmanager
def in_request(request_id: str) -> Iterator[str]:
    """Give all that is logged within the block the id of a request, and nobody's session yet."""
    request, whose = _REQUEST.set(request_id), _WHOSE.set(_NOBODY)
    try:
        yield request_id
    finally:
        _REQUEST.reset(request)
        _WHOSE.reset(whose)


def is_for(session_id: str, tenant_id: str) -> None:
    """Say whose the rest of this request or event is; "" for nobody."""
    _WHOSE.set(_Whose(session_id, tenant_id))


def take_event_ids_from(source: Callable[[], str]) -> None:
    """Say who knows the id of the event that is handled; it returns "" outside of one."""
    global _event_id  # noqa: PLW0603 - a process has one server of events
    _event_id = source


def ids() -> dict[str, str]:
    """Return the ids that are known: request_id, event_id, session_id, tenant_id."""
    whose = _WHOSE.get()
    known = {
        "request_id": _REQUEST.get(),
        "event_id": _event_id(),
        "session_id": whose.session_id,
        "tenant_id": whose.tenant_id,
    }
    return {name: value for name, value in known.items() if value}
