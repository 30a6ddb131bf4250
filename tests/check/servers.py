"""Clerk's key server and a Tinybird, which do what a test has them do wrong."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import httpx
import jwt

from clerk_tinybird_app.clerk.session_kinds import NOWHERE
from tests.clerk.tokens import KID, jwk
from tests.sessions import PIPES

NOW = 1_795_416_164
KEY = "p.a-workspace-admin-token-of-some-length"
WORKSPACE = "7afc6330-3aae-4df5-8712-eaad216c5d7d"
NOBODY = [{"tenant_id": NOWHERE}]


@dataclass
class Servers:
    """Well-behaved, but for what is set.

    Attributes:
        jwks: The key set, or what stands in its place.
        key: What Tinybird's tokens must be signed with; "" for a Tinybird that checks nothing.
        rows: What every pipe answers.
        refusals: Pipe -> status and text it answers instead.
        down: Hosts that cannot be reached.
        silent: Hosts that never answer.
        behind: Seconds that the servers' clocks are behind.
    """

    jwks: Any = field(default_factory=lambda: {"keys": [jwk(KID)]})
    key: str = KEY
    workspace: str = WORKSPACE
    rows: list[dict[str, Any]] = field(default_factory=lambda: list(NOBODY))
    refusals: Mapping[str, tuple[int, str]] = field(default_factory=dict)
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
        answer = self._clerk() if "clerk" in request.url.host else self._tinybird(request)
        if self.says_time:
            answer.headers["Date"] = formatdate(NOW - self.behind, usegmt=True)
        return answer

    def _clerk(self) -> httpx.Response:
        if isinstance(self.jwks, int):
            return httpx.Response(self.jwks)
        return httpx.Response(200, content=json.dumps(self.jwks))

    def _tinybird(self, request: httpx.Request) -> httpx.Response:
        if not self.is_tinybird:
            return httpx.Response(200, content=b"<html>It works!</html>")
        if request.url.path == "/tokens":
            return httpx.Response(200, json={"workspace_admin_token": self.key})
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.url.path == "/v1/user/workspaces":
            found = [{"id": self.workspace, "token": self.key}] if token == self.key else []
            return httpx.Response(200, json={"workspaces": found})
        if not self._accepts(token):
            return _refused(403, f"invalid authentication token. Invalid token b'{token}'")
        return self._pipe(request.url.path.removeprefix("/v0/pipes/").removesuffix(".json"))

    def _accepts(self, token: str) -> bool:
        if not self.key or not token:
            return bool(token)
        try:
            claims = jwt.decode(token, self.key, ["HS256"], options={"verify_exp": False})
        except jwt.InvalidTokenError:
            return False
        return claims["workspace_id"] == self.workspace and claims["exp"] > NOW - self.behind

    def _pipe(self, name: str) -> httpx.Response:
        assert name in PIPES
        if name in self.refusals:
            return _refused(*self.refusals[name])
        meta = [{"name": "tenant_id", "type": "String"}]
        return httpx.Response(200, json={"meta": meta, "data": self.rows, "rows": len(self.rows)})


def _refused(status: int, text: str) -> httpx.Response:
    return httpx.Response(status, json={"error": text, "documentation": ""})
