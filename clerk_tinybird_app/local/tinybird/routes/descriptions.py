"""Pipes, data sources and workspaces as the API describes them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from clerk_tinybird_app.local.tinybird.engine import tables
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace
from clerk_tinybird_app.tinybird.project import Column, DataSource, Node
from clerk_tinybird_app.tinybird.template import Parameter


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
