"""The connections to Tinybird, spoken to a server of a few lines."""

import asyncio
import contextlib
import gzip
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from clerk_tinybird_app.tinybird.client import (
    TinybirdClient,
    TinybirdError,
    TinybirdTooLargeError,
    TinybirdUnreachableError,
)
from clerk_tinybird_app.tinybird.client import client as client_module
from clerk_tinybird_app.tinybird.client.connections import TinybirdConnections
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
        async with server, aclosing(TinybirdConnections(is_near=is_near)) as connections:
            yield TinybirdClient(url or self.url, connections=connections)

    @property
    def parameters(self) -> list[dict[str, list[str]]]:
        return [parse_qs(urlsplit(head.split()[1]).query) for head in self.heads]


def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


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
        with pytest.raises(TinybirdUnreachableError, match="ServerDisconnectedError"):
            await client.query("x", {}, TOKEN)

    assert len(peer.heads) == 2


async def test_a_server_that_is_not_there_is_no_slow_one() -> None:
    async with Peer().client("http://127.0.0.1:1") as client:
        with pytest.raises(TinybirdUnreachableError, match="ClientConnectorError"):
            await client.query("x", {}, TOKEN)


async def test_a_post_is_never_sent_again_by_itself() -> None:
    peer = Peer(b"")
    async with peer.client() as client:
        with pytest.raises(TinybirdUnreachableError):
            await client.query("x", {"a": "x" * 3000}, TOKEN)

    assert [head.split()[0] for head in peer.heads] == ["POST"]


async def test_an_answer_that_breaks_off_is_none() -> None:
    peer = Peer(ok()[:-5])
    async with peer.client() as client:
        with pytest.raises(TinybirdUnreachableError, match="ClientPayloadError"):
            await client.query("x", {}, TOKEN)


async def test_a_compressed_answer_is_read() -> None:
    body = gzip.compress(json.dumps(ANSWER).encode())
    peer = Peer(ok(body, "Content-Encoding: gzip"))
    async with peer.client() as client:
        answer = await client.query("x", {}, TOKEN)

    assert answer.rows == ANSWER["data"]


@pytest.mark.parametrize(
    "headers",
    [["Content-Encoding: gzip", "Content-Encoding: gzip"], ["Content-Encoding: gzip, gzip"]],
)
async def test_an_answer_that_is_compressed_twice_is_not_read(headers: list[str]) -> None:
    # A kilobyte of it can be a gigabyte, all in one piece.
    body = gzip.compress(gzip.compress(json.dumps(ANSWER).encode()))
    peer = Peer(ok(body, *headers))
    async with peer.client() as client:
        with pytest.raises(TinybirdError, match="not a pipe's JSON"):
            await client.query("x", {}, TOKEN)


async def test_a_compressed_answer_is_taken_in_up_to_the_limit_and_in_small_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []

    class Sizes(bytearray):
        def __iadd__(self, piece: bytes) -> "Sizes":  # type: ignore[misc, override]
            sizes.append(len(piece))
            return super().__iadd__(piece)

    monkeypatch.setattr(client_module, "bytearray", Sizes, raising=False)
    body = gzip.compress(b" " * 2**28)
    async with Peer(ok(body, "Content-Encoding: gzip")).client() as client:
        with pytest.raises(TinybirdTooLargeError):
            await client.query("x", {}, TOKEN)

    assert max(sizes) < 2**20


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
        without_proxies(monkeypatch)
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        await far.query("x", {}, TOKEN)
        await near.query("x", {}, TOKEN)

    places = [[head.split()[1] for head in each.heads] for each in (proxy, local)]
    assert places == [["http://tinybird.invalid/v0/pipes/x.json"], ["/v0/pipes/x.json"]]


@pytest.mark.parametrize(
    "answer",
    [
        b"no HTTP\r\n\r\n",
        ok(b"", f"X: {'a' * 20_000}"),
        ok(b"", "no header"),
    ],
    ids=["no status", "long header", "no header"],
)
async def test_an_answer_that_is_no_http_is_none(answer: bytes) -> None:
    peer = Peer(answer)
    async with peer.client() as client:
        # The error of aiohttp would have the token and the parameters in it.
        with pytest.raises(
            TinybirdUnreachableError,
            match=r"ClientResponseError|ClientPayloadError",
        ):
            await client.query("x", {"who": "acme"}, TOKEN)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_a_proxy_is_given_its_own_password(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    proxy = Peer()
    async with proxy.client("http://tinybird.invalid", is_near=False) as client:
        without_proxies(monkeypatch)
        monkeypatch.setenv(name, proxy.url.replace("//", "//us%40er:pa%3Ass@"))
        await client.query("x", {}, TOKEN)

    given = b64encode(b"us@er:pa:ss").decode()
    assert f"Proxy-Authorization: Basic {given}" in proxy.heads[0]


@pytest.mark.parametrize("named", ["127.0.0.1", "127.0.0.1:{port}", "*"])
async def test_an_address_that_needs_no_proxy_is_asked_itself(
    monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    peer = Peer()
    async with peer.client(is_near=False) as client:
        without_proxies(monkeypatch)
        monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid")
        monkeypatch.setenv("NO_PROXY", named.format(port=urlsplit(peer.url).port))
        await client.query("x", {}, TOKEN)

    assert [head.split()[1] for head in peer.heads] == ["/v0/pipes/x.json"]


async def test_a_password_in_netrc_takes_no_tokens_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login user password secret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    peer = Peer()
    async with peer.client(is_near=False) as client:
        without_proxies(monkeypatch)
        await client.query("x", {}, TOKEN)

    assert f"Authorization: Bearer {TOKEN}" in peer.heads[0]


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
    async with server, aclosing(TinybirdConnections(is_near=True)) as connections:
        client = TinybirdClient(url, connections=connections)
        query = asyncio.create_task(client.query("x", {}, TOKEN))
        await asyncio.wait_for(arrived.wait(), 5)
        query.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await query
        await asyncio.wait_for(closed.wait(), 5)

    assert query.cancelled()
