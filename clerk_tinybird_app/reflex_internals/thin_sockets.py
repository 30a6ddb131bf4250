"""Engine.IO's end of a websocket, which keeps nothing of what was sent."""

from typing import Any

from engineio import async_socket  # type: ignore[import-untyped]
from engineio.packet import Packet  # type: ignore[import-untyped]


class _OnceSent:
    """A packet that can be encoded once, and then holds nothing.

    Args:
        packet: The packet, which other websockets may have too.
    """

    __slots__ = ("_packet",)

    def __init__(self, packet: Packet) -> None:
        self._packet: Packet | None = packet

    def encode(self, b64: bool = False) -> Any:  # as a packet has it
        """Return the frame, and let go of the packet."""
        packet, self._packet = self._packet, None
        return packet.encode(b64=b64) if packet is not None else ""


class ThinSocket(async_socket.AsyncSocket):  # type: ignore[misc]
    """A socket whose writer does not hold the last packet until the next one.

    A dashboard's packet is the larger part of what an idle tab would keep in memory.
    """

    async def poll(self) -> list[_OnceSent]:
        """Return what is to be sent next; nothing at the end."""
        return [_OnceSent(packet) for packet in await super().poll()]


def thin_sockets() -> None:
    """Have Engine.IO make such sockets from now on. It has no other place to say so."""
    async_socket.AsyncSocket = ThinSocket
