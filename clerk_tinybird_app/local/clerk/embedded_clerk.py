"""The embedded Clerk: builds its parts and is what the app and the tests call."""

import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from clerk_tinybird_app.local.clerk.api import FrontendApi
from clerk_tinybird_app.local.clerk.instance import ISSUER, PUBLISHABLE_KEY
from clerk_tinybird_app.local.clerk.sdk.files import SdkFiles
from clerk_tinybird_app.local.clerk.seed import seed
from clerk_tinybird_app.local.clerk.session_tokens import SigningKey
from clerk_tinybird_app.local.clerk.store import accounts, browsers
from clerk_tinybird_app.local.clerk.store.database import Database
from clerk_tinybird_app.local.clerk.store.records import Membership
from clerk_tinybird_app.local.clerk.views import session_token
from clerk_tinybird_app.routes import CLERK_PROXY

_DATABASE: Final = "clerk.sqlite3"
_KEY: Final = "clerk-signing-key.pem"
_MS_PER_SECOND: Final = 1000
_METHODS: Final = ["GET", "POST", "PATCH", "PUT", "DELETE"]


class UnknownAccountError(LookupError):
    """There is no such account, or it is no member of the organization that was asked for."""


class EmbeddedClerk:
    """Users, organizations and sessions in SQLite, real RS256 session tokens, the SDK's files.

    Args:
        folder: The folder of all data. If there is none, it is made for its owner only.
        origins: The app's own origins, such as ``http://localhost:3000``. Only their pages get
            tokens, and ``azp`` is always one of them.
        clock: Seconds since the epoch.

    Raises:
        ValueError: ``origins`` is empty.
        SigningKeyError: The key file is damaged.
        DatabaseError: A newer version made the database.
    """

    publishable_key = PUBLISHABLE_KEY
    issuer = ISSUER

    def __init__(
        self,
        folder: Path,
        *,
        origins: Collection[str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not origins:
            raise ValueError("the embedded Clerk needs at least one origin of the app")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._clock = clock
        self._origins = tuple(origins)
        self._key = SigningKey.load_or_make(folder / _KEY)
        self._database = Database(folder / _DATABASE, lambda db: seed(db, self._now()))
        self._api = FrontendApi(
            database=self._database, key=self._key, origins=self._origins, clock=clock
        )
        self.public_key_pem = self._key.public_pem
        self.app = self._build(SdkFiles(folder))

    def issue(
        self, email: str, organization_slug: str | None = None, origin: str | None = None
    ) -> str:
        """Sign an account in without a browser and return its session token.

        Args:
            email: The e-mail address of the account.
            organization_slug: The active organization; None for the personal account.
            origin: The ``azp`` of the token; None for the first origin of the app.

        Raises:
            UnknownAccountError: There is no such account, or it is no member of the organization.
            ValueError: ``origin`` is not one of the app's own.
        """
        origin = origin or self._origins[0]
        if origin not in self._origins:
            raise ValueError("a session token is only ever for one of the app's own origins")
        with self._database.transaction(write=True) as db:
            user = accounts.user_by_email(db, email)
            if user is None:
                raise UnknownAccountError(f"the embedded Clerk has no account {email}")
            held = accounts.memberships_of_user(db, user.id)
            client_id, _ = browsers.add_client(db, self._now())
            session = browsers.add_session(
                db,
                client_id=client_id,
                user_id=user.id,
                organization_id=_organization_id(held, organization_slug),
                user_agent="",
                now=self._now(),
            )
            call = self._api.call(db, method="POST", origin=origin)
            return session_token(call, session, session.organization_id)

    def revoke_sessions(self, email: str) -> int:
        """End all sessions of an account, as Clerk's dashboard can, and return their number."""
        with self._database.transaction(write=True) as db:
            user = accounts.user_by_email(db, email)
            return browsers.end_sessions_of_user(db, user.id, "revoked") if user else 0

    def close(self) -> None:
        """Close idle database connections; the next request opens new ones."""
        self._database.close()

    def _now(self) -> int:
        """Return the time in milliseconds."""
        return int(self._clock() * _MS_PER_SECOND)

    def _build(self, sdk_files: SdkFiles) -> Starlette:
        """Return the app with all routes."""
        return Starlette(
            routes=[
                Route(f"{CLERK_PROXY}/v1/{{path:path}}", self._api.answer, methods=_METHODS),
                Route(f"{CLERK_PROXY}/.well-known/jwks.json", self._jwks),
                Route(
                    f"{CLERK_PROXY}/npm/@clerk/{{package}}@{{version}}/{{file:path}}",
                    sdk_files.serve,
                ),
            ]
        )

    async def _jwks(self, request: Request) -> Response:
        """Answer with the public key."""
        return JSONResponse(self._key.jwks())


def _organization_id(held: list[Membership], slug: str | None) -> str | None:
    """Return the id of the user's organization with this slug."""
    if slug is None:
        return None
    for membership in held:
        if membership.organization.slug == slug:
            return membership.organization.id
    raise UnknownAccountError(f"the account is no member of an organization {slug}")
