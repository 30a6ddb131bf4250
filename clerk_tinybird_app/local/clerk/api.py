"""The Frontend API over HTTP: checks the origin, runs the handler in a transaction, sends JSON."""

import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from re import Pattern
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path

from clerk_tinybird_app.local.clerk.call import Call, Reply
from clerk_tinybird_app.local.clerk.fapi_errors import FapiError, bad_request
from clerk_tinybird_app.local.clerk.handlers import (
    environment,
    me,
    organizations,
    sessions,
    sign_ins,
    sign_ups,
)
from clerk_tinybird_app.local.clerk.instance import CLIENT_COOKIE, CLIENT_COOKIE_SECONDS
from clerk_tinybird_app.local.clerk.session_tokens import SigningKey
from clerk_tinybird_app.local.clerk.store import browsers
from clerk_tinybird_app.local.clerk.store.database import Database
from clerk_tinybird_app.local.clerk.views import client_view

_SAFE = "GET"
Handler = Callable[..., Reply]
_ROUTES: Final[tuple[tuple[str, str, Handler], ...]] = (
    ("GET", "/environment", environment.read_environment),
    ("PATCH", "/environment", environment.read_environment),
    ("GET", "/client", sessions.read_client),
    ("PUT", "/client", sessions.create_client),
    ("POST", "/client", sessions.create_client),
    ("DELETE", "/client", sessions.delete_client),
    ("POST", "/client/sign_ins", sign_ins.create),
    ("GET", "/client/sign_ins/{sign_in_id}", sign_ins.read),
    ("POST", "/client/sign_ins/{sign_in_id}/prepare_first_factor", sign_ins.prepare_first_factor),
    ("POST", "/client/sign_ins/{sign_in_id}/attempt_first_factor", sign_ins.attempt_first_factor),
    ("POST", "/client/sign_ups", sign_ups.create),
    ("GET", "/client/sign_ups/{sign_up_id}", sign_ups.read),
    ("PATCH", "/client/sign_ups/{sign_up_id}", sign_ups.update),
    ("POST", "/client/sign_ups/{sign_up_id}/prepare_verification", sign_ups.prepare_verification),
    ("POST", "/client/sign_ups/{sign_up_id}/attempt_verification", sign_ups.attempt_verification),
    ("DELETE", "/client/sessions", sessions.remove_all),
    ("GET", "/client/sessions/{session_id}", sessions.read),
    ("POST", "/client/sessions/{session_id}/touch", sessions.touch),
    ("POST", "/client/sessions/{session_id}/end", sessions.end),
    ("POST", "/client/sessions/{session_id}/remove", sessions.remove),
    ("POST", "/client/sessions/{session_id}/tokens", sessions.token),
    ("POST", "/client/sessions/{session_id}/tokens/{template}", sessions.template_token),
    ("GET", "/me", me.read),
    ("PATCH", "/me", me.update),
    ("DELETE", "/me", me.delete),
    ("POST", "/me/change_password", me.change_password),
    ("GET", "/me/sessions/active", me.active_sessions),
    ("POST", "/me/sessions/{session_id}/revoke", me.revoke_session),
    ("GET", "/me/organization_memberships", me.memberships),
    ("DELETE", "/me/organization_memberships/{organization_id}", me.leave_organization),
    ("GET", "/me/organization_invitations", me.nothing),
    ("GET", "/me/organization_suggestions", me.nothing),
    ("POST", "/organizations", organizations.create),
    ("GET", "/organizations/{organization_id}", organizations.read),
    ("PATCH", "/organizations/{organization_id}", organizations.update),
    ("DELETE", "/organizations/{organization_id}", organizations.delete),
    ("GET", "/organizations/{organization_id}/memberships", organizations.members),
    ("PATCH", "/organizations/{organization_id}/memberships/{user_id}", organizations.set_role),
    ("DELETE", "/organizations/{organization_id}/memberships/{user_id}", organizations.remove),
    ("GET", "/organizations/{organization_id}/roles", organizations.roles),
    ("GET", "/organizations/{organization_id}/invitations", organizations.nothing),
    ("POST", "/organizations/{organization_id}/invitations", organizations.invite),
    ("POST", "/organizations/{organization_id}/invitations/bulk", organizations.invite),
    ("GET", "/organizations/{organization_id}/domains", organizations.nothing),
    ("GET", "/organizations/{organization_id}/membership_requests", organizations.nothing),
    ("PUT", "/organizations/{organization_id}/logo", organizations.no_images),
    ("DELETE", "/organizations/{organization_id}/logo", organizations.read),
    ("POST", "/me/profile_image", me.no_images),
    ("DELETE", "/me/profile_image", me.remove_image),
)
_logger = logging.getLogger(__name__)
_MAX_BODY_BYTES: Final = 64 * 1024
_MAX_FIELDS: Final = 100
_FORM: Final = "application/x-www-form-urlencoded"
_OVERRIDABLE: Final = "POST"
_OVERRIDES: Final = frozenset({"PATCH", "PUT", "DELETE"})
_ENVIRONMENT: Final = "/environment"
_MS_PER_SECOND: Final = 1000


def calling_origin(method: str, headers: Mapping[str, str], origins: Collection[str]) -> str | None:
    """Return the origin of the calling page; None for a GET that does not name it.

    The ``Origin`` header decides. A GET from the same origin has none, so its ``Referer`` is used.
    All other methods need ``Origin``, which no page can forge. This is the protection against
    cross-site requests.

    Raises:
        FapiError: 403, the page is not one of the app, or a needed header is missing.
    """
    claimed = headers.get("origin")
    if claimed is None and method == _SAFE:
        referer = headers.get("referer")
        if not referer:
            return None
        claimed = _origin_of(referer)
    if claimed not in origins:
        raise foreign_origin()
    return claimed


