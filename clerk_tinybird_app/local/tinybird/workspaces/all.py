"""The workspaces of this machine, and whose token a token is."""

import hashlib
import math
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from clerk_tinybird_app.local.tinybird.access import claims
from clerk_tinybird_app.local.tinybird.access.claims import Caller
from clerk_tinybird_app.local.tinybird.access.static_tokens import token_text
from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.errors import bad_request, forbidden, not_found
from clerk_tinybird_app.local.tinybird.project import schema
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace

_JWT_DOTS: Final = 2
_STATIC_PREFIX: Final = "p."
_MOST_MADE: Final = 10


class Workspaces:
    """The first workspace, which lasts, and those that ``tb`` makes, which end with the process.

    For any thread.

    Args:
        first: The workspace of the served project.
        writer: Makes and removes databases.
        clock: Seconds since the epoch.
    """

    def __init__(self, first: LocalWorkspace, writer: Writer, clock: Callable[[], float]) -> None:
        self.first = first
        self._all = {first.id: first}
        self._changing = threading.Lock()
        self._writer = writer
        self._clock = clock
        self.user_token = token_text(first.id, "user", secrets.token_urlsafe(32))
        writer.run(lambda session: schema.create_database(session, first.database))

    def all(self) -> list[LocalWorkspace]:
        """Return every workspace, the first one first."""
        return list(self._all.values())

    def add(self, name: str) -> LocalWorkspace:
        """Make an empty workspace; of those made, the latest ten are kept.

        Raises:
            ApiError: 400, there is one of that name.
        """
        with self._changing:
            if any(workspace.name == name for workspace in self.all()):
                raise bad_request(f"There is a workspace named '{name}' already")
            made = LocalWorkspace.new(name)
            self._writer.run(lambda session: schema.create_database(session, made.database))
            self._all[made.id] = made
            # `tb --local test run` means to remove what it made, but asks for another name.
            for old in self.all()[1:-_MOST_MADE]:
                self._remove(old)
        return made

    def remove(self, id_or_name: str) -> LocalWorkspace:
        """Remove a workspace and its rows; ``tb`` names it by id or by name.

        Raises:
            ApiError: 404, there is none; 403, it is the one that lasts.
        """
        with self._changing:
            found = [each for each in self.all() if id_or_name in (each.id, each.name)]
            if not found:
                raise not_found(f"Workspace '{id_or_name}' not found")
            if found[0] is self.first:
                raise forbidden("This workspace serves the project and cannot be removed")
            self._remove(found[0])
        return found[0]

    def _remove(self, workspace: LocalWorkspace) -> None:
        del self._all[workspace.id]
        self._writer.run(lambda session: schema.drop_database(session, workspace.database))

    def remove_leftovers(self) -> None:
        """Remove the databases of workspaces that ended with an earlier process."""
        kept = {workspace.database for workspace in self._all.values()}

        def leftovers() -> list[str]:
            found = self._writer.run(schema.databases)
            return [name for name in found if name.startswith("w_")]

        for database in {name.removesuffix(schema.LANDING_SUFFIX) for name in leftovers()} - kept:
            self._writer.run(partial(schema.drop_database, database=database))

    def identify(self, token: str) -> tuple[LocalWorkspace, Caller]:
        """Return the workspace a token is for, and what it grants there.

        Raises:
            ApiError: 403.
        """
        if token == self.user_token:
            return self.first, Caller(name="user", is_admin=True)
        for workspace in self.all():
            if token == workspace.signing_key:
                return workspace, Caller(name="admin", is_admin=True)
            if static := workspace.served.tokens.get(token):
                return workspace, static.caller
        if token.startswith(_STATIC_PREFIX) or token.count(".") != _JWT_DOTS:
            raise claims.malformed()
        signer = self._signer(token)
        return signer, claims.read(
            token,
            signing_key=signer.signing_key,
            workspace_id=signer.id,
            now=self._clock(),
        )

    def _signer(self, token: str) -> LocalWorkspace:
        """Return the workspace whose key signed a token, else the first, which refuses it."""
        if len(self._all) == 1:
            return self.first
        signed = (each for each in self.all() if claims.is_signed(token, each.signing_key))
        return next(signed, self.first)


_MOST: Final = 1_000


@dataclass(frozen=True)
class _Known:
    workspace: LocalWorkspace
    signing_key: str = field(repr=False)
    caller: Caller

    def is_good(self, workspaces: Workspaces, now: float) -> bool:
        """Tell whether verifying the token again would find the same."""
        return (
            self.caller.holds_at(now)
            and self.workspace.signing_key == self.signing_key
            and self.workspace in workspaces.all()
        )


class KnownTokens:
    """Tells whose token a token is, and remembers what it found for as long as that holds.

    It remembers digests, not tokens: nothing in here can be sent as a token. When there is no more
    room, the one known longest goes. Tokens that do not expire are not remembered, because the
    project's files can take them back.

    Args:
        workspaces: Verify what is not known.
        clock: Seconds since the epoch.
    """

    def __init__(self, workspaces: Workspaces, clock: Callable[[], float]) -> None:
        self._workspaces = workspaces
        self._clock = clock
        self._known: dict[bytes, _Known] = {}

    def identify(self, token: str) -> tuple[LocalWorkspace, Caller]:
        """Return the workspace a token is for, and what it grants there.

        Raises:
            ApiError: 403.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None:
            if known.is_good(self._workspaces, self._clock()):
                return known.workspace, known.caller
            del self._known[digest]
        workspace, caller = self._workspaces.identify(token)
        if caller.expires < math.inf:
            if len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            self._known[digest] = _Known(workspace, workspace.signing_key, caller)
        return workspace, caller
