"""A Tinybird that accepts no connection: the error comes long before the time limit."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from clerk_tinybird_app.tinybird.client import TinybirdClient, TinybirdUnreachableError
from clerk_tinybird_app.tinybird.client import connections as connections_module
from clerk_tinybird_app.tinybird.client.connections import TinybirdConnections
from tests.tinybird.client.server import TOKEN


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port whose queue of connections is full, so that another one is left waiting."""
    waiting: list[socket.socket] = []
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        is_taken = True
        while is_taken:
            one = socket.socket()
            one.settimeout(0.2)
            waiting.append(one)
            is_taken = _connects(one, listening.getsockname())
        yield listening.getsockname()[1]
        for one in waiting:
            one.close()


def _connects(one: socket.socket, address: tuple[str, int]) -> bool:
    try:
        one.connect(address)
    except TimeoutError:
        return False
    return True


@pytest.mark.anyio
async def test_a_server_that_takes_no_connection_is_given_up_before_the_answer_is_due(
    silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections_module, "CONNECT_SECONDS", 0.05)
    url = f"http://127.0.0.1:{silent_port}"
    async with aclosing(TinybirdConnections(is_near=True)) as connections, asyncio.timeout(10):
        client = TinybirdClient(url, connections=connections)

        with pytest.raises(TinybirdUnreachableError, match="ConnectionTimeoutError"):
            await client.query("x", {}, TOKEN)
