"""The end of every way in: a session, and a new cookie for the browser."""

from clerk_tinybird_app.local.clerk.call import Call
from clerk_tinybird_app.local.clerk.errors import FapiError
from clerk_tinybird_app.local.clerk.store import clients, memberships, sessions, users
from clerk_tinybird_app.local.clerk.store.rows import Session
from clerk_tinybird_app.local.clerk.views import client_view

__all__ = ["refuse_second_session", "start_session"]


def refuse_second_session(call: Call) -> None:
    """Allow one session in a browser at a time.

    Raises:
        FapiError: 400 ``session_exists``, with the client, so that a tab that did not know of the
            session takes it up.
    """
    if call.client and sessions.live_of_client(call.db, call.client.id, call.now):
        raise FapiError(
            400, "session_exists", "You're already signed in.", meta={"client": client_view(call)}
        )


def start_session(call: Call, user_id: str) -> Session:
    """Sign the user in on the calling browser, into their first organization.

    The cookie changes with it: one that somebody planted beforehand leads nowhere.
    """
    client = call.ensure_client()
    held = memberships.of_user(call.db, user_id)
    session = sessions.add(
        call.db,
        client_id=client.id,
        user_id=user_id,
        organization_id=held[0].organization.id if held else None,
        user_agent=call.user_agent,
        now=call.now,
    )
    users.signed_in(call.db, user_id, call.now)
    clients.point(call.db, client.id, sign_in=None, sign_up=None, session=session.id, now=call.now)
    call.cookie = clients.rotate(call.db, client.id)
    call.refresh_client()
    return session
