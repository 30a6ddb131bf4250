"""A server on this machine that always sends the same answer, or never answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

HANGS: Final = b""
"""Stands for no answer at all."""


def http_answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


@dataclass
class LocalServer:
    """The address of the server, and the number of its requests."""

    answer: bytes
    url: str = ""
    requests: int = 0
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def has_got(self, requests: int) -> None:
        """Wait until so many requests have come."""
        async with asyncio.timeout(20), self._came:
            await self._came.wait_for(lambda: self.requests >= requests)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            # Closed unused.
            writer.close()
            return
        async with self._came:
            self.requests += 1
            self._came.notify_all()
        writer.write(self.answer)
        # Until the other side closes.
        await reader.read()
        writer.close()


@asynccontextmanager
async def local_server(
    answer: bytes = HANGS, host: str = "127.0.0.1"
) -> AsyncIterator[LocalServer]:
    found = LocalServer(answer)
    server = await asyncio.start_server(found.serve, host, backlog=1000)
    port = server.sockets[0].getsockname()[1]
    found.url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    async with server:
        yield found
