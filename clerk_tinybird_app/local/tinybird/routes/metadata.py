"""``/v0/pipes`` and ``/v0/datasources``: what there is."""

# ruff: noqa: S608 - identifiers are quoted and texts escaped by `tables`

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.access.claims import Caller
from clerk_tinybird_app.local.tinybird.engine import tables
from clerk_tinybird_app.local.tinybird.engine.tables import QUARANTINE_SUFFIX, literal
from clerk_tinybird_app.local.tinybird.errors import forbidden, not_found
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe
from clerk_tinybird_app.local.tinybird.routes.answering import answering, identify, queried
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace
from clerk_tinybird_app.tinybird.project import Column, DataSource, Node
from clerk_tinybird_app.tinybird.template import Parameter

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


def pipe_view(
    workspace: LocalWorkspace, compiled: CompiledPipe, *, with_sql: bool
) -> dict[str, Any]:
    """Return a pipe with its nodes and their parameters; the SQL is for admins."""
    pipe = compiled.pipe
    nodes = [_node_view(workspace, compiled, node, with_sql=with_sql) for node in pipe.nodes]
    endpoint = workspace.resource_id("node", pipe.name, pipe.endpoint.name)
    return {
        "id": workspace.resource_id("pipe", pipe.name),
        "name": pipe.name,
        "description": pipe.description,
        "type": "endpoint" if pipe.is_endpoint else "default",
        "endpoint": endpoint if pipe.is_endpoint else None,
        **_dates(pipe.modified),
        "parent": None,
        "nodes": nodes,
        "url": f"/v0/pipes/{pipe.name}.json",
    }


def _node_view(
    workspace: LocalWorkspace, compiled: CompiledPipe, node: Node, *, with_sql: bool
) -> dict[str, Any]:
    parameters = compiled.templates[node.name].parameters
    view = {
        "id": workspace.resource_id("node", compiled.pipe.name, node.name),
        "name": node.name,
        "description": node.description,
        "node_type": node.type.lower() or "standard",
        "params": [_parameter_view(parameter) for parameter in parameters],
        "dependencies": sorted(compiled.uses[node.name]),
        **_dates(compiled.pipe.modified),
    }
    return {**view, "sql": f"%\n{node.sql}" if node.is_template else node.sql} if with_sql else view


def _dates(modified: float) -> dict[str, str]:
    """Return both dates of what a file describes: when that file was written as it is."""
    at = datetime.fromtimestamp(modified, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return {"created_at": at, "updated_at": at}


def _parameter_view(parameter: Parameter) -> dict[str, Any]:
    """Return a parameter; what it does not say is left out."""
    view = {
        "name": parameter.name,
        "type": parameter.type,
        "required": parameter.required,
        "default": parameter.default,
        "description": parameter.description,
        "enum": parameter.enum,
        "example": parameter.example,
        "format": parameter.format,
    }
    return {key: value for key, value in view.items() if value not in (None, "", ())}


def datasource_view(
    workspace: LocalWorkspace, source: DataSource, statistics: Mapping[str, int]
) -> dict[str, Any]:
    """Return a data source.

    Args:
        workspace: Where it is.
        source: As the project has it.
        statistics: ``row_count``, ``bytes`` and ``quarantine_rows``.
    """
    settings = {key.lower(): value for key, value in source.engine_settings.items()}
    return {
        "id": workspace.resource_id("datasource", source.name),
        "name": source.name,
        "description": source.description,
        "cluster": "default",
        "type": "csv",
        "tags": {},
        **_dates(source.modified),
        "replicated": False,
        "version": 0,
        "project": None,
        "used_by": [],
        "headers": {"cached_delimiter": ","},
        "shared_with": [],
        "engine": {"engine": source.engine, **settings},
        "columns": [_column_view(column) for column in source.columns],
        "statistics": {"bytes": statistics["bytes"], "row_count": statistics["row_count"]},
        "quarantine_rows": statistics["quarantine_rows"],
        "new_columns_detected": {},
        "errors_discarded_at": "",
    }


def _column_view(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "codec": None,
        "default_value": f"DEFAULT {column.default}" if column.default else None,
        "jsonpath": column.json_path,
        "nullable": tables.is_nullable(column),
        "normalized_name": column.name,
    }


def workspace_view(workspace: LocalWorkspace) -> dict[str, Any]:
    """Return a workspace with its admin token."""
    return {
        "id": workspace.id,
        "name": workspace.name,
        "token": workspace.signing_key,
        "main": None,
        "role": "admin",
        "is_branch": False,
        "members": [],
        "organization_id": None,
        "organization_name": None,
        "plan": "dev",
    }
