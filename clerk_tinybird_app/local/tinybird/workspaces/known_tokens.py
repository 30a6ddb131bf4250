"""The JWTs that were found good, so that a client's next request costs no second verification."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from clerk_tinybird_app.local.tinybird.access.caller import Caller
from clerk_tinybird_app.local.tinybird.workspaces.registry import Workspaces
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace

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
