"""The two services the app stands on, each local or real, built once from the settings.

The only module outside ``local/`` that imports it.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx

from clerk_tinybird_app import routes
from clerk_tinybird_app.clerk.keys import JwksKeys, KeySource, PemKey
from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.clerk.verifier import SessionVerifier
from clerk_tinybird_app.exposure import require_loopback
from clerk_tinybird_app.local import LOCAL_FOLDER, LocalDataError
from clerk_tinybird_app.local.clerk import ACCOUNTS, EMAIL_CODE, PASSWORD, EmbeddedClerk
from clerk_tinybird_app.local.tinybird import local_workspace
from clerk_tinybird_app.settings import Settings, SettingsError
from clerk_tinybird_app.tinybird.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Services:
    """What the states and the HTTP API work with.

    Attributes:
        settings: The configuration all of this was built from.
        publishable_key: The Clerk instance's key, which the browser is given too.
        verifier: Turns a session token into a verified ``ClerkSession``.
        workspace: The Tinybird workspace that tokens are minted for.
        embedded_clerk: The embedded Clerk, None with a real one.
        http: The client that fetches Clerk's keys, to be closed at the end.
        clock: Seconds since the epoch.
    """

    settings: Settings
    publishable_key: PublishableKey
    verifier: SessionVerifier
    workspace: Workspace
    embedded_clerk: EmbeddedClerk | None
    http: httpx.AsyncClient
    clock: Callable[[], float] = time.time

    async def close(self) -> None:
        """Let go of connections."""
        await self.http.aclose()
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
        transport: How to reach Clerk's key server, None for the network.

    Raises:
        SettingsError: An embedded service would be reachable from another machine, or its folder
            cannot be used.
    """
    require_loopback(settings)
    http = httpx.AsyncClient(transport=transport)
    with _named_folder(folder):
        embedded = (
            EmbeddedClerk(folder, origins=settings.origins, clock=clock)
            if settings.is_clerk_local
            else None
        )
        workspace = _local_workspace(settings, folder) if settings.is_tinybird_local else None
    key = embedded.publishable_key if embedded else settings.clerk_publishable_key
    publishable_key = PublishableKey.parse(key)
    verifier = SessionVerifier(
        issuer=publishable_key.issuer,
        authorized_parties=settings.origins,
        keys=_keys(settings, publishable_key, embedded, http),
        clock=clock,
    )
    return Services(
        settings=settings,
        publishable_key=publishable_key,
        verifier=verifier,
        workspace=workspace or _workspace(settings),
        embedded_clerk=embedded,
        http=http,
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


def _local_workspace(settings: Settings, folder: Path) -> Workspace:
    return local_workspace(
        folder,
        port=settings.tb_local_port,
        token_ttl=settings.tinybird_token_ttl,
        rps=settings.tinybird_rps,
    )


def _workspace(settings: Settings) -> Workspace:
    return Workspace(
        api_url=settings.tinybird_api_url,
        workspace_id=settings.tinybird_workspace_id,
        signing_key=settings.tinybird_jwt_secret,
        token_ttl=settings.tinybird_token_ttl,
        rps=settings.tinybird_rps,
    )


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
