"""``/v0/pipes`` and ``/v0/datasources``: what there is."""

from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

from starlette.responses import PlainTextResponse, Response

from clerk_tinybird_app.local.tinybird.engine.tables import QUARANTINE_SUFFIX
from clerk_tinybird_app.local.tinybird.project.fillings import Copy
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe
from clerk_tinybird_app.local.tinybird.routes.calls import Call, for_admins, for_callers
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace, time_text
from clerk_tinybird_app.tinybird.project import MATERIALIZED, Column, DataSource, Node
from clerk_tinybird_app.tinybird.template import Parameter

PIPE_FILE: Final = ".pipe"
_NONE: Final = (0, 0, "")
_PARAMETER_FIELDS: Final = (
    *("name", "type", "required", "default"),
    *("description", "enum", "example", "format"),
)


@for_callers
async def pipes(call: Call) -> dict[str, Any]:
    """List the pipes that the caller may read, with the fields that it asks for."""
    attrs, node_attrs = (_chosen(call, name) for name in ("attrs", "node_attrs"))
    views = [
        pipe_view(call.workspace, pipe, with_sql=call.caller.is_admin)
        for name, pipe in call.workspace.served.pipes.items()
        if call.caller.may_read(name)
    ]
    for view in views:
        view["nodes"] = [_part(node, node_attrs) for node in view["nodes"]]
    # Who asks for fields of nodes asks for nodes.
    fields = attrs and {*attrs, "url", *(("nodes",) if node_attrs else ())}
    return {"pipes": [_part(view, fields) for view in views]}


def _chosen(call: Call, name: str) -> Set[str] | None:
    """Return the fields that a parameter names; None for all of them."""
    text = call.request.query_params.get(name)
    return set(text.split(",")) if text else None


def _part(view: dict[str, Any], fields: Set[str] | None) -> dict[str, Any]:
    return view if fields is None else {key: view[key] for key in view.keys() & fields}


@for_callers
async def pipe(call: Call) -> dict[str, Any]:
    """Describe a pipe, its parameters among it."""
    found = call.workspace.pipe(call.name, call.caller, missing="Pipe '{}' not found")
    return pipe_view(call.workspace, found, with_sql=call.caller.is_admin)


@for_callers
async def datasources(call: Call) -> dict[str, Any]:
    """List the data sources that the caller may read or add to."""
    found = call.workspace.served.datasources.values()
    sources = [source for source in found if call.caller.may_see(source.name)]
    views, fields = await _datasource_views(call, sources), _chosen(call, "attrs")
    return {"datasources": [_part(view, fields) for view in views]}


@for_callers
async def datasource(call: Call) -> dict[str, Any]:
    """Describe a data source."""
    source = call.workspace.datasource(call.name, call.caller.require_sight)
    [view] = await _datasource_views(call, [source])
    return view


@for_admins
async def pipe_file(call: Call) -> Response:
    """Give the file that a pipe was read from."""
    found = call.workspace.pipe(call.name.removesuffix(PIPE_FILE), call.caller)
    return PlainTextResponse(found.pipe.text)


@for_admins
async def datasource_file(call: Call) -> Response:
    """Give the file that a data source was read from."""
    source = call.workspace.datasource(call.name, call.caller.require_sight)
    return PlainTextResponse(source.text)


@for_admins
async def dependencies(call: Call) -> dict[str, Any]:
    """Name what is filled from a data source, also through others, each with what fills it."""
    source, views = (
        call.request.query_params.get("datasource", ""),
        call.workspace.served.views.values(),
    )
    found = {source}
    while more := {view.target for view in views if view.source in found} - found:
        found |= more
    filled = sorted(found - {source})
    return {
        "dependencies": {
            name: [view.pipe for view in views if view.target == name] for name in filled
        }
    }


@for_admins
async def connectors(call: Call) -> dict[str, Any]:
    """List the connections to other systems: there is none."""
    return {"connectors": []}


async def _datasource_views(call: Call, sources: Sequence[DataSource]) -> list[dict[str, Any]]:
    sizes = await call.queried(lambda query: query.sizes())
    workspace, caller = call.workspace, call.caller
    views = [_datasource_view(workspace, source, sizes) for source in sources]
    for view in views:
        # Of pipes that the caller may not read it is told nothing.
        view["used_by"] = [
            {"id": workspace.resource_id("pipe", name), "name": name}
            for name, pipe in workspace.served.pipes.items()
            if caller.may_read(name) and _reads(pipe, view["name"])
        ]
    return views


def _reads(compiled: CompiledPipe, datasource: str) -> bool:
    """Tell whether a pipe itself reads a data source."""
    return any(datasource in names - compiled.uses[node] for node, names in compiled.reads.items())


