"""The two services the app stands on, each local or real, built once from the settings.

The only module outside ``local/`` that imports it.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import httpx

from clerk_tinybird_app import products, routes
from clerk_tinybird_app.clerk.keys import JwksKeys, KeySource, PemKey
from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.clerk.verifier import SessionVerifier
from clerk_tinybird_app.local import LOCAL_FOLDER, LocalDataError
from clerk_tinybird_app.local.clerk import ACCOUNTS, EMAIL_CODE, PASSWORD, EmbeddedClerk
from clerk_tinybird_app.local.clerk.seed import ACME_ID, GLOBEX_ID
from clerk_tinybird_app.local.tinybird import EmbeddedTinybird, TinybirdUnavailable
from clerk_tinybird_app.local.tinybird.workspaces.kept_workspace import DATA_FOLDER
from clerk_tinybird_app.own_clock import OwnClock
from clerk_tinybird_app.products import Product
from clerk_tinybird_app.settings import Settings, SettingsError
from clerk_tinybird_app.settings.loopback import is_loopback_url
from clerk_tinybird_app.settings.settings import require_loopback
from clerk_tinybird_app.tinybird.client import TinybirdClient
from clerk_tinybird_app.tinybird.pipe_request import Field, fields_of
from clerk_tinybird_app.tinybird.project import ProjectError, load_project
from clerk_tinybird_app.tinybird.template import TemplateError
from clerk_tinybird_app.tinybird.token import TinybirdToken, Workspace

__all__ = ["Services", "TinybirdUnavailable", "build", "current", "pipe_fields"]

_logger = logging.getLogger(__name__)

KEY_LIMITS: Final = httpx.Limits(max_connections=2, max_keepalive_connections=1)
"""Connections to Clerk's key server, which is asked one thing at a time."""

QUERY_LIMITS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=100)
"""Connections to Tinybird, and so the most queries at once; those beyond wait for a free one."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the states and the HTTP API work with.

    Attributes:
        settings: The configuration all of this was built from.
        product: What the app is about.
        publishable_key: The Clerk instance's key, which the browser is given too.
        verifier: Turns a session token into a verified ``ClerkSession``.
        tinybird: Queries the workspace's pipes.
        embedded_clerk: The embedded Clerk, None with a real one.
        embedded_tinybird: The embedded Tinybird, None with a real one.
        http: The clients of Clerk's key server and of Tinybird, to be closed at the end. They are
            two, as a Tinybird that hangs takes all connections and nobody could sign in.
        clock: Seconds since the epoch.
    """

    settings: Settings
    product: Product
    publishable_key: PublishableKey
    verifier: SessionVerifier
    tinybird: TinybirdClient
    embedded_clerk: EmbeddedClerk | None
    embedded_tinybird: EmbeddedTinybird | None
    http: tuple[httpx.AsyncClient, ...]
    clock: Callable[[], float] = time.time

    @property
    def workspace(self) -> Workspace:
        """The Tinybird workspace that tokens are minted for at the moment.

        With the embedded one it can change: a Tinybird Local found at its port brings its own.
        """
        ttl, rps = self.settings.tinybird_token_ttl, self.settings.tinybird_rps
        if self.embedded_tinybird is not None:
            return self.embedded_tinybird.workspace(token_ttl=ttl, rps=rps)
        return Workspace(
            api_url=self.settings.tinybird_api_url,
            workspace_id=self.settings.tinybird_workspace_id,
            signing_key=self.settings.tinybird_jwt_secret,
            token_ttl=ttl,
            rps=rps,
        )

    def mint(self, session: ClerkSession, *, now: float) -> TinybirdToken:
        """Mint a token for a verified session that is current at ``now``, as the policy says."""
        return TinybirdToken.mint(
            session, self.product.policy.scopes(session), self.workspace, now=now
        )

    async def start(self) -> None:
        """Start what runs in a process of its own; without it the app serves all the same."""
        if self.embedded_tinybird is None:
            return
        try:
            await self.embedded_tinybird.start()
        except TinybirdUnavailable as error:
            _logger.warning("%s The pages work; queries do not.", error)

    async def close(self) -> None:
        """Stop what was started and let go of connections."""
        if self.embedded_tinybird is not None:
            await self.embedded_tinybird.stop()
        for http in self.http:
            await http.aclose()
        if self.embedded_clerk is not None:
            self.embedded_clerk.close()

    @property
    def clerk_proxy(self) -> dict[str, str]:
        """Where the browser finds the embedded Clerk, nothing with a real one.

        The page's own origin answers it, except when the frontend is served from elsewhere: then
        ``REFLEX_API_URL`` says where the backend is.
        """
        if self.embedded_clerk is None:
            return {}
        return {"proxy_url": f"{self.settings.api_url}{routes.CLERK_PROXY}"}

    @property
    def local_accounts(self) -> dict[str, str]:
        """The embedded Clerk's ready-made accounts, address -> who it is; none with a real one."""
        accounts = ACCOUNTS if self.embedded_clerk else ()
        return {account.email: account.description for account in accounts}

    def another_tenant(self, own: str) -> str:
        """Return the id of a tenant other than ``own``: one that has rows, where that is known."""
        known = (ACME_ID, GLOBEX_ID) if self.embedded_tinybird else ("org_of_somebody_else",)
        return next(tenant for tenant in known if tenant != own)

    @property
    def has_sample_traffic(self) -> bool:
        """True when a tenant without rows can be given made-up ones."""
        return self.embedded_tinybird is not None

    async def add_sample_traffic(self, tenant: str, user_id: str) -> int:
        """Give a tenant two months of made-up requests; return how many.

        Raises:
            TinybirdUnavailable: It cannot be; the text says why.
        """
        if self.embedded_tinybird is None:
            raise TinybirdUnavailable("Sample traffic is for the embedded Tinybird alone.")
        return await self.embedded_tinybird.add_sample_traffic(tenant, user_id)

    @property
    def local_code(self) -> str:
        """The code that the embedded Clerk would e-mail, "" with a real Clerk."""
        return EMAIL_CODE if self.embedded_clerk else ""

    @property
    def local_password(self) -> str:
        """The password of the ready-made accounts, "" with a real Clerk."""
        return PASSWORD if self.embedded_clerk else ""


