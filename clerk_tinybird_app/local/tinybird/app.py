"""The API as an ASGI app."""

from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from clerk_tinybird_app.local.tinybird.routes import (
    calls,
    deployments,
    ingestion,
    jobs,
    metadata,
    queries,
    tokens,
    workspaces,
)
from clerk_tinybird_app.local.tinybird.service import Service
from clerk_tinybird_app.serving.loopback_only import LoopbackOnly

_LOOPBACK_ORIGIN: Final = r"https?://(?:localhost|[\w-]+\.localhost|127\.0\.0\.1|\[::1\])(?::\d+)?"
_SHOWN_HEADERS: Final = (
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "Retry-After",
)


def create_app(service: Service) -> Starlette:
    """Put the routes together; they serve loopback addresses only, and pages of such origins."""
    app = Starlette(
        routes=[
            # First, as almost every request is for it.
            Route("/v0/pipes/{name}", queries.pipe, methods=["GET", "POST"]),
            Route("/v0/pipes", metadata.pipes, methods=["GET"]),
            Route("/v0/pipes/{name}/copy", jobs.copy, methods=["POST"]),
            Route("/v0/pipes/{name}/copy/{action}", jobs.change_copy, methods=["POST"]),
            Route("/v0/pipes/{name}/sink", jobs.sink, methods=["POST"]),
            Route("/v0/datasources", metadata.datasources, methods=["GET"]),
            Route("/v0/datasources", ingestion.file, methods=["POST"]),
            Route("/v1/pipes/{name}.pipe", metadata.pipe_file, methods=["GET"]),
            Route("/v0/datasources/{name}.datasource", metadata.datasource_file, methods=["GET"]),
            Route("/v0/datasources/{name}", metadata.datasource, methods=["GET"]),
            Route("/v0/datasources/{name}/truncate", jobs.truncate, methods=["POST"]),
            Route("/v0/datasources/{name}/delete", jobs.delete, methods=["POST"]),
            *(
                Route(f"/v0/datasources/{{name}}/{action}", jobs.connector, methods=["POST"])
                for action in ("start", "stop", "sample", "scheduling/runs")
            ),
            Route("/v1/datasources/{name}/{mode}", ingestion.file, methods=["POST"]),
            Route("/v0/connectors", metadata.connectors, methods=["GET"]),
            Route("/v0/dependencies", metadata.dependencies, methods=["GET"]),
            Route("/v0/jobs", jobs.index, methods=["GET"]),
            Route("/v0/jobs/{name}", jobs.one, methods=["GET"]),
            Route("/v0/jobs/{name}/cancel", jobs.cancel, methods=["POST"]),
            Route("/v0/variables", tokens.variables, methods=["GET", "POST"]),
            Route("/v0/variables/{name}", tokens.variable, methods=["GET", "PUT", "DELETE"]),
            Route("/examples/query.http", queries.example, methods=["GET"]),
            Route("/v0/regions", workspaces.regions, methods=["GET"]),
            Route("/v1/workspace", workspaces.workspace, methods=["GET"]),
            Route("/v1/user/workspaces", workspaces.user_workspaces, methods=["GET"]),
            Route("/v1/workspaces", workspaces.create, methods=["POST"]),
            Route("/v1/workspaces/{name}", workspaces.remove, methods=["DELETE"]),
            Route("/v1/build", deployments.build, methods=["POST"]),
            Route("/v1/deploy", deployments.deploy, methods=["POST"]),
            Route("/v1/deployments", deployments.index, methods=["GET"]),
            Route("/v1/deployments/{name}", deployments.one, methods=["GET", "DELETE"]),
            Route("/v1/deployments/{name}/set-live", deployments.set_live, methods=["POST"]),
            Route("/v0/events", ingestion.events, methods=["POST"]),
            Route("/v0/sql", queries.sql, methods=["GET", "POST"]),
            Route("/v0/tokens", tokens.index, methods=["GET"]),
            Route("/v0/tokens", tokens.create, methods=["POST"]),
            Route("/v0/tokens/", tokens.create, methods=["POST"]),
            Route("/v0/tokens/{name}", tokens.one, methods=["GET", "DELETE"]),
            Route("/v0/tokens/{name}/refresh", tokens.one, methods=["POST"]),
            Route("/tokens", tokens.local, methods=["GET"]),
        ],
        middleware=[
            Middleware(LoopbackOnly),
            Middleware(
                CORSMiddleware,
                allow_origin_regex=_LOOPBACK_ORIGIN,
                allow_methods=["GET", "POST"],
                allow_headers=["Authorization", "Content-Type", "Content-Encoding"],
                expose_headers=_SHOWN_HEADERS,
            ),
        ],
        exception_handlers=calls.HANDLERS,
    )
    app.state.service = service
    return app