def pipe_view(
    workspace: LocalWorkspace, compiled: CompiledPipe, *, with_sql: bool
) -> dict[str, Any]:
    """Return a pipe with its nodes and their parameters; the SQL is for admins."""
    pipe, copy = compiled.pipe, workspace.served.copies.get(compiled.pipe.name)
    endpoint = workspace.resource_id("node", pipe.name, pipe.endpoint.name)
    return {
        "id": workspace.resource_id("pipe", pipe.name),
        "name": pipe.name,
        "description": pipe.description,
        "type": next((node.type for node in pipe.nodes if node.type), "default"),
        "endpoint": endpoint if pipe.is_endpoint else None,
        **_dates(pipe.modified),
        "parent": None,
        "nodes": [_node_view(workspace, compiled, node, with_sql=with_sql) for node in pipe.nodes],
        "url": f"/v0/pipes/{pipe.name}.json",
        **(_copy_view(workspace, copy) if copy else {}),
    }


def _copy_view(workspace: LocalWorkspace, copy: Copy) -> dict[str, Any]:
    """Return what the description of a copy pipe has more; the status is a client's own word."""
    name = copy.pipe.pipe.name
    target = workspace.resource_id("datasource", copy.target)
    status = "shutdown" if name in workspace.paused else "running"
    cron = {"timezone": "Etc/UTC", "cron": copy.cron, "status": status}
    return {
        "copy_node": workspace.resource_id("node", name, copy.pipe.filling.node.name),
        "copy_mode": copy.mode,
        "copy_target_datasource": target,
        "copy_target_workspace": workspace.id,
        "schedule": cron if copy.cron else {},
        "tags": {"copy_target_datasource": target, "copy_target_workspace": workspace.id},
    }


def _node_view(
    workspace: LocalWorkspace, compiled: CompiledPipe, node: Node, *, with_sql: bool
) -> dict[str, Any]:
    view = {
        "id": workspace.resource_id("node", compiled.pipe.name, node.name),
        "name": node.name,
        "description": node.description,
        "node_type": node.type.lower() or "standard",
        "materialized": (
            workspace.resource_id("datasource", node.target) if node.type == MATERIALIZED else None
        ),
        "params": list(map(_parameter_view, compiled.templates[node.name].parameters)),
        "dependencies": sorted(compiled.uses[node.name]),
        **_dates(compiled.pipe.modified),
    }
    return {**view, "sql": f"%\n{node.sql}" if node.is_template else node.sql} if with_sql else view


def _dates(modified: float) -> dict[str, str]:
    """Return both dates of what a file describes: when that file was written as it is."""
    at = time_text(modified)
    return {"created_at": at, "updated_at": at}


def _parameter_view(parameter: Parameter) -> dict[str, Any]:
    """Return a parameter; what it does not say is left out."""
    view = {name: getattr(parameter, name) for name in _PARAMETER_FIELDS}
    return {key: value for key, value in view.items() if value not in (None, "", ())}


def _datasource_view(
    workspace: LocalWorkspace, source: DataSource, sizes: Mapping[str, tuple[int, int, str]]
) -> dict[str, Any]:
    """Return a data source, with the rows and bytes of the table of each name."""
    settings = {
        key.lower().removeprefix("engine_"): value for key, value in source.engine_settings.items()
    }
    rows, size, engine = sizes.get(source.name, _NONE)
    columns = [_column_view(column) for column in source.columns]
    return {
        "id": workspace.resource_id("datasource", source.name),
        "name": source.name,
        "description": source.description,
        "cluster": "default",
        "type": "ndjson" if any(column.json_path for column in source.columns) else "csv",
        "tags": {},
        **_dates(source.modified),
        "replicated": False,
        "version": 0,
        "project": None,
        "headers": {"cached_delimiter": ","},
        "shared_with": [],
        "engine": {"engine": source.engine, "engine_full": engine, **settings},
        "columns": columns,
        "schema": {"columns": columns, "sql_schema": ", ".join(map(_schema_text, source.columns))},
        "indexes": [{"expr": text} for text in source.indexes],
        "statistics": {"bytes": size, "row_count": rows},
        "quarantine_rows": sizes.get(source.name + QUARANTINE_SUFFIX, _NONE)[0],
        "new_columns_detected": {},
        "errors_discarded_at": None,
    }


def _column_view(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.type,
        "codec": f"CODEC({column.codec})" if column.codec else None,
        "default_value": f"DEFAULT {column.default}" if column.default else None,
        "jsonpath": column.json_path,
        "nullable": column.is_nullable,
        "normalized_name": column.name,
        "auto": False,
    }


def _schema_text(column: Column) -> str:
    """Return a column as its data file has it."""
    path = f" `json:{column.json_path}`" if column.json_path else ""
    return f"`{column.name}` {column.type}{path}"