def build(
    settings: Settings,
    *,
    folder: Path = LOCAL_FOLDER,
    clock: Callable[[], float] = time.time,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Services:
    """Build the services that ``settings`` ask for.

    Args:
        settings: A checked configuration.
        folder: Where the embedded services keep their data.
        clock: Seconds since the epoch.
        transport: How to reach Clerk's key server and Tinybird, None for the network.

    Raises:
        SettingsError: An embedded service would be reachable from another machine, or its folder
            cannot be used.
    """
    require_loopback(settings)
    product = products.load(settings)
    with _named_folder(folder):
        embedded = (
            EmbeddedClerk(folder, origins=settings.origins, clock=clock)
            if settings.is_clerk_local
            else None
        )
        tinybird = (
            EmbeddedTinybird(
                project=product.project, data=folder / DATA_FOLDER, port=settings.tb_local_port
            )
            if settings.is_tinybird_local
            else None
        )
    key = embedded.publishable_key if embedded else settings.clerk_publishable_key
    publishable_key = PublishableKey.parse(key)
    tinybird_url = tinybird.url if tinybird else settings.tinybird_api_url
    own_clock = OwnClock(clock)
    hooks = {"response": [own_clock.compare]}
    key_http = httpx.AsyncClient(transport=transport, limits=KEY_LIMITS, event_hooks=hooks)
    query_http = httpx.AsyncClient(
        transport=transport,
        event_hooks=hooks,
        limits=QUERY_LIMITS,
        # A proxy in the environment is not for this machine.
        trust_env=not is_loopback_url(tinybird_url),
    )
    verifier = SessionVerifier(
        issuer=publishable_key.issuer,
        authorized_parties=settings.origins,
        keys=_keys(settings, publishable_key, embedded, key_http),
        clock=clock,
        clock_ahead=own_clock.ahead,
    )
    return Services(
        settings=settings,
        product=product,
        publishable_key=publishable_key,
        verifier=verifier,
        tinybird=TinybirdClient(tinybird_url, http=query_http),
        embedded_clerk=embedded,
        embedded_tinybird=tinybird,
        http=(key_http, query_http),
        clock=clock,
    )


@contextmanager
def _named_folder(folder: Path) -> Iterator[None]:
    """Turn whatever is wrong with the embedded services' folder into a sentence that names it."""
    try:
        yield
    except (OSError, sqlite3.Error, KeyError, ValueError, LocalDataError) as error:
        reason = str(error) if isinstance(error, LocalDataError | OSError) else repr(error)
        raise SettingsError(
            f"The embedded services cannot use the folder {folder}: {reason}\n"
            "Make it writable, or delete it to start over, or configure the real services."
        ) from error


def _keys(
    settings: Settings,
    publishable_key: PublishableKey,
    embedded: EmbeddedClerk | None,
    http: httpx.AsyncClient,
) -> KeySource:
    if pem := embedded.public_key_pem if embedded else settings.clerk_jwt_key:
        return PemKey(pem)
    return JwksKeys(publishable_key.jwks_url, http=http)


@cache
def current() -> Services:
    """Return the running app's services, built from the environment on the first call.

    Raises:
        SystemExit: The configuration cannot be used; the text says why.
    """
    try:
        return build(Settings.load())
    except SettingsError as error:
        raise SystemExit(f"Configuration error: {error}") from None


@cache
def pipe_fields() -> dict[str, list[Field]]:
    """Return pipe -> inputs for every pipe of the policy, from the project's files.

    A project that cannot be read costs the forms, not the app: the reason is logged.
    """
    product = products.current()
    try:
        pipes = load_project(product.project).pipes
        return {
            name: fields_of(pipes[name], without=fixed)
            for name, fixed in product.policy.fixed.items()
            if name in pipes
        }
    except (ProjectError, TemplateError, OSError) as error:
        _logger.warning("The Tinybird project's parameters cannot be read: %s", error)
        return {}
