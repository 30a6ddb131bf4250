"""Whether the app can listen where it is told to."""

from contextlib import AsyncExitStack

import pytest

from clerk_tinybird_app.check.listening import listening
from clerk_tinybird_app.settings import Settings
from tests.local.tinybird.process import free_port
from tests.local_server import http_answer, local_server

pytestmark = pytest.mark.anyio


async def told(port: int) -> dict[str, str]:
    settings = Settings.from_environ({"REFLEX_FRONTEND_PORT": str(port)})
    found = await listening(settings)
    return {found.code: found.level.value}


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
