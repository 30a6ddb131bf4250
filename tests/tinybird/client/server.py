"""A Tinybird that sends the answers of a test and records the requests."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from clerk_tinybird_app.tinybird.client import TinybirdClient
from clerk_tinybird_app.tinybird.client.connections import HttpxConnections

API_URL = "https://api.tinybird.co"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJuYW1lIjoiYWRhIn0.c2lnbmF0dXJl"
NEW_TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJuYW1lIjoiYWRhIn0.YW5vdGhlcg"

ANSWER = {
    "meta": [{"name": "route", "type": "String"}, {"name": "requests", "type": "UInt64"}],
    "data": [{"route": "/v1/orders", "requests": 7}, {"route": "/v1/users", "requests": None}],
    "rows": 2,
    "statistics": {"elapsed": 0.0125, "rows_read": 1200, "bytes_read": 34000},
}
RATE_HEADERS = {"X-RateLimit-Limit": "10", "X-RateLimit-Remaining": "9", "X-RateLimit-Reset": "1"}

Step = httpx.Response | Exception | Callable[[httpx.Request], Any]


def rows(**headers: str) -> httpx.Response:
    return httpx.Response(200, json=ANSWER, headers=headers)


def refused(status: int, text: str = "no", headers: dict[str, str] | None = None) -> httpx.Response:
    body = {"error": text, "documentation": "https://www.tinybird.co/docs"}
    return httpx.Response(status, json=body, headers=headers)


@dataclass
class Server:
    """Gives ``steps`` one after the other."""

    steps: list[Step]
    asked: list[httpx.Request] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        step = self.steps[len(self.asked) - 1]
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, httpx.Response) else await step(request)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def client(self, **options: Any) -> TinybirdClient:
        connections = httpx.MockTransport(self._handle)
        return TinybirdClient(
            API_URL, connections=HttpxConnections(connections), sleep=self._sleep, **options
        )

    @property
    def tokens(self) -> list[str]:
        return [each.headers["authorization"].removeprefix("Bearer ") for each in self.asked]


def json_body(value: object, status: int = 200) -> httpx.Response:
    return httpx.Response(status, content=json.dumps(value).encode())
