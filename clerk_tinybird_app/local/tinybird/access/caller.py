"""Who calls the API and what they may do."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from clerk_tinybird_app.local.tinybird.errors import forbidden

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A verified token.

    Attributes:
        name: The token's name, which requests are counted by.
        is_admin: Whether it may do everything in its workspace.
        pipes: Pipes it may read, each with the parameters that are fixed.
        datasources: Data sources it may read, each with its filter, "" for none.
        appends: Data sources it may add to.
        rps: Requests per second; 0 for no limit.
        starts: When it begins to hold, in seconds since the epoch.
        expires: When it holds no more, in seconds since the epoch; infinity for never.
    """

    name: str
    is_admin: bool = False
    pipes: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: _NOTHING)
    datasources: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    appends: frozenset[str] = frozenset()
    rps: int = 0
    starts: float = -math.inf
    expires: float = math.inf

    def holds_at(self, now: float) -> bool:
        """Tell whether it holds at ``now``, in seconds since the epoch."""
        return self.starts <= now < self.expires

    def may_read(self, pipe: str, pipe_id: str) -> bool:
        """Tell whether it may read a pipe, known by its name and its id."""
        return self.is_admin or pipe in self.pipes or pipe_id in self.pipes

    def fixed_params(self, pipe: str, pipe_id: str) -> Mapping[str, Any]:
        """Return the parameters that win over whatever the request says.

        Raises:
            ApiError: 403, the token is not for this pipe, or names it twice.
        """
        if self.is_admin:
            return _NOTHING
        found = [self.pipes[key] for key in (pipe, pipe_id) if key in self.pipes]
        if len(found) != 1:
            raise forbidden(f"The token does not have PIPES:READ over the pipe '{pipe}'")
        return found[0]

    def require_append(self, datasource: str, datasource_id: str) -> None:
        """Pass if it may add rows to a data source, known by its name and its id.

        Raises:
            ApiError: 403.
        """
        if not self.is_admin and not self.appends & {datasource, datasource_id}:
            raise forbidden(
                f"The token does not have DATASOURCES:APPEND over the data source '{datasource}'"
            )

    def require_admin(self) -> None:
        """Pass if it may do everything.

        Raises:
            ApiError: 403.
        """
        if not self.is_admin:
            raise forbidden("The token does not have ADMIN over this workspace")
