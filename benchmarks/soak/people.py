"""People of the embedded Clerk: tokens for thousands, and browsers in which some sign in."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, Final, Self

import httpx

from clerk_tinybird_app.local.clerk import PASSWORD
from clerk_tinybird_app.local.clerk.instance import CLIENT_COOKIE, MEMBER
from clerk_tinybird_app.local.clerk.passwords import hash_password
from clerk_tinybird_app.local.clerk.seed import ORGANIZATIONS
from clerk_tinybird_app.local.clerk.session_tokens import SigningKey, session_claims
from clerk_tinybird_app.local.clerk.store import accounts
from clerk_tinybird_app.local.clerk.store.database import Database
from clerk_tinybird_app.local.clerk.store.records import (
    ACTIVE,
    Membership,
    Organization,
    Session,
    User,
)
from clerk_tinybird_app.routes import CLERK_PROXY

_MS: Final = 1_000
_YEAR_MS: Final = 365 * 24 * 60 * 60 * _MS
_CONNECTIONS: Final = 16
_SECONDS: Final = 60.0

TENANTS: Final = tuple(each.id for each in ORGANIZATIONS)
"""Two, of which there are rows."""


class Tokens:
    """Session tokens as the embedded Clerk makes them, for people that are not in its database.

    Args:
        folder: The app's.
        origin: The app's.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        self._key = SigningKey.load_or_make(folder / ".local" / "clerk-signing-key.pem")
        self._origin = origin

    def fresh(self, number: int) -> str:
        """Return a fresh session token of a person, who has one session."""
        now, tenant = int(time.time() * _MS), TENANTS[number % len(TENANTS)]
        user_id = f"user_{number:027}"
        session = Session(
            id=f"sess_{number:027}", client_id=f"client_{number:025}", user_id=user_id,
            status=ACTIVE, organization_id=tenant, created_at=now, last_active_at=now,
            expire_at=now + _YEAR_MS, user_agent="",
        )  # fmt: skip
        organization = Organization(tenant, tenant, "soak", now, now, 1)
        user = User(user_id, "idn_1", "soak@soak.test", "", None, None, now, now, None)
        membership = Membership("orgmem_1", MEMBER.key, now, now, organization, user)
        return self._key.sign(session_claims(session, membership, origin=self._origin, now=now))


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in, a member of every organization."""

    user_id: str
    email: str


def make_people(folder: Path, count: int) -> list[Person]:
    """Add members of all organizations to an app's embedded Clerk."""
    now, password_hash = int(time.time() * _MS), hash_password(PASSWORD)
    people = list[Person]()
    with (
        # The app has made the database long ago: there is nothing to seed.
        closing(Database(folder / ".local" / "clerk.sqlite3", lambda _: None)) as database,
        database.transaction(write=True) as db,
    ):
        for number in range(count):
            email = f"soak-{time.monotonic_ns()}-{number}@soak.test"
            user = accounts.add_user(
                db, email=email, password_hash=password_hash, first_name=None, last_name=None,
                now=now,
            )  # fmt: skip
            for tenant in TENANTS:
                accounts.add_membership(db, tenant, user.id, MEMBER.key, now)
            people.append(Person(user.id, email))
    return people


@dataclass(frozen=True)
class SignedIn:
    """What a browser knows of its session."""

    person: Person
    session_id: str
    tenant: str

    @property
    def accepted(self) -> str:
        """What the app's page says once it has accepted the session."""
        return f"{self.session_id}:{self.tenant}"


class Browsers:
    """The way from many browsers to the app's embedded Clerk, through the app's own address."""

    def __init__(self, origin: str) -> None:
        # Each browser brings its own cookie.
        nothing = CookieJar(DefaultCookiePolicy(allowed_domains=()))
        self._http = httpx.AsyncClient(
            base_url=f"{origin}{CLERK_PROXY}/v1", headers={"Origin": origin}, cookies=nothing,
            limits=httpx.Limits(max_connections=_CONNECTIONS), timeout=_SECONDS,
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def post(self, path: str, cookie: str = "", **form: str) -> tuple[Any, str]:
        """Send what Clerk's SDK sends; return the answer and the browser's cookie from then on."""
        headers = {"Cookie": f"{CLIENT_COOKIE}={cookie}"} if cookie else {}
        while True:
            try:
                reply = await self._http.post(path, data=form, headers=headers)
                break
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.ConnectError):
                # A worker was killed; the SDK asks again too.
                continue
        reply.raise_for_status()
        return reply.json(), reply.cookies.get(CLIENT_COOKIE) or cookie


class Browser:
    """A browser with one cookie, in which one person after the other signs in."""

    def __init__(self, browsers: Browsers) -> None:
        self._browsers = browsers
        self._cookie = ""
        self.session: SignedIn | None = None

    async def sign_in(self, person: Person) -> SignedIn:
        """Sign in with the password."""
        form = {"identifier": person.email, "password": PASSWORD}
        answer, self._cookie = await self._browsers.post("/client/sign_ins", **form)
        [session] = answer["client"]["sessions"]
        return self._note(person, session)

    async def switch(self, tenant: str) -> SignedIn:
        """Make another organization the active one."""
        held = self._held()
        path = f"/client/sessions/{held.session_id}/touch"
        answer, _ = await self._browsers.post(path, self._cookie, active_organization_id=tenant)
        return self._note(held.person, answer["response"])

    async def token(self) -> str:
        """Return a fresh session token."""
        path = f"/client/sessions/{self._held().session_id}/tokens"
        answer, _ = await self._browsers.post(path, self._cookie)
        token: str = answer["jwt"]
        return token

    async def sign_out(self) -> None:
        """End the session."""
        await self._browsers.post(
            f"/client/sessions/{self._held().session_id}/remove", self._cookie
        )
        self.session = None

    def _held(self) -> SignedIn:
        if self.session is None:
            raise LookupError("nobody is signed in here")
        return self.session

    def _note(self, person: Person, session: dict[str, Any]) -> SignedIn:
        tenant = session["last_active_organization_id"]
        self.session = SignedIn(person, session["id"], tenant)
        return self.session


def others(tenant: str, tenants: Sequence[str] = TENANTS) -> list[str]:
    """Return every tenant but one."""
    return [each for each in tenants if each != tenant]
