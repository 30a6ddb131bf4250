"""The connections to Tinybird, spoken to a server of a few lines."""

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from clerk_tinybird_app.tinybird.client import TinybirdClient, TinybirdUnreachableError
from clerk_tinybird_app.tinybird.client.connections import TinybirdTransport
from tests.tinybird.client.server import ANSWER, TOKEN

pytestmark = pytest.mark.anyio


def ok(body: bytes = json.dumps(ANSWER).encode(), *headers: str) -> bytes:
    lines = ("HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", "")
    return "\r\n".join(lines).encode() + body


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    return f"Content-Length: {len(body)}".encode() in head


class Peer:
    """A server that keeps its connections, and what it was sent."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = [*answers]
        self.heads: list[str] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
            except asyncio.IncompleteReadError:
                break
            self.heads.append(head)
            answer = self.answers.pop(0) if self.answers else ok()
            writer.write(answer)
            if not _is_whole(answer):
                break
        writer.close()

    @asynccontextmanager
    async def client(self, url: str = "", *, is_near: bool = True) -> AsyncIterator[TinybirdClient]:
        server = await asyncio.start_server(self.serve, "127.0.0.1")
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, TinybirdTransport(is_near=is_near) as connections:
            yield TinybirdClient(url or self.url, transport=connections)

    @property
    def parameters(self) -> list[dict[str, list[str]]]:
        return [parse_qs(urlsplit(head.split()[1]).query) for head in self.heads]


async def test_every_character_of_a_parameter_arrives() -> None:
    peer = Peer()
    text = "".join(map(chr, range(1, 0x180))) + "%27%2B%00 ä €😀 a+b&c=d;e/f?g#h"
    async with peer.client() as client:
        await client.query("x", {"text": text}, TOKEN)

    assert peer.parameters == [{"text": [text]}]


async def test_queries_one_after_the_other_use_one_connection() -> None:
    peer = Peer()
    async with peer.client() as client:
        for _ in range(3):
            await client.query("x", {}, TOKEN)

    assert peer.connections == 1


async def test_a_connection_that_the_server_closed_meanwhile_costs_no_query() -> None:
    peer = Peer(ok(), b"")
    async with peer.client() as client:
        await client.query("x", {}, TOKEN)
        answer = await client.query("x", {}, TOKEN)

    assert answer.row_count == 2


async def test_a_server_that_closes_every_connection_cannot_be_reached() -> None:
    peer = Peer(b"", b"")
    async with peer.client() as client:
        with pytest.raises(TinybirdUnreachableError, match="RemoteProtocolError"):
            await client.query("x", {}, TOKEN)

    assert len(peer.heads) == 2


async def test_a_post_is_never_sent_again_by_itself() -> None:
    peer = Peer(b"")
    async with peer.client() as client:
        with pytest.raises(TinybirdUnreachableError):
            await client.query("x", {"a": "x" * 3000}, TOKEN)

    assert [head.split()[0] for head in peer.heads] == ["POST"]


async def test_an_answer_that_breaks_off_is_none() -> None:
    peer = Peer(ok()[:-5])
    async with peer.client() as client:
        with pytest.raises(TinybirdUnreachableError, match="ReadError"):
            await client.query("x", {}, TOKEN)


async def test_a_compressed_answer_is_read() -> None:
    body = gzip.compress(json.dumps(ANSWER).encode())
    peer = Peer(ok(body, "Content-Encoding: gzip"))
    async with peer.client() as client:
        answer = await client.query("x", {}, TOKEN)

    assert answer.rows == ANSWER["data"]


async def test_no_cookie_goes_from_one_query_to_the_next() -> None:
    peer = Peer(ok(json.dumps(ANSWER).encode(), "Set-Cookie: tenant=org_acme; Path=/"))
    async with peer.client() as client:
        await client.query("x", {}, TOKEN)
        await client.query("x", {}, TOKEN)

    assert len(peer.heads) == 2
    assert not any("cookie" in head.lower() for head in peer.heads)


async def test_a_proxy_of_the_environment_is_for_other_machines_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proxy, local = Peer(), Peer()
    async with (
        proxy.client("http://tinybird.invalid", is_near=False) as far,
        local.client() as near,
    ):
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        for name in ("http_proxy", "NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        await far.query("x", {}, TOKEN)
        await near.query("x", {}, TOKEN)

    places = [[head.split()[1] for head in each.heads] for each in (proxy, local)]
    assert places == [["http://tinybird.invalid/v0/pipes/x.json"], ["/v0/pipes/x.json"]]


async def test_a_cancelled_query_closes_its_request() -> None:
    arrived, closed = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        assert await reader.read() == b""
        closed.set()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    async with server, TinybirdTransport(is_near=True) as connections:
        client = TinybirdClient(url, transport=connections)
        query = asyncio.create_task(client.query("x", {}, TOKEN))
        await asyncio.wait_for(arrived.wait(), 5)
        query.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await query
        await asyncio.wait_for(closed.wait(), 5)

    assert query.cancelled()
