"""Does with ``tinybird-sdk`` all that a small project does, and prints what it saw as JSON.

Runs in an environment of its own, with the address and the admin token of a workspace.
"""

import json
import sys
from typing import Any, Final, NamedTuple

import tinybird_sdk as sdk
from tinybird_sdk.api import build, deploy, resources, workspaces
from tinybird_sdk.generator.datasource import generate_datasource
from tinybird_sdk.generator.pipe import generate_pipe

START: Final = {"start": "2029-01-01 00:00:00"}

views = sdk.define_datasource(
    "views",
    {
        "schema": {
            "timestamp": sdk.t.date_time(),
            "path": sdk.t.string(),
            "tags": sdk.t.array(sdk.t.string()),
            "country": sdk.t.string().low_cardinality().nullable(),
        },
        "engine": sdk.engine.merge_tree({"sorting_key": ["path", "timestamp"]}),
    },
)
days = sdk.define_datasource(
    "days",
    {
        "json_paths": False,
        "schema": {
            "day": sdk.t.date(),
            "views": sdk.t.simple_aggregate_function("sum", sdk.t.uint64()),
        },
        "engine": sdk.engine.aggregating_merge_tree({"sorting_key": ["day"]}),
    },
)
to_days = sdk.define_materialized_view(
    "to_days",
    {
        "datasource": days,
        "nodes": [
            sdk.node(
                {
                    "name": "fill",
                    "sql": "SELECT toDate(timestamp) AS day, count() AS views FROM views "
                    "GROUP BY day",
                }
            )
        ],
    },
)
pages = sdk.define_endpoint(
    "pages",
    {
        "params": {"start": sdk.p.date_time(), "country": sdk.p.string().optional("DE")},
        "nodes": [
            sdk.node(
                {
                    "name": "counted",
                    "sql": "SELECT path, count() AS views FROM views "
                    "WHERE timestamp >= {{DateTime(start)}} "
                    "AND country = {{String(country, 'DE')}} GROUP BY path ORDER BY path",
                }
            )
        ],
        "output": {"path": sdk.t.string(), "views": sdk.t.uint64()},
    },
)


class Resources(NamedTuple):
    """The files of a project."""

    datasources: list[Any]
    pipes: list[Any]
    connections: list[Any]


def refused(client: Any, name: str, *arguments: Any) -> int:
    """Return the status that the SDK's own error has."""
    try:
        getattr(client, name)(*arguments)
    except sdk.TinybirdError as error:
        return int(error.status_code)
    return 0


def main() -> None:
    address = {"base_url": sys.argv[1], "token": sys.stdin.read()}
    client, told = sdk.create_client(address), dict[str, Any]()
    project = Resources(
        [*map(generate_datasource, (views, days))], [*map(generate_pipe, (pages, to_days))], []
    )
    told["workspace"] = workspaces.get_workspace(address).name
    told["build"] = build.build_to_tinybird(address, project)["success"]
    told["deploy"] = deploy.deploy_to_main(address, project)["success"]
    row = {"timestamp": "2030-01-01 10:00:00", "path": "/a", "tags": ["x"], "country": "DE"}
    told["one"] = client.ingest("views", row, {"wait": True})
    more = [{**row, "path": "/b"}, {**row, "path": "/es", "country": "ES"}, {**row, "tags": 1}]
    told["more"] = client.ingest_batch("views", more, {"wait": True})
    told["pages"] = client.query("pages", START)["data"]
    told["days"] = client.sql("SELECT sum(views) AS views FROM days FORMAT JSON")["data"]
    scope = {"type": "PIPES:READ", "resource": "pages", "fixed_params": {"country": "ES"}}
    made = client.tokens.create_jwt({"name": "es", "expires_at": 2_000_000_000, "scopes": [scope]})
    tenant = sdk.create_client({**address, "token": made["token"]})
    told["tenant"] = tenant.query("pages", {**START, "country": "DE"})["data"]
    told["refused"] = [
        refused(tenant, "sql", "SELECT * FROM views FORMAT JSON"),
        refused(tenant, "ingest", "views", row),
        refused(client, "query", "pages"),
    ]
    told["removed"] = client.datasources.delete(
        "views", {"delete_condition": "country = 'ES'", "dry_run": True}
    )["rows_to_be_deleted"]
    client.datasources.truncate("views")
    told["left"] = client.query("pages", START)["data"]
    found = resources.pull_all_resource_files(address)
    sent = {each.name: each.content for each in (*project.datasources, *project.pipes)}
    pulled = (*found["datasources"], *found["pipes"])
    told["pulled"] = {each.name: each.content.strip() for each in pulled} == {
        name: content.strip() for name, content in sent.items()
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
