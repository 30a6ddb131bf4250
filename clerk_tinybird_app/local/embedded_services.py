"""The embedded services that a configuration needs, and their accounts and tenants."""

import logging
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

from clerk_tinybird_app.local import LocalDataError
from clerk_tinybird_app.local.clerk import ACCOUNTS, EMAIL_CODE, PASSWORD, EmbeddedClerk
from clerk_tinybird_app.local.clerk.seed import ACME_ID, GLOBEX_ID
from clerk_tinybird_app.local.tinybird import EmbeddedTinybird, TinybirdUnavailable
from clerk_tinybird_app.local.tinybird.access.static_tokens import DATA_FOLDER
from clerk_tinybird_app.products import Product
from clerk_tinybird_app.routes import CLERK_PROXY
from clerk_tinybird_app.settings import Settings, SettingsError
from clerk_tinybird_app.tinybird.token import Workspace

_logger = logging.getLogger(__name__)

_SOMEBODY_ELSE: Final = "org_of_somebody_else"
_EMPTY_TTL: Final = 60
_EMPTY_RPS: Final = 100
"""The limits of tokens for a Tinybird without rows, which runs for seconds only."""


@dataclass(frozen=True)
class Embedded:
    """What runs here instead of the real services.

    Attributes:
        clerk: The embedded Clerk, None with a real one.
        tinybird: The embedded Tinybird, None with a real one.
    """

    clerk: EmbeddedClerk | None
    tinybird: EmbeddedTinybird | None

    @classmethod
    def build(
        cls, settings: Settings, product: Product, *, folder: Path, clock: Callable[[], float]
    ) -> Self:
        """Build the services for ``settings`` without starting them.

        Args:
            settings: A checked configuration.
            product: What the app is about.
            folder: The folder of the data.
            clock: Seconds since the epoch.

        Raises:
            SettingsError: The folder cannot be used.
        """
        clerk = tinybird = None
        with _named_folder(folder):
            if settings.is_clerk_local:
                clerk = EmbeddedClerk(folder, origins=settings.origins, clock=clock)
            if settings.is_tinybird_local:
                tinybird = EmbeddedTinybird(
                    project=product.project,
                    data=folder / DATA_FOLDER,
                    port=settings.tb_local_port,
                    product=product.package if product.sample else "",
                    arguments=("--log-format", settings.log_format),
                )
        return cls(clerk, tinybird)

    async def start(self) -> None:
        """Start the embedded Tinybird. If this fails, it is logged and the app goes on."""
        if self.tinybird is None:
            return
        try:
            await self.tinybird.start()
        except TinybirdUnavailable as error:
            _logger.warning("%s The pages work; queries do not.", error)

    async def stop(self) -> None:
        """Stop the embedded Tinybird's process."""
        if self.tinybird is not None:
            await self.tinybird.stop()

    def close(self) -> None:
        """Close the embedded Clerk's database."""
        if self.clerk is not None:
            self.clerk.close()

    def clerk_proxy(self, api_url: str) -> dict[str, str]:
        """Return the address of the embedded Clerk for the browser, nothing with a real one.

        Args:
            api_url: The address of the backend; "" when pages and backend have the same origin.
        """
        return {"proxy_url": f"{api_url}{CLERK_PROXY}"} if self.clerk else {}

    @property
    def accounts(self) -> Mapping[str, str]:
        """The ready-made accounts, e-mail address -> description; none with a real Clerk."""
        accounts = ACCOUNTS if self.clerk else ()
        return {account.email: account.description for account in accounts}

    @property
    def password(self) -> str:
        """The password of the ready-made accounts, "" with a real Clerk."""
        return PASSWORD if self.clerk else ""

    @property
    def code(self) -> str:
        """The code that Clerk would send by e-mail, "" with a real Clerk."""
        return EMAIL_CODE if self.clerk else ""

    def another_tenant(self, own: str) -> str:
        """Return the id of a tenant other than ``own``, if possible of one with rows."""
        known = (ACME_ID, GLOBEX_ID) if self.tinybird else (_SOMEBODY_ELSE,)
        return next(tenant for tenant in known if tenant != own)


@asynccontextmanager
async def empty_tinybird(project: Path) -> AsyncIterator[Workspace]:
    """Run an embedded Tinybird for a project without any rows, until the block ends.

    Raises:
        TinybirdUnavailable: It does not start; the text says why.
    """
    with TemporaryDirectory() as folder:
        data = Path(folder) / DATA_FOLDER
        tinybird = EmbeddedTinybird(project=project, data=data, port=_free_port())
        try:
            await tinybird.start()
            yield tinybird.workspace(token_ttl=_EMPTY_TTL, rps=_EMPTY_RPS)
        finally:
            await tinybird.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _named_folder(folder: Path) -> Iterator[None]:
    """Turn all errors of the folder into an error whose text names the folder."""
    try:
        yield
    except (OSError, sqlite3.Error, KeyError, ValueError, LocalDataError) as error:
        reason = str(error) if isinstance(error, LocalDataError | OSError) else repr(error)
        raise SettingsError(
            f"The embedded services cannot use the folder {folder}: {reason}\n"
            "Make it writable, or delete it to start over, or configure the real services."
        ) from error
