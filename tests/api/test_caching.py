"""No browser and no proxy keeps what the API answers."""

import httpx
import pytest

from clerk_tinybird_app import routes
from clerk_tinybird_app.api import create_api
from clerk_tinybird_app.services import Services

pytestmark = pytest.mark.anyio


async def test_nobody_keeps_an_answer_of_the_api(running: Services) -> None:
    assert running.embedded_clerk
    bearer = f"Bearer {running.embedded_clerk.issue('admin@acme.test', 'acme')}"
    paths = [path for path in vars(routes).values() if str(path).startswith(f"{routes.API}/")]
    found = set[int]()

    transport = httpx.ASGITransport(create_api(running))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:3000") as client:
        for path in (*paths, f"{routes.API}/nowhere"):
            for method, headers in (("GET", {}), ("GET", {"Authorization": bearer}), ("POST", {})):
                answer = await client.request(method, path, headers=headers)
                found.add(answer.status_code)
                assert answer.headers["cache-control"] == "no-store", (method, path)

    assert len(paths) == 4
    assert {200, 401, 404, 405} <= found
