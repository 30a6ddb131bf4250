"""``/v0/events`` and files, whose rows are appended or replace all others: rows in."""

from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from clerk_tinybird_app.local.tinybird.errors import bad_request, forbidden
from clerk_tinybird_app.local.tinybird.intake.ingest import ingest, parquet_rows, store
from clerk_tinybird_app.local.tinybird.intake.rows import csv_rows
from clerk_tinybird_app.local.tinybird.routes import bodies
from clerk_tinybird_app.local.tinybird.routes.calls import Call, for_callers

_APPEND: Final = "append"
_KINDS: Final = frozenset(("csv", "ndjson", "parquet"))
_REPLACE: Final = "replace"
_CREATE: Final = "create"
_FROM_ELSEWHERE: Final = b"url="
_MOST_FIELDS: Final = 100
_NOT_DONE: Final = frozenset(("replace_condition", "dialect_escapechar"))
_ONLY_DEPLOYMENTS: Final = (
    "Adding or modifying data sources to this workspace can only be done via deployments"
)


@for_callers
async def events(call: Call) -> Response:
    """Take rows in; the answer comes once they are stored, whether or not it is waited for."""
    service, asked = call.service, call.request.query_params
    if not (name := asked.get("name")):
        raise bad_request("The name of the data source is missing: send it as name")
    source = call.workspace.datasource(name, call.caller.require_append)
    call.operates("append-hfi", source.name)
    rows = await bodies.body_of(call.request)
    database = call.workspace.database
    done = await call.in_thread(ingest, service.writer, database, source, rows, clock=service.clock)
    call.operated(rows=done.successful_rows, quarantined=done.quarantined_rows)
    waits = asked.get("wait", "").lower() == "true"
    return JSONResponse(done._asdict(), 200 if waits else 202, call.headers)


@for_callers
async def file(call: Call) -> dict[str, Any]:
    """Take the rows of a file in: CSV unless it says otherwise, added to those that are there."""
    service, workspace, caller = call.service, call.workspace, call.caller
    values, content = await _sent(call)
    for name in sorted(_NOT_DONE & values.keys()):
        raise bad_request(f"'{name}' is not supported here; send the rows themselves, as the body")
    asked = call.request.path_params.get("mode") or values.get("mode") or _APPEND
    if asked not in (_APPEND, _REPLACE, _CREATE):
        raise bad_request(f"The mode '{asked}' is not supported; use {_APPEND} or {_REPLACE}")
    if asked == _CREATE:
        raise forbidden(_ONLY_DEPLOYMENTS)
    name = call.name or values.get("name", "")
    is_known = call.name or workspace.name_of("datasource", name) is not None
    if caller.is_admin and not is_known:
        raise forbidden(_ONLY_DEPLOYMENTS)
    source = workspace.datasource(name, caller.require_append)
    call.operates(asked, source.name)
    url = values.get("url")
    if asked == _REPLACE or url is not None:
        # It removes what others have added, or reads what only this machine may.
        caller.require_admin()
    kind = values.get("format", "csv")
    if kind not in _KINDS:
        raise bad_request(f"The format '{kind}' is not supported; send csv, ndjson or parquet")
    if url is not None:
        content = await bodies.fetched(str(url))
    invalid = 0
    if kind == "csv":
        delimiter = values.get("dialect_delimiter", ",")
        content, invalid = await call.in_thread(csv_rows, content, source, delimiter=delimiter)
    elif kind == "parquet":
        content = await call.in_thread(parquet_rows, service.writer, content)
    take = ingest
    if kind != "ndjson" or asked == _REPLACE:
        take = partial(store, by_name=kind == "csv", replaces=asked == _REPLACE)
    done = await call.in_thread(
        take, service.writer, workspace.database, source, content, clock=service.clock
    )
    bad = done.quarantined_rows
    found = [f"{bad} row{'s' * (bad > 1)} in quarantine"] * (bad > 0)
    found += [f"{invalid} invalid line{'s' * (invalid > 1)}"] * (invalid > 0)
    error = f"There was an error with file contents: {' and '.join(found)}." if found else ""
    job = workspace.job(
        "import",
        service.clock(),
        source.name,
        mode=asked,
        successful_rows=done.successful_rows,
        quarantine_rows=bad,
        invalid_lines=invalid,
        # Clients take any error for a failure.
        **({"error": error} if found else {}),
    )
    call.operated(rows=done.successful_rows, quarantined=bad, error=error, job_id=job["id"])
    return {**job, "import_id": job["id"]}


async def _sent(call: Call) -> tuple[dict[str, Any], bytes]:
    """Return a request's parameters, of its address or its form, and the file that it sends."""
    request = call.request
    values: dict[str, Any] = dict(request.query_params)
    kind = bodies.content_type(request)
    if kind != "multipart/form-data":
        content = await bodies.body_of(request)
        # Clients call any body a form.
        if kind in bodies.FORMS and content.startswith(_FROM_ELSEWHERE):
            call.caller.require_admin()
            values = {**_fields(content), **values}
        return values, content
    async with bodies.bounded(request).form(max_files=1, max_part_size=bodies.MOST_BYTES) as form:
        found = b""
        for name, part in form.multi_items():
            if isinstance(part, UploadFile):
                found = await part.read()
            elif name in _KINDS:
                found = part.encode()
            else:
                values.setdefault(name, part)
    return values, found


def _fields(form: bytes) -> dict[str, str]:
    text = form.decode(errors="replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise bad_request(f"The form has more than {_MOST_FIELDS} fields") from None
