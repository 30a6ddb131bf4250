"""The workspaces of this machine, and whose token a token is."""

import hashlib
import math
import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from clerk_tinybird_app.local.tinybird.access import claims
from clerk_tinybird_app.local.tinybird.access.claims import Caller
from clerk_tinybird_app.local.tinybird.access.static_tokens import new_token
from clerk_tinybird_app.local.tinybird.engine.tables import LANDING_SUFFIX
from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.errors import bad_request, forbidden, not_found
from clerk_tinybird_app.local.tinybird.project import schema
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace

_JWT_DOTS: Final = 2
_STATIC_PREFIX: Final = "p."
_MOST_MADE: Final = 10
_MOST_KNOWN: Final = 1_000


class Workspaces:
    """The first workspace, which lasts, and those that ``tb`` makes, which end with the process.

    A JWT that was verified is remembered for as long as it holds, so that a client's next request
    costs no second verification. What is remembered is its digest, which nobody can send as a
    token. When there is no more room, the one known longest goes.
    Tokens that do not expire are not remembered, because the project's files can take them back.

    For any thread; tokens for the event loop's alone.
    """

    def __init__(self, first: LocalWorkspace, writer: Writer, clock: Callable[[], float]) -> None:
        self.first = first
        self._all = {first.id: first}
        self._changing = threading.Lock()
        self._writer = writer
        self._clock = clock
        # By digest, each with the key that had signed it.
        self._known: dict[bytes, tuple[LocalWorkspace, str, Caller]] = {}
        self.user_token = new_token(first.id, "user")
        # Those of workspaces that ended with an earlier process are of no use.
        found = {name.removesuffix(LANDING_SUFFIX) for name in writer.run(schema.databases)}
        for database in found - {first.database}:
            if database.startswith("w_"):
                writer.run(partial(schema.drop_database, database=database))
        writer.run(partial(schema.create_database, database=first.database))

    def all(self) -> list[LocalWorkspace]:
        """Return every workspace, the first one first."""
        return list(self._all.values())

    def add(self, name: str) -> LocalWorkspace:
        """Make an empty workspace of a new name; of those made, the latest ten are kept."""
        with self._changing:
            if any(workspace.name == name for workspace in self.all()):
                raise bad_request(f"There is a workspace named '{name}' already")
            made = LocalWorkspace.new(name)
            self._writer.run(partial(schema.create_database, database=made.database))
            self._all[made.id] = made
            # `tb --local test run` means to remove what it made, but asks for another name.
            for old in self.all()[1:-_MOST_MADE]:
                self._remove(old)
        return made

    def remove(self, id_or_name: str) -> LocalWorkspace:
        """Remove a workspace that was made, and its rows; ``tb`` names it by id or by name."""
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
        self._writer.run(partial(schema.drop_database, database=workspace.database))

    def identify(self, token: str) -> tuple[LocalWorkspace, Caller]:
        """Return the workspace a token is for, and what it grants there, or refuse with 403."""
        digest = hashlib.sha256(token.encode()).digest()
        if known := self._known.get(digest):
            workspace, key, caller = known
            is_there = workspace.signing_key == key and workspace.id in self._all
            if is_there and caller.holds_at(self._clock()):
                return workspace, caller
            del self._known[digest]
        workspace, caller = self._verified(token)
        if caller.expires < math.inf:
            if len(self._known) >= _MOST_KNOWN:
                del self._known[next(iter(self._known))]
            self._known[digest] = workspace, workspace.signing_key, caller
        return workspace, caller

    def _verified(self, token: str) -> tuple[LocalWorkspace, Caller]:
        if token == self.user_token:
            return self.first, Caller(name="user", workspace_id=self.first.id, is_admin=True)
        for workspace in self.all():
            if token == workspace.signing_key:
                return workspace, Caller(name="admin", workspace_id=workspace.id, is_admin=True)
            if static := workspace.tokens.get(token) or workspace.made_tokens.get(token):
                return workspace, static.caller
        if token.startswith(_STATIC_PREFIX) or token.count(".") != _JWT_DOTS:
            raise claims.malformed()
        # What no key has signed is for the first workspace to refuse.
        signed = (each for each in self.all() if claims.is_signed(token, each.signing_key))
        signer, now = next(signed, self.first), self._clock()
        key = signer.signing_key
        return signer, claims.read(token, signing_key=key, workspace_id=signer.id, now=now)
