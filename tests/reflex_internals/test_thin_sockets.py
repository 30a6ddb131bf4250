"""What Engine.IO's end of a websocket keeps of what was sent: nothing."""

import gc
import weakref

import pytest
from engineio import AsyncServer, async_socket  # type: ignore[import-untyped]
from engineio.packet import MESSAGE, Packet  # type: ignore[import-untyped]

from clerk_tinybird_app.reflex_internals.thin_sockets import ThinSocket, thin_sockets

pytestmark = pytest.mark.anyio


class Watched(Packet):  # type: ignore[misc]
    """A packet that can be watched."""


def a_socket() -> ThinSocket:
    return ThinSocket(AsyncServer(async_mode="asgi"), "sid")


async def test_a_packet_goes_when_it_was_sent_although_its_writer_waits_for_the_next() -> None:
    socket, packet = a_socket(), Watched(MESSAGE, "rows")
    watched = weakref.ref(packet)
    await socket.queue.put(packet)
    del packet

    [last] = await socket.poll()
    assert last.encode() == "4rows"
    gc.collect()
    assert watched() is None


async def test_a_packet_for_several_websockets_comes_to_each() -> None:
    packet, sockets = Packet(MESSAGE, "rows"), (a_socket(), a_socket())
    for socket in sockets:
        await socket.queue.put(packet)

    frames = [one.encode() for socket in sockets for one in await socket.poll()]
    assert frames == ["4rows", "4rows"]


async def test_the_end_of_a_websocket_ends_its_writer() -> None:
    socket = a_socket()
    await socket.queue.put(None)

    assert not await socket.poll()


async def test_the_server_makes_such_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(async_socket, "AsyncSocket", async_socket.AsyncSocket)
    thin_sockets()
    server = AsyncServer(async_mode="asgi")

    await server._handle_connect({}, "polling")
    assert {type(socket) for socket in server.sockets.values()} == {ThinSocket}
