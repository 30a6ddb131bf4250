"""``/v0/pipes`` and ``/v0/datasources``: what there is."""

# ruff: noqa: S608 - identifiers are quoted and texts escaped by `tables`

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.access.caller import Caller
from clerk_tinybird_app.local.tinybird.engine.tables import QUARANTINE_SUFFIX, literal
from clerk_tinybird_app.local.tinybird.errors import forbidden, not_found
from clerk_tinybird_app.local.tinybird.routes.answering import answering, identify, queried
from clerk_tinybird_app.local.tinybird.routes.descriptions import datasource_view, pipe_view
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace
from clerk_tinybird_app.tinybird.project import DataSource

_EMPTY = {"row_count": 0, "bytes": 0, "quarantine_rows": 0}


@answering
async def pipes(request: Request) -> Response:
    """List the pipes that the caller may read."""
    workspace, caller = identify(request)
    views = [
        pipe_view(workspace, pipe, with_sql=caller.is_admin)
        for name, pipe in workspace.served.pipes.items()
        if caller.may_read(name, workspace.resource_id("pipe", name))
    ]
    return JSONResponse({"pipes": views})


async def pipe(request: Request) -> Response:
    """Describe a pipe, its parameters among it."""
    workspace, caller = identify(request)
    name = request.path_params["file"]
    served = workspace.served
    if name in served.unserved:
        # Whoever may not read it learns nothing of what is wrong with it.
        caller.fixed_params(name, workspace.resource_id("pipe", name))
        served.require(name)
    found = served.pipes.get(name)
    if found is None:
        raise not_found(f"Pipe '{name}' not found")
    caller.fixed_params(name, workspace.resource_id("pipe", name))
    return JSONResponse(pipe_view(workspace, found, with_sql=caller.is_admin))


@answering
async def datasources(request: Request) -> Response:
    """List the data sources that the caller may read or add to."""
    workspace, caller = identify(request)
    sources = [
        source
        for source in workspace.served.datasources.values()
        if _may_see(caller, workspace, source)
    ]
    counts = await _statistics(request, workspace, caller)
    views = [
        datasource_view(workspace, source, counts.get(source.name, _EMPTY)) for source in sources
    ]
    return JSONResponse({"datasources": views})


@answering
async def datasource(request: Request) -> Response:
    """Describe a data source."""
    workspace, caller = identify(request)
    source = workspace.datasource(request.path_params["name"])
    if not _may_see(caller, workspace, source):
        raise forbidden(f"The token does not have access to the data source '{source.name}'")
    counts = await _statistics(request, workspace, caller)
    return JSONResponse(datasource_view(workspace, source, counts.get(source.name, _EMPTY)))


def _may_see(caller: Caller, workspace: LocalWorkspace, source: DataSource) -> bool:
    keys = {source.name, workspace.resource_id("datasource", source.name)}
    return caller.is_admin or bool(keys & (caller.appends | caller.datasources.keys()))


async def _statistics(
    request: Request, workspace: LocalWorkspace, caller: Caller
) -> dict[str, dict[str, Any]]:
    """Return rows, bytes and quarantined rows by data source."""
    query = (
        "SELECT name, total_rows AS rows, total_bytes AS bytes FROM system.tables "
        f"WHERE database = {literal(workspace.database)}"
    )
    answer = await queried(
        request, workspace, caller, lambda session: session.query(query, "JSONEachRow")
    )
    found = {row["name"]: row for row in map(json.loads, answer.splitlines())}
    return {
        name: {
            "row_count": int(row["rows"] or 0),
            "bytes": int(row["bytes"] or 0),
            "quarantine_rows": int(found.get(name + QUARANTINE_SUFFIX, {}).get("rows") or 0),
        }
        for name, row in found.items()
    }
