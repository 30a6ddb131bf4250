"""One call of the browser SDK in a uniform shape, and the reply to it."""

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
    """The caller: a live session of the calling browser, and its user."""

    session: Session
    user: User


@dataclass(frozen=True)
class Reply:
    """The reply of a handler.

    Attributes:
        response: The resource.
        bare: Whether to send only the resource instead of ``{response, client}``.
    """

    response: Any
    bare: bool = False


@dataclass
class Call:
    """A call inside its transaction.

    Attributes:
        method: The intended method. Over HTTP the SDK sends only GET, or POST with ``_method``.
        query: The parameters of the address.
        form: The fields of the body.
        origin: The origin of the calling page, always one of the app's own.
        user_agent: The ``User-Agent`` header.
        now: Milliseconds since the epoch.
        db: The open transaction.
        key: Signs session tokens.
        client: The calling browser, if its cookie is known.
        cookie: A new value for its cookie, which is sent with the reply.
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
        """Return the client of the calling browser. If it has none, make one."""
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
            FapiError: 401, there is no such session, it has ended, or another browser has it.
        """
        session = browsers.session_by_id(self.db, session_id)
        mine = self.client is not None and session is not None
        if not mine or session is None or self.client is None:
            raise unauthenticated()
        if session.client_id != self.client.id or not session.is_live(self.now):
            raise unauthenticated()
        return session

    def actor(self) -> Actor:
        """Return the caller: that of ``_clerk_session_id``, else of the browser's active session.

        Raises:
            FapiError: 401, there is no session.
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