def foreign_origin() -> FapiError:
    """Return the error for a request that does not come from a page of the app."""
    return FapiError(403, "origin_invalid", "The embedded Clerk answers the app's own pages only.")


def _origin_of(address: str) -> str | None:
    """Return scheme and host of an address, None when it has none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme and parts.netloc else None


@dataclass(frozen=True)
class Match:
    """A handler, and the ids in the path, which are its arguments after the call."""

    handler: Handler
    ids: dict[str, str]


def _compile(
    routes: Iterable[tuple[str, str, Handler]],
) -> list[tuple[str, Pattern[str], Handler]]:
    """Compile the patterns of the routes."""
    return [(method, compile_path(path)[0], handler) for method, path, handler in routes]


_COMPILED: Final = _compile(_ROUTES)


def match(method: str, path: str) -> Match | None:
    """Return the handler of ``method`` at ``path`` (without ``/v1``), None when there is none."""
    trimmed = path.rstrip("/")
    for route_method, pattern, handler in _COMPILED:
        if route_method == method and (found := pattern.match(trimmed)):
            return Match(handler, found.groupdict())
    return None


@dataclass(frozen=True)
class _Request:
    """The parts of an HTTP request that are needed."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]
    cookie: str | None


@dataclass(frozen=True)
class _Answer:
    """The parts of the HTTP answer; ``cookie`` is a new client cookie."""

    status: int
    body: Any
    cookie: str | None = None


class FrontendApi:
    """Answers every request under ``/v1``."""

    def __init__(
        self,
        *,
        database: Database,
        key: SigningKey,
        origins: Collection[str],
        clock: Callable[[], float],
    ) -> None:
        self._database = database
        self._key = key
        self._origins = tuple(origins)
        self._clock = clock

    async def answer(self, request: Request) -> Response:
        """Answer one request in a thread, because the hash of a password takes long on purpose."""
        try:
            answer = await run_in_threadpool(self._answer, await _read(request))
        except FapiError as error:
            answer = _Answer(error.status, error.body())
        except sqlite3.Error:
            _logger.exception("the embedded Clerk's database failed")
            answer = _Answer(500, _database_failed().body())
        response = JSONResponse(answer.body, answer.status, {"cache-control": "no-store"})
        if answer.cookie:
            _set_cookie(response, answer.cookie)
        return response

    def call(
        self,
        db: sqlite3.Connection,
        *,
        method: str,
        origin: str,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        user_agent: str = "",
        cookie: str | None = None,
    ) -> Call:
        """Return a call inside the transaction ``db``."""
        return Call(
            method=method,
            query=query or {},
            form=form or {},
            origin=origin,
            user_agent=user_agent,
            now=int(self._clock() * _MS_PER_SECOND),
            db=db,
            key=self._key,
            client=browsers.client_by_token(db, cookie) if cookie else None,
        )

    def _answer(self, request: _Request) -> _Answer:
        """Run the handler. When it refuses, the changes in the database are undone."""
        origin = calling_origin(request.method, request.headers, self._origins)
        if origin is None:
            if request.path != _ENVIRONMENT:
                raise foreign_origin()
            origin = self._origins[0]
        found = match(request.method, request.path)
        if found is None:
            raise _no_such_route(request)
        with self._database.transaction(write=request.method != "GET") as db:
            call = self.call(
                db,
                method=request.method,
                origin=origin,
                query=request.query,
                form=request.form,
                user_agent=request.headers.get("user-agent", ""),
                cookie=request.cookie,
            )
            reply = found.handler(call, **found.ids)
            return _Answer(200, _body(call, reply), call.cookie)


def _body(call: Call, reply: Reply) -> Any:
    """Return the body that the SDK expects: all replies but those to reads contain the client."""
    if reply.bare:
        return reply.response
    client = None if call.method == "GET" else client_view(call)
    return {"response": reply.response, "client": client}


async def _read(request: Request) -> _Request:
    """Read an HTTP request.

    Raises:
        FapiError: 4xx, the body is too large, is no text or has too many fields.
    """
    query = dict(request.query_params)
    method = request.method
    if method == _OVERRIDABLE and query.get("_method", "").upper() in _OVERRIDES:
        method = query["_method"].upper()
    return _Request(
        method=method,
        path=f"/{request.path_params['path']}",
        query=query,
        form=await _form(request),
        headers=request.headers,
        cookie=request.cookies.get(CLIENT_COOKIE),
    )


async def _form(request: Request) -> dict[str, str]:
    """Return the fields of a form. Any other kind of body, such as an upload, is not read."""
    is_form = request.headers.get("content-type", "").split(";")[0].strip() == _FORM
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk if is_form else b""
            if len(body) > _MAX_BODY_BYTES:
                raise FapiError(413, "request_body_too_large", "The request is too large.")
    except ClientDisconnect:
        raise bad_request("request_body_invalid", "The request broke off.") from None
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except ValueError:
        raise bad_request("request_body_invalid", "The request body is malformed.") from None
    return dict(pairs)


def _no_such_route(request: _Request) -> FapiError:
    """Return the error for a method and path without a handler."""
    return FapiError(
        404,
        "resource_not_found",
        f"The embedded Clerk has no route {request.method} {request.path[:200]}",
    )


def _database_failed() -> FapiError:
    """Return the error for a database that is locked for long, full or damaged."""
    return FapiError(500, "internal_clerk_error", "The embedded Clerk's database failed.")


def _set_cookie(response: Response, value: str) -> None:
    """Set the client cookie. It is not ``Secure``, because loopback is plain HTTP."""
    response.set_cookie(
        CLIENT_COOKIE,
        value,
        max_age=CLIENT_COOKIE_SECONDS,
        path="/",
        httponly=True,
        samesite="lax",
    )
