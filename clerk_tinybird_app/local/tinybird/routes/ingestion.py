"""``/v0/events`` and files, whose rows are appended or replace all others: rows in."""

from typing import Any, Final

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.errors import bad_request, forbidden
from clerk_tinybird_app.local.tinybird.intake import changes
from clerk_tinybird_app.local.tinybird.intake.files import rows_of
from clerk_tinybird_app.local.tinybird.intake.ingest import Ingested, ingest, parquet_rows
from clerk_tinybird_app.local.tinybird.routes.answering import (
    FORMS,
    MOST_BYTES,
    body_of,
    content_type,
    identify,
    in_thread,
    rate_headers,
    service_of,
)
from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace
from clerk_tinybird_app.tinybird.project import DataSource

_APPEND: Final = "append"
_PARQUET: Final = "parquet"
_REPLACE: Final = "replace"
_FILES: Final = frozenset(("csv", "ndjson", "json", "parquet", "data", "file"))
_FROM_ELSEWHERE: Final = b"url="
_NOT_DONE: Final = frozenset(("url", "replace_condition", "dialect_escapechar"))
_ONLY_DEPLOYMENTS: Final = (
    "Adding or modifying data sources to this workspace can only be done via deployments"
)


async def events(request: Request) -> Response:
    """Take rows in; the answer comes once they are stored, whether or not it is waited for."""
    workspace, source = _target(request, request.query_params.get("name") or None)
    done = await _ingested(request, workspace, source, await body_of(request))
    waits = request.query_params.get("wait", "").lower() == "true"
    return JSONResponse(done._asdict(), 200 if waits else 202, rate_headers(request))


async def file(request: Request) -> Response:
    """Take the rows of a file in: CSV unless it says otherwise, added to those that are there."""
    workspace, caller = identify(request)
    values, content = await _sent(request)
    for name in sorted(_NOT_DONE & values.keys()):
        raise bad_request(f"'{name}' is not supported here; send the rows themselves, as the body")
    asked = request.path_params.get("mode") or values.get("mode") or _APPEND
    if asked not in (_APPEND, _REPLACE):
        raise forbidden(_ONLY_DEPLOYMENTS)
    name = request.path_params.get("name") or values.get("name", "")
    if request.path_params.get("name") is None and not workspace.has_datasource(name):
        raise forbidden(_ONLY_DEPLOYMENTS)
    source = workspace.datasource(name, caller.require_append)
    if asked == _REPLACE:
        # It removes what others have added.
        caller.require_admin()
    service, kind = service_of(request), values.get("format", "csv")
    delimiter = values.get("dialect_delimiter", ",")

    def store() -> tuple[Ingested, int]:
        if kind == _PARQUET:
            rows, invalid = parquet_rows(service.writer, content), 0
        else:
            rows, invalid = rows_of(content, kind, source, delimiter=delimiter)
        take = ingest if asked == _APPEND else changes.replace
        where = (service.writer, workspace.database, source)
        return take(*where, rows, clock=service.clock), invalid

    done, invalid = await in_thread(request, store)
    about = {"id": workspace.resource_id("datasource", source.name), "name": source.name}
    job = workspace.job(
        "import",
        service.clock(),
        mode=asked,
        successful_rows=done.successful_rows,
        quarantine_rows=done.quarantined_rows,
        invalid_lines=invalid,
        datasource=about,
        **_error(done.quarantined_rows, invalid),
    )
    return JSONResponse({**job, "import_id": job["id"]})


def _error(quarantined: int, invalid: int) -> dict[str, str]:
    """Return what an import says of its bad rows; clients take any ``error`` for a failure."""
    found = [
        f"{count} {what}{'' if count == 1 else 's'}{where}"
        for count, what, where in (
            (quarantined, "row", " in quarantine"),
            (invalid, "invalid line", ""),
        )
        if count
    ]
    text = f"There was an error with file contents: {' and '.join(found)}."
    return {"error": text} if found else {}


def _target(request: Request, name: str | None) -> tuple[LocalWorkspace, DataSource]:
    """Return the data source that the caller may add rows to."""
    workspace, caller = identify(request)
    if name is None:
        raise bad_request("The name of the data source is missing: send it as name")
    return workspace, workspace.datasource(name, caller.require_append)


async def _ingested(
    request: Request, workspace: LocalWorkspace, source: DataSource, rows: bytes
) -> Ingested:
    service = service_of(request)
    return await in_thread(
        request,
        lambda: ingest(service.writer, workspace.database, source, rows, clock=service.clock),
    )


async def _sent(request: Request) -> tuple[dict[str, Any], bytes]:
    """Return a request's parameters, of its address or its form, and the file that it sends."""
    values: dict[str, Any] = dict(request.query_params)
    kind = content_type(request)
    if kind != "multipart/form-data":
        content = await body_of(request)
        # Clients call any body a form.
        if kind in FORMS and content.startswith(_FROM_ELSEWHERE):
            values["url"] = ""
        return values, content
    async with request.form(max_files=1, max_part_size=MOST_BYTES) as form:
        found = b""
        for name, part in form.multi_items():
            if isinstance(part, UploadFile):
                found = await part.read()
            elif name in _FILES:
                found = part.encode()
            else:
                values.setdefault(name, part)
    return values, found
