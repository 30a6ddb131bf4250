"""Clerk's servers and a Tinybird, which do what a test has them do wrong."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import httpx
import jwt

from tests.check.product import TENANT
from tests.clerk.tokens import KID, jwk

NOW = 1_795_416_164
KEY = "p.a-workspace-admin-token-of-some-length"
WORKSPACE = "7afc6330-3aae-4df5-8712-eaad216c5d7d"
ANONYMOUS = "p.a-token-that-every-visitor-is-given"


@dataclass
class Servers:
    """Well-behaved, but for what is set.

    Attributes:
        jwks: The instance's key set, or what stands in its place.
        backend: The same as Clerk's Backend API answers it to the secret key; None for the same.
        key: What Tinybird's tokens must be signed with; "" for a Tinybird that checks nothing.
        tenants: Tenant -> how many rows it has; None when ``/v0/sql`` is refused.
        everybody: What every pipe answers whoever asks, instead of the tenant's own.
        refusals: Pipe -> status and text it answers instead.
        extra: Endpoints that the workspace lists.
        anonymous: Address -> status of the answer to the anonymous key; None: it is not taken.
        down: Hosts that cannot be reached.
        silent: Hosts that never answer.
        behind: Seconds that the servers' clocks are behind.
    """

    jwks: Any = field(default_factory=lambda: {"keys": [jwk(KID)]})
    backend: Any = None
    key: str = KEY
    workspace: str = WORKSPACE
    tenants: Mapping[str, int] | None = field(
        default_factory=lambda: {"org_one": 37, "org_two": 14}
    )
    everybody: list[dict[str, Any]] | None = None
    refusals: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    extra: tuple[str, ...] = ()
    anonymous: Mapping[str, int] | None = field(default_factory=dict)
    down: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    behind: float = 0
    is_tinybird: bool = True
    says_time: bool = True
    asked: list[httpx.Request] = field(default_factory=list)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._handle)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.host in self.down:
            raise httpx.ConnectError("no route")
        if request.url.host in self.silent:
            await asyncio.Future()
        answer = self._clerk(request) if "clerk" in request.url.host else self._tinybird(request)
        if self.says_time:
            answer.headers["Date"] = formatdate(NOW - self.behind, usegmt=True)
        return answer

    def _clerk(self, request: httpx.Request) -> httpx.Response:
        is_backend = request.url.host == "api.clerk.com"
        keys = self.backend if is_backend and self.backend is not None else self.jwks
        if isinstance(keys, int):
            return httpx.Response(keys)
        return httpx.Response(200, content=json.dumps(keys))

    def _tinybird(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if not self.is_tinybird:
            return httpx.Response(200, content=b"<html>It works!</html>")
        if path == "/tokens":
            return httpx.Response(200, json={"workspace_admin_token": self.key})
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if path == "/v1/user/workspaces":
            found = [{"id": self.workspace, "token": self.key}] if token == self.key else []
            return httpx.Response(200, json={"workspaces": found})
        if token == ANONYMOUS and self.anonymous is not None:
            return self._to_visitor(path)
        if token and (token == self.key or (token == KEY and not self.key)):
            return self._to_admin(path)
        return self._pipe(path.removeprefix("/v0/pipes/").removesuffix(".json"), token)

    def _to_visitor(self, path: str) -> httpx.Response:
        status = (self.anonymous or {}).get(path, 200 if path == "/v0/pipes" else 403)
        if status != 200:
            return _refused(status, "The token does not have the scope")
        return httpx.Response(200, json={"pipes": [], "tokens": [], "datasources": [{"name": "x"}]})

    def _to_admin(self, path: str) -> httpx.Response:
        if path == "/v0/pipes":
            pipes = [{"name": name, "endpoint": "t_1"} for name in self.extra]
            return httpx.Response(200, json={"pipes": pipes})
        if path == "/v1/workspace":
            return httpx.Response(200, json={"id": self.workspace})
        assert path == "/v0/sql"
        if self.tenants is None:
            return _refused(403, "this token may not: org_one")
        rows = [
            {"tenant": tenant, "events": str(count), "member": "user_x"}
            for tenant, count in self.tenants.items()
        ]
        return httpx.Response(200, json={"data": rows})

    def _accepts(self, token: str) -> bool:
        if not self.key or not token:
            return bool(token)
        try:
            claims = jwt.decode(token, self.key, ["HS256"], options={"verify_exp": False})
        except jwt.InvalidTokenError:
            return False
        return claims["workspace_id"] == self.workspace and claims["exp"] > NOW - self.behind

    def _pipe(self, name: str, token: str) -> httpx.Response:
        if not self._accepts(token):
            return _refused(403, "invalid authentication token")
        claims = jwt.decode(token, options={"verify_signature": False})
        fixed = {scope["resource"]: scope["fixed_params"] for scope in claims["scopes"]}
        if name in self.refusals:
            return _refused(*self.refusals[name])
        count = (self.tenants or {}).get(fixed[name].get(TENANT.parameter, ""), 0)
        rows = [{"hits": count}] if self.everybody is None else self.everybody
        meta = [{"name": each, "type": "String"} for each in (rows[0] if rows else ())]
        return httpx.Response(200, json={"meta": meta, "data": rows, "rows": len(rows)})


def _refused(status: int, text: str) -> httpx.Response:
    return httpx.Response(status, json={"error": text, "documentation": ""})
