"""The calling browser's sessions: use, tokens, sign-out."""

from typing import Final

from clerk_tinybird_app.local.clerk.call import Call, Reply
from clerk_tinybird_app.local.clerk.errors import FapiError, not_found, unauthenticated
from clerk_tinybird_app.local.clerk.store import clients, memberships, sessions
from clerk_tinybird_app.local.clerk.store.rows import Session
from clerk_tinybird_app.local.clerk.views import client_view, session_token, session_view

__all__ = ["end", "read", "remove", "remove_all", "template_token", "token", "touch"]

_SELECT_ORGANIZATION: Final = "select_org"
_ENDED: Final = "ended"
_REMOVED: Final = "removed"


def read(call: Call, session_id: str) -> Reply:
    """Return a live session of this browser."""
    return Reply(session_view(call, call.live_session(session_id)))


def touch(call: Call, session_id: str) -> Reply:
    """Note that the session is in use, and in which organization; empty: personal account.

    Raises:
        FapiError: 401, no live session of this browser; 404, the person chose an organization
            that they are no member of. A tab that merely still stands in one that its user has
            left is told where it now is instead.
    """
    session = call.live_session(session_id)
    organization_id = session.organization_id
    if "active_organization_id" in call.form:
        organization_id = _chosen_organization(call, session)
    sessions.touch(call.db, session.id, organization_id, call.now)
    _make_current(call, session.id)
    return Reply(session_view(call, call.live_session(session.id)))


def token(call: Call, session_id: str) -> Reply:
    """Return a fresh session token, bare.

    Raises:
        FapiError: 401, no live session of this browser, or its user is no member of the
            organization that is asked for: with 401 the SDK reads the client anew and so learns
            of it at once.
    """
    session = call.live_session(session_id)
    organization_id = session.organization_id
    if "organization_id" in call.form:
        organization_id = call.form["organization_id"] or None
    if organization_id and not memberships.find(call.db, organization_id, session.user_id):
        raise unauthenticated()
    signed = session_token(call, session, organization_id)
    return Reply({"object": "token", "jwt": signed}, bare=True)


def template_token(call: Call, session_id: str, template: str) -> Reply:
    """Refuse: the embedded Clerk has no JWT templates."""
    call.live_session(session_id)
    raise FapiError(404, "resource_not_found", f"No JWT template exists with name: {template[:64]}")


def end(call: Call, session_id: str) -> Reply:
    """Sign out of a session."""
    return _close(call, session_id, _ENDED)


def remove(call: Call, session_id: str) -> Reply:
    """Sign out of a session and forget it."""
    return _close(call, session_id, _REMOVED)


def remove_all(call: Call) -> Reply:
    """Sign out of every session of this browser; the reply is the client without them."""
    if call.client is None:
        raise unauthenticated()
    for session in sessions.live_of_client(call.db, call.client.id, call.now):
        sessions.end(call.db, session.id, _REMOVED)
    _forget_current(call)
    return Reply(client_view(call))


def _chosen_organization(call: Call, session: Session) -> str | None:
    """Return the organization that a touch puts the session into."""
    chosen = call.form["active_organization_id"] or None
    if chosen is None or memberships.find(call.db, chosen, session.user_id):
        return chosen
    if call.form.get("intent", _SELECT_ORGANIZATION) == _SELECT_ORGANIZATION:
        raise FapiError(
            404,
            "organization_not_found_or_unauthorized",
            "You are not a member of this organization.",
        )
    return session.organization_id


def _close(call: Call, session_id: str, status: str) -> Reply:
    """End one session."""
    session = call.live_session(session_id)
    sessions.end(call.db, session.id, status)
    _forget_current(call)
    closed = sessions.by_id(call.db, session.id)
    if closed is None:
        raise not_found("Session")
    return Reply(session_view(call, closed))


def _make_current(call: Call, session_id: str) -> None:
    """Make a session the one that this browser acts with."""
    client = call.ensure_client()
    clients.point(
        call.db,
        client.id,
        sign_in=client.sign_in_id,
        sign_up=client.sign_up_id,
        session=session_id,
        now=call.now,
    )
    call.refresh_client()


def _forget_current(call: Call) -> None:
    """Leave the browser without a session and without open attempts."""
    client = call.ensure_client()
    clients.point(call.db, client.id, sign_in=None, sign_up=None, session=None, now=call.now)
    call.refresh_client()
