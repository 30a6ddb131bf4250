"""What a request tells the service data sources of its workspace, once it is answered."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request

from clerk_tinybird_app.local.tinybird.access.claims import Caller
from clerk_tinybird_app.local.tinybird.engine.chdb_session import Read
from clerk_tinybird_app.local.tinybird.project import service_datasources
from clerk_tinybird_app.local.tinybird.service import Service
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace

QUERY_API: Final = "query_api"
"""What Tinybird calls the SQL of callers where a pipe's name stands."""

_FIRST_FAILURE: Final = 400
_MOST_CHARACTERS: Final = 4_000
"""Of all parameters together: thousands of requests may wait to be written."""

_LONGEST: Final = 1_000
"""Characters of what is kept of an address or a parameter."""

_NOTHING: Final = Read(0, 0, 0)


def _address(request: Request) -> str:
    """Return a request's path and query, without a token."""
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    if "token" in request.query_params:
        query = request.url.remove_query_params("token").query
    return f"{path}?{query}"[:_LONGEST] if query else str(path)


def _shortened(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return parameters as texts, each cut, and the first of them where they are very many."""
    kept, room = dict[str, str](), _MOST_CHARACTERS
    for name, value in parameters.items():
        text = str(value)[:_LONGEST]
        room -= len(name) + len(text)
        if room < 0:
            break
        kept[name] = text
    return kept


def _loop_time() -> float:
    return asyncio.get_running_loop().time()


@dataclass
class Observation:
    """A request under way, of a caller who is known.

    Attributes:
        service: Where it arrived.
        workspace: The caller's.
        caller: Whose it is.
        pipe: The name or the id of the pipe that it asks; "" for none.
        parameters: What it sends to the pipe.
        operation: What it does to a data source; "" for nothing.
        datasource: The data source's name.
        id: The request's own.
        began: When it arrived, in seconds since the epoch.
        since: The same, as the event loop counts.
    """

    service: Service
    workspace: LocalWorkspace
    caller: Caller
    pipe: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    operation: str = ""
    datasource: str = ""
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    began: float = field(init=False)
    since: float = field(default_factory=_loop_time)

    def __post_init__(self) -> None:
        self.began = self.service.clock()

    def answered(
        self, request: Request, status: int, *, read: Read | None = _NOTHING, error: str = ""
    ) -> None:
        """Keep how a pipe answered; of a ``read`` of service data sources nothing is kept."""
        known = self.workspace.pipe_name(self.pipe) if self.pipe != QUERY_API else QUERY_API
        if known is None or read is None:
            return
        shared = {
            "start_datetime": int(self.began),
            "request_id": self.id,
            "pipe_id": known if known == QUERY_API else self._id("pipe", known),
            "pipe_name": known,
            "url": _address(request),
            "status_code": status,
        }
        parameters = _shortened(self.parameters)
        row = {
            **shared,
            "duration": _loop_time() - self.since,
            "read_bytes": read.bytes,
            "read_rows": read.rows,
            "result_rows": read.result_rows,
            "error": int(status >= _FIRST_FAILURE),
            "token": self._id("token", self.caller.name),
            "token_name": self.caller.name,
            "method": request.method,
            "parameters": parameters,
            "user_agent": request.headers.get("user-agent", "")[:_LONGEST] or None,
        }
        self._add(service_datasources.PIPE_STATS_RT, row)
        if status >= _FIRST_FAILURE:
            more = {"params": str(parameters)[:_LONGEST], "error": error[:_LONGEST]}
            self._add(service_datasources.ENDPOINT_ERRORS, {**shared, **more})

    def operated(
        self, *, rows: int = 0, quarantined: int = 0, error: str = "", job_id: str | None = None
    ) -> None:
        """Keep what became of a data source."""
        self.service.observed.add_operation(
            self.workspace,
            self.operation,
            self.datasource,
            began=self.began,
            seconds=_loop_time() - self.since,
            rows=rows,
            quarantined=quarantined,
            error=error,
            **dict.fromkeys(("job_id", "import_id"), job_id),
            **dict.fromkeys(("request_id", "operation_id"), self.id),
        )

    def failed(self, request: Request, status: int, error: str) -> None:
        """Keep that it was refused."""
        if self.operation:
            self.operated(error=error)
        elif self.pipe:
            self.answered(request, status, error=error)

    def _id(self, kind: str, name: str) -> str:
        return self.workspace.resource_id(kind, name)

    def _add(self, table: str, row: Mapping[str, Any]) -> None:
        self.service.observed.add(self.workspace, table, row)
