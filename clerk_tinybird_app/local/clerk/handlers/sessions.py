"""The client and sessions of the calling browser: start, use, tokens, sign-out."""

from typing import Final

from clerk_tinybird_app.local.clerk.call import Call, Reply
from clerk_tinybird_app.local.clerk.fapi_errors import FapiError, not_found, unauthenticated
from clerk_tinybird_app.local.clerk.store import accounts, browsers
from clerk_tinybird_app.local.clerk.store.records import Session
from clerk_tinybird_app.local.clerk.views import client_view, session_token, session_view

_SELECT_ORGANIZATION: Final = "select_org"
_ENDED: Final = "ended"
_REMOVED: Final = "removed"


def read_client(call: Call) -> Reply:
    """Return the client; null for a new browser."""
    return Reply(client_view(call))


def create_client(call: Call) -> Reply:
    """Return the client. If there is none, make one."""
    call.ensure_client()
    return Reply(client_view(call))


def delete_client(call: Call) -> Reply:
    """Delete the client and its sessions; its cookie is not valid any more."""
    if call.client is not None:
        browsers.delete_client(call.db, call.client.id)
        call.client = None
    return Reply(None)


def refuse_second_session(call: Call) -> None:
    """Allow one session in a browser at a time.

    Raises:
        FapiError: 400 ``session_exists``, with the client, so that a tab that did not know the
            session uses it.
    """
    if call.client and browsers.live_sessions_of_client(call.db, call.client.id, call.now):
        raise FapiError(
            400, "session_exists", "You're already signed in.", meta={"client": client_view(call)}
        )


def start_session(call: Call, user_id: str) -> Session:
    """Sign the user in on the calling browser, into their first organization.

    The cookie gets a new value, so that nobody who knows the old one has the session.
    """
    client = call.ensure_client()
    held = accounts.memberships_of_user(call.db, user_id)
    session = browsers.add_session(
        call.db,
        client_id=client.id,
        user_id=user_id,
        organization_id=held[0].organization.id if held else None,
        user_agent=call.user_agent,
        now=call.now,
    )
    accounts.note_sign_in(call.db, user_id, call.now)
    browsers.point_client(
        call.db, client.id, sign_in=None, sign_up=None, session=session.id, now=call.now
    )
    call.cookie = browsers.rotate_client_token(call.db, client.id)
    call.refresh_client()
    return session


def read(call: Call, session_id: str) -> Reply:
    """Return a live session of this browser."""
    return Reply(session_view(call, call.live_session(session_id)))


def touch(call: Call, session_id: str) -> Reply:
    """Record that the session is in use, and its organization; empty: the personal account.

    A tab can still show an organization that its user has left. It then gets the session's
    current organization.

    Raises:
        FapiError: 401, this browser has no such live session; 404, the user chose an organization
            without being a member.
    """
    session = call.live_session(session_id)
    organization_id = session.organization_id
    if "active_organization_id" in call.form:
        organization_id = _chosen_organization(call, session)
    browsers.touch_session(call.db, session.id, organization_id, call.now)
    _make_current(call, session.id)
    return Reply(session_view(call, call.live_session(session.id)))


def token(call: Call, session_id: str) -> Reply:
    """Return a new session token, without the client.

    Raises:
        FapiError: 401, this browser has no such live session, or its user is no member of the
            requested organization. With 401 the SDK reads the client again at once.
    """
    session = call.live_session(session_id)
    organization_id = session.organization_id
    if "organization_id" in call.form:
        organization_id = call.form["organization_id"] or None
    if organization_id and not accounts.membership_of(call.db, organization_id, session.user_id):
        raise unauthenticated()
    signed = session_token(call, session, organization_id)
    return Reply({"object": "token", "jwt": signed}, bare=True)


def template_token(call: Call, session_id: str, template: str) -> Reply:
    """Refuse, because the embedded Clerk has no JWT templates."""
    call.live_session(session_id)
    raise FapiError(404, "resource_not_found", f"No JWT template exists with name: {template[:64]}")


def end(call: Call, session_id: str) -> Reply:
    """Sign out of a session."""
    return _close(call, session_id, _ENDED)


def remove(call: Call, session_id: str) -> Reply:
    """Sign out of a session and remove it."""
    return _close(call, session_id, _REMOVED)


def remove_all(call: Call) -> Reply:
    """Sign out of every session of this browser; the reply is the client without them."""
    if call.client is None:
        raise unauthenticated()
    for session in browsers.live_sessions_of_client(call.db, call.client.id, call.now):
        browsers.end_session(call.db, session.id, _REMOVED)
    _forget_current(call)
    return Reply(client_view(call))


def _chosen_organization(call: Call, session: Session) -> str | None:
    """Return the organization of the session after a touch."""
    chosen = call.form["active_organization_id"] or None
    if chosen is None or accounts.membership_of(call.db, chosen, session.user_id):
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
    browsers.end_session(call.db, session.id, status)
    _forget_current(call)
    closed = browsers.session_by_id(call.db, session.id)
    if closed is None:
        raise not_found("Session")
    return Reply(session_view(call, closed))


def _make_current(call: Call, session_id: str) -> None:
    """Make a session the active session of this browser."""
    client = call.ensure_client()
    browsers.point_client(
        call.db,
        client.id,
        sign_in=client.sign_in_id,
        sign_up=client.sign_up_id,
        session=session_id,
        now=call.now,
    )
    call.refresh_client()


def _forget_current(call: Call) -> None:
    """Remove the active session and the open attempts from the browser."""
    client = call.ensure_client()
    browsers.point_client(
        call.db, client.id, sign_in=None, sign_up=None, session=None, now=call.now
    )
    call.refresh_client()
