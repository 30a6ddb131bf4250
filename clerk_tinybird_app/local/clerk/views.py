"""The JSON that a browser gets of its own client, sessions and user."""

from typing import Any, Final

from clerk_tinybird_app.local.clerk import shapes
from clerk_tinybird_app.local.clerk.call import Call
from clerk_tinybird_app.local.clerk.session_tokens import factor_age, session_claims
from clerk_tinybird_app.local.clerk.shapes import activity, membership, public_user_data, user
from clerk_tinybird_app.local.clerk.store import accounts, browsers
from clerk_tinybird_app.local.clerk.store.records import Session, SignIn, User

_ABANDONED_AFTER_MS: Final = 30 * 24 * 60 * 60 * 1000


def client_view(call: Call) -> dict[str, Any] | None:
    """Return the client of the calling browser: live sessions and open attempts; None: unknown."""
    client = call.client
    if client is None:
        return None
    live = browsers.live_sessions_of_client(call.db, client.id, call.now)
    sign_in = browsers.sign_in_by_id(call.db, client.sign_in_id) if client.sign_in_id else None
    sign_up = browsers.sign_up_by_id(call.db, client.sign_up_id) if client.sign_up_id else None
    last = client.last_active_session_id
    return {
        "object": "client",
        "id": client.id,
        "sessions": [session_view(call, session) for session in live],
        "sign_in": sign_in_view(call, sign_in) if sign_in else None,
        "sign_up": shapes.sign_up(sign_up, call.now) if sign_up else None,
        "last_active_session_id": last if any(s.id == last for s in live) else None,
        "last_authentication_strategy": None,
        "captcha_bypass": False,
        "cookie_expires_at": None,
        "created_at": client.created_at,
        "updated_at": client.updated_at,
    }


def session_view(call: Call, session: Session) -> dict[str, Any]:
    """Return a session with its user and, if it is live, a new token."""
    row = _user(call, session)
    token = None
    if session.is_live(call.now):
        signed = session_token(call, session, session.organization_id)
        token = {"object": "token", "jwt": signed}
    return _session(call, session, row) | {
        "user": user_view(call, row),
        "last_active_token": token,
    }


def device_view(call: Call, session: Session) -> dict[str, Any]:
    """Return a session for the list of active devices: with the browser, without a token."""
    return _session(call, session, _user(call, session)) | {
        "user": None,
        "last_active_token": None,
        "latest_activity": activity(session.id, session.user_agent),
    }


def user_view(call: Call, row: User) -> dict[str, Any]:
    """Return a user with their memberships."""
    held = [membership(each) for each in accounts.memberships_of_user(call.db, row.id)]
    return user(row, held, call.now)


def sign_in_view(call: Call, attempt: SignIn) -> dict[str, Any]:
    """Return an attempt to sign in."""
    row = accounts.user_by_id(call.db, attempt.user_id) if attempt.user_id else None
    return shapes.sign_in(attempt, row, call.now)


def session_token(call: Call, session: Session, organization_id: str | None) -> str:
    """Sign a session token. A user who left the organization gets one for the personal account."""
    held = (
        accounts.membership_of(call.db, organization_id, session.user_id)
        if organization_id
        else None
    )
    return call.key.sign(session_claims(session, held, origin=call.origin, now=call.now))


def _session(call: Call, session: Session, row: User) -> dict[str, Any]:
    """Return the fields of every view of a session."""
    return {
        "object": "session",
        "id": session.id,
        "status": session.status,
        "factor_verification_age": factor_age(session, call.now),
        "expire_at": session.expire_at,
        "abandon_at": session.created_at + _ABANDONED_AFTER_MS,
        "last_active_at": session.last_active_at,
        "last_active_organization_id": session.organization_id,
        "actor": None,
        "tasks": None,
        "public_user_data": public_user_data(row),
        "created_at": session.created_at,
        "updated_at": session.last_active_at,
    }


def _user(call: Call, session: Session) -> User:
    """Return the user of the session. A foreign key guarantees that there is one."""
    row = accounts.user_by_id(call.db, session.user_id)
    if row is None:
        raise LookupError("a session without its user")
    return row
