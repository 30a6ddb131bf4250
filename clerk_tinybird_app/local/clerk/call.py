"""One call of the browser SDK, normalised, and the reply to it."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clerk_tinybird_app.local.clerk.fapi_errors import missing_field, unauthenticated
from clerk_tinybird_app.local.clerk.session_tokens import SigningKey
from clerk_tinybird_app.local.clerk.store import accounts, browsers
from clerk_tinybird_app.local.clerk.store.records import Client, Session, User


@dataclass(frozen=True)
class Actor:
    """Who is calling: a live session of the calling browser, and its user."""

    session: Session
    user: User


@dataclass(frozen=True)
class Reply:
    """What goes back.

    Attributes:
        response: the resource.
        bare: send the resource alone instead of ``{response, client}``.
    """

    response: Any
    bare: bool = False


@dataclass
class Call:
    """A call inside its transaction.

    Attributes:
        method: the intended method; the wire only knows GET and POST with ``_method``.
        query: the address's parameters.
        form: the body's fields.
        origin: the calling page's origin, always one of the app's own.
        user_agent: the browser's own description.
        now: milliseconds since the epoch.
        db: the open transaction.
        key: signs session tokens.
        client: the calling browser, if its cookie is known.
        cookie: a new value for its cookie, to be sent back.
    """

    method: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    origin: str
    user_agent: str
    now: int
    db: sqlite3.Connection
    key: SigningKey
    client: Client | None
    cookie: str | None = None

    def ensure_client(self) -> Client:
        """Return the calling browser's client, made now if it has none."""
        if self.client is None:
            client_id, self.cookie = browsers.add_client(self.db, self.now)
            self.client = browsers.client_by_id(self.db, client_id)
        if self.client is None:
            raise sqlite3.IntegrityError("a client vanished inside its own transaction")
        return self.client

    def refresh_client(self) -> None:
        """Read the client again after it was changed."""
        if self.client is not None:
            self.client = browsers.client_by_id(self.db, self.client.id)

    def live_session(self, session_id: str) -> Session:
        """Return a session of the calling browser.

        Raises:
            FapiError: 401, it is another browser's, or over, or was never there.
        """
        session = browsers.session_by_id(self.db, session_id)
        mine = self.client is not None and session is not None
        if not mine or session is None or self.client is None:
            raise unauthenticated()
        if session.client_id != self.client.id or not session.is_live(self.now):
            raise unauthenticated()
        return session

    def actor(self) -> Actor:
        """Return who is calling: ``_clerk_session_id``, else the browser's active session.

        Raises:
            FapiError: 401, nobody is.
        """
        named = self.query.get("_clerk_session_id")
        current = self.client.last_active_session_id if self.client else None
        session = self.live_session(named or current or "")
        user = accounts.user_by_id(self.db, session.user_id)
        if user is None:
            raise unauthenticated()
        return Actor(session=session, user=user)

    def required(self, field: str) -> str:
        """Return a form field without surrounding space.

        Raises:
            FapiError: 422, it is absent or empty.
        """
        value = self.form.get(field, "").strip()
        if not value:
            raise missing_field(field)
        return value
