"""The embedded services that a configuration asks for, and whose made-up world they hold."""

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
"""Of tokens for a Tinybird without rows, which lives for seconds and keeps nothing."""


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
        """Build what ``settings`` ask for; nothing is started.

        Args:
            settings: A checked configuration.
            product: What the app is about.
            folder: Where the data is kept.
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
                )
        return cls(clerk, tinybird)

    async def start(self) -> None:
        """Start what runs in a process of its own; without it the app serves all the same."""
        if self.tinybird is None:
            return
        try:
            await self.tinybird.start()
        except TinybirdUnavailable as error:
            _logger.warning("%s The pages work; queries do not.", error)

    async def stop(self) -> None:
        """Stop what was started."""
        if self.tinybird is not None:
            await self.tinybird.stop()

    def close(self) -> None:
        """Let go of the embedded Clerk's database."""
        if self.clerk is not None:
            self.clerk.close()

    def clerk_proxy(self, api_url: str) -> dict[str, str]:
        """Return where the browser finds the embedded Clerk, nothing with a real one.

        Args:
            api_url: Where the backend is; "" when it is on the pages' own origin.
        """
        return {"proxy_url": f"{api_url}{CLERK_PROXY}"} if self.clerk else {}

    @property
    def accounts(self) -> Mapping[str, str]:
        """The ready-made accounts, address -> who it is; none with a real Clerk."""
        accounts = ACCOUNTS if self.clerk else ()
        return {account.email: account.description for account in accounts}

    @property
    def password(self) -> str:
        """The password of the ready-made accounts, "" with a real Clerk."""
        return PASSWORD if self.clerk else ""

    @property
    def code(self) -> str:
        """The code that would be e-mailed, "" with a real Clerk."""
        return EMAIL_CODE if self.clerk else ""

    def another_tenant(self, own: str) -> str:
        """Return the id of a tenant other than ``own``: one that has rows, where that is known."""
        known = (ACME_ID, GLOBEX_ID) if self.tinybird else (_SOMEBODY_ELSE,)
        return next(tenant for tenant in known if tenant != own)


@asynccontextmanager
async def empty_tinybird(project: Path) -> AsyncIterator[Workspace]:
    """Serve a project without any row on a free port of this machine, for as long as it is used.

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
    """Turn whatever is wrong with the folder into a sentence that names it."""
    try:
        yield
    except (OSError, sqlite3.Error, KeyError, ValueError, LocalDataError) as error:
        reason = str(error) if isinstance(error, LocalDataError | OSError) else repr(error)
        raise SettingsError(
            f"The embedded services cannot use the folder {folder}: {reason}\n"
            "Make it writable, or delete it to start over, or configure the real services."
        ) from error
