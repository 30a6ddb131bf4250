"""Whether the app can listen where it is told to."""

from contextlib import AsyncExitStack

import pytest

from clerk_tinybird_app.check.listening import listening
from clerk_tinybird_app.settings import Settings
from tests.local.tinybird.process import free_port
from tests.local_server import http_answer, local_server

pytestmark = pytest.mark.anyio


async def told(port: int, **environ: str) -> dict[str, str]:
    settings = Settings.from_environ({"REFLEX_FRONTEND_PORT": str(port)} | environ)
    return {each.code: each.level.value async for each in listening(settings, cores=2)}


async def test_a_free_port_is_well() -> None:
    assert await told(free_port()) == {"port/free": "ok"}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"], ids=["there", "at localhost's other"])
@pytest.mark.parametrize(
    ("body", "code", "level"),
    [
        (b'{"status": "ok", "clerk": "real", "tinybird": "real"}', "port/app-runs", "note"),
        (b"<html>It works!</html>", "port/taken", "failed"),
    ],
)
async def test_a_port_that_is_taken_is_no_matter_when_it_is_by_the_app_itself(
    body: bytes, code: str, level: str, host: str
) -> None:
    async with AsyncExitStack() as stack:
        try:
            other = await stack.enter_async_context(local_server(http_answer(body), host))
        except OSError:
            pytest.skip(f"there is no {host} here")
        port = int(other.url.rpartition(":")[2])

        assert await told(port) == {code: level}


async def test_more_than_two_workers_for_a_core_are_too_many() -> None:
    shared = {
        "REFLEX_REDIS_URL": "redis://localhost",
        "REDIS_SECRET": "s" * 32,
        "TINYBIRD_API_URL": "https://api.tinybird.co",
        "TINYBIRD_WORKSPACE_ID": "workspace",
        "TINYBIRD_JWT_SECRET": "s" * 40,
    }

    assert "workers/too-many" not in await told(free_port(), **shared, WEB_CONCURRENCY="4")
    assert "workers/too-many" in await told(free_port(), **shared, WEB_CONCURRENCY="5")
