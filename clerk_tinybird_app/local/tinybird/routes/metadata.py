"""``/v0/pipes`` and ``/v0/datasources``: what there is."""

# ruff: noqa: S608 - identifiers are quoted and texts escaped by `tables`

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.access.claims import Caller
from clerk_tinybird_app.local.tinybird.engine.tables import QUARANTINE_SUFFIX, literal
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe
from clerk_tinybird_app.local.tinybird.routes.answering import identify, queried
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace
from clerk_tinybird_app.tinybird.project import Column, DataSource, Node
from clerk_tinybird_app.tinybird.template import Parameter

_NONE: Final = {"rows": 0, "bytes": 0}
_PARAMETER_FIELDS: Final = (
    *("name", "type", "required", "default"),
    *("description", "enum", "example", "format"),
)


async def pipes(request: Request) -> Response:
    """List the pipes that the caller may read."""
    workspace, caller = identify(request)
    views = [
        _pipe_view(workspace, pipe, with_sql=caller.is_admin)
        for name, pipe in workspace.served.pipes.items()
        if caller.may_read(name)
    ]
    return JSONResponse({"pipes": views})


async def pipe(request: Request) -> Response:
    """Describe a pipe, its parameters among it."""
    workspace, caller = identify(request)
    found = workspace.pipe(request.path_params["file"], caller, missing="Pipe '{}' not found")
    return JSONResponse(_pipe_view(workspace, found, with_sql=caller.is_admin))


async def datasources(request: Request) -> Response:
    """List the data sources that the caller may read or add to."""
    workspace, caller = identify(request)
    found = workspace.served.datasources.values()
    sources = [source for source in found if caller.may_see(source.name)]
    views = await _datasource_views(request, workspace, caller, sources)
    return JSONResponse({"datasources": views})


async def datasource(request: Request) -> Response:
    """Describe a data source."""
    workspace, caller = identify(request)
    source = workspace.datasource(request.path_params["name"], caller.require_sight)
    [view] = await _datasource_views(request, workspace, caller, [source])
    return JSONResponse(view)


async def _datasource_views(
    request: Request, workspace: LocalWorkspace, caller: Caller, sources: Sequence[DataSource]
) -> list[dict[str, Any]]:
    query = (
        "SELECT name, ifNull(total_rows, 0) AS rows, ifNull(total_bytes, 0) AS bytes "
        f"FROM system.tables WHERE database = {literal(workspace.database)}"
    )
    answer = await queried(
        request, workspace, caller, lambda session: session.query(query, "JSONEachRow")
    )
    # Of 64 bits each, which ClickHouse may write as texts.
    counts = {
        row["name"]: {key: int(row[key]) for key in _NONE}
        for row in map(json.loads, answer.splitlines())
    }
    return [_datasource_view(workspace, source, counts) for source in sources]


def _pipe_view(
    workspace: LocalWorkspace, compiled: CompiledPipe, *, with_sql: bool
) -> dict[str, Any]:
    """Return a pipe with its nodes and their parameters; the SQL is for admins."""
    pipe = compiled.pipe
    endpoint = workspace.resource_id("node", pipe.name, pipe.endpoint.name)
    return {
        "id": workspace.resource_id("pipe", pipe.name),
        "name": pipe.name,
        "description": pipe.description,
        "type": "endpoint" if pipe.is_endpoint else "default",
        "endpoint": endpoint if pipe.is_endpoint else None,
        **_dates(pipe.modified),
        "parent": None,
        "nodes": [_node_view(workspace, compiled, node, with_sql=with_sql) for node in pipe.nodes],
        "url": f"/v0/pipes/{pipe.name}.json",
    }


def _node_view(
    workspace: LocalWorkspace, compiled: CompiledPipe, node: Node, *, with_sql: bool
) -> dict[str, Any]:
    view = {
        "id": workspace.resource_id("node", compiled.pipe.name, node.name),
        "name": node.name,
        "description": node.description,
        "node_type": node.type.lower() or "standard",
        "params": list(map(_parameter_view, compiled.templates[node.name].parameters)),
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
    view = {name: getattr(parameter, name) for name in _PARAMETER_FIELDS}
    return {key: value for key, value in view.items() if value not in (None, "", ())}


def _datasource_view(
    workspace: LocalWorkspace, source: DataSource, counts: dict[str, dict[str, int]]
) -> dict[str, Any]:
    """Return a data source, with the rows and bytes of the table of each name."""
    settings = {key.lower(): value for key, value in source.engine_settings.items()}
    own = counts.get(source.name, _NONE)
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
        "statistics": {"bytes": own["bytes"], "row_count": own["rows"]},
        "quarantine_rows": counts.get(source.name + QUARANTINE_SUFFIX, _NONE)["rows"],
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
        "nullable": column.is_nullable,
        "normalized_name": column.name,
    }
