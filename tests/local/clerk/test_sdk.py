"""The SDK's files: fetched once, checked, unpacked safely, served as the browser asks for them."""

import base64
import gzip
import hashlib
import io
import logging
import re
import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from starlette.applications import Starlette
from starlette.routing import Route

from clerk_tinybird_app.local.clerk.sdk import ClerkSdkUnavailable, ensure_sdk
from clerk_tinybird_app.local.clerk.sdk import __main__ as command
from clerk_tinybird_app.local.clerk.sdk import fetch as fetching
from clerk_tinybird_app.local.clerk.sdk import files as serving
from clerk_tinybird_app.local.clerk.sdk.fetch import (
    PACKAGES,
    Package,
    download,
    tarball_address,
    unpack,
)
from clerk_tinybird_app.local.clerk.sdk.files import SdkFiles

CLERK_JS = PACKAGES[0]
SCRIPT = b"window.Clerk = 1;" * 50
CHUNK = "vendors_clerk.browser_a68c22_6.40.0.js"


def tarball(files: Mapping[str, bytes | tarfile.TarInfo]) -> bytes:
    """Make a gzipped tar of contents, or of ready-made members such as links."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    # The same bytes at any time: they are in names of tests, which every worker must agree on.
    return gzip.compress(buffer.getvalue(), mtime=0)


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


GOOD = tarball(
    {
        "package/package.json": b"{}",
        "package/dist/clerk.browser.js": SCRIPT,
        f"package/dist/{CHUNK}": b"chunk",
        "package/dist/clerk.browser.js.map": b"map",
        "package/dist/types/index.d.ts": b"types",
        "package/dist/clerk.legacy.browser.js": b"old",
    }
)


def integrity(content: bytes) -> str:
    return base64.b64encode(hashlib.sha512(content).digest()).decode()


def written(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach this machine directly, whatever proxy the machine is set to."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def registry() -> Iterator[Callable[[bytes, int], str]]:
    """Serve a body at an address on this machine."""
    answers: dict[str, tuple[int, bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers[self.path]
            self.send_response(status)
            self.send_header("content-length", str(len(body) + (100 if status == 206 else 0)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited name
            """Keep the tests' output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()

        def serve(body: bytes, status: int = 200) -> str:
            path = f"/{len(answers)}.tgz"
            answers[path] = (status, body)
            return f"http://127.0.0.1:{server.server_address[1]}{path}"

        yield serve
        server.shutdown()
        thread.join()


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Package:
    """Make a small tarball the only package there is."""
    small = replace(CLERK_JS, integrity=integrity(GOOD))
    monkeypatch.setattr(fetching, "PACKAGES", (small,))
    monkeypatch.setattr(serving, "PACKAGES", (small,))
    return small


def test_only_what_a_current_browser_asks_for_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "it.tgz").write_bytes(GOOD)
    assert unpack(tmp_path / "it.tgz", CLERK_JS, tmp_path / "out") == 2
    names = {"clerk.browser.js", "clerk.browser.js.gz", CHUNK, f"{CHUNK}.gz"}
    assert written(tmp_path / "out") == names
    packed = (tmp_path / "out" / "clerk.browser.js.gz").read_bytes()
    assert gzip.decompress(packed) == SCRIPT
    assert len(packed) < len(SCRIPT)


@pytest.mark.parametrize(
    "name",
    [
        "../evil.js",
        "package/dist/../../../evil_clerk.browser_a1_6.40.0.js",
        "package/dist/sub/evil_clerk.browser_a1_6.40.0.js",
        "/evil_clerk.browser_a1_6.40.0.js",
        "package/dist//evil_clerk.browser_a1_6.40.0.js",
        "package/dist/..\\evil_clerk.browser_a1_6.40.0.js",
        "dist/clerk.browser.js",
    ],
)
def test_nothing_lands_outside(tmp_path: Path, name: str) -> None:
    files = {name: b"evil", "package/dist/clerk.browser.js": SCRIPT}
    (tmp_path / "it.tgz").write_bytes(tarball(files))
    unpack(tmp_path / "it.tgz", CLERK_JS, tmp_path / "out")
    assert written(tmp_path) == {"it.tgz", "out/clerk.browser.js", "out/clerk.browser.js.gz"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_left_out(tmp_path: Path, kind: bytes) -> None:
    name = f"package/dist/{CHUNK}"
    files: dict[str, bytes | tarfile.TarInfo] = {
        "package/dist/clerk.browser.js": SCRIPT,
        name: link(name, "/etc/hostname", kind),
    }
    (tmp_path / "it.tgz").write_bytes(tarball(files))
    assert unpack(tmp_path / "it.tgz", CLERK_JS, tmp_path / "out") == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (GOOD[: len(GOOD) // 2], "damaged"),
        (b"no archive at all", "damaged"),
        (gzip.compress(b"no tar" * 200, mtime=0), "damaged"),
        (tarball({"package/dist/other.js": b"x"}), "has no clerk.browser.js"),
    ],
)
def test_a_tarball_that_is_damaged_or_lacks_its_entry_is_refused(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "it.tgz").write_bytes(content)
    with pytest.raises(ClerkSdkUnavailable, match=reason):
        unpack(tmp_path / "it.tgz", CLERK_JS, tmp_path / "out")


def test_a_tarball_that_is_not_the_pinned_one_is_refused(
    tmp_path: Path, registry: Callable[[bytes], str]
) -> None:
    with pytest.raises(ClerkSdkUnavailable, match="SHA-512 differs"):
        download(registry(GOOD), CLERK_JS, tmp_path / "it.tgz")


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "HTTP 404"), (503, "HTTP 503"), (206, "could not be downloaded")]
)
def test_a_download_that_fails_says_how(
    tmp_path: Path, registry: Callable[[bytes, int], str], status: int, reason: str
) -> None:
    with pytest.raises(ClerkSdkUnavailable, match=reason):
        download(registry(GOOD, status), CLERK_JS, tmp_path / "it.tgz")


def test_a_registry_out_of_reach_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ClerkSdkUnavailable) as caught:
        download("http://127.0.0.1:1/it.tgz", CLERK_JS, tmp_path / "it.tgz")
    assert "ConnectError" in caught.value.reason
    assert "python -m clerk_tinybird_app.local.clerk.sdk" in str(caught.value)


def test_the_files_are_fetched_once_and_then_no_network_is_needed(
    tmp_path: Path,
    package: Package,
    registry: Callable[[bytes], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = registry(GOOD)
    monkeypatch.setattr(fetching, "tarball_address", lambda _: address)
    said: list[str] = []
    folder = ensure_sdk(tmp_path, said.append)
    assert folder == tmp_path / "clerk-sdk"
    assert [each.name for each in folder.iterdir()] == ["clerk-js-6.40.0"]
    assert [sentence.split()[0] for sentence in said] == [
        "Looking",
        "Downloading",
        "Unpacking",
        "@clerk/clerk-js@6.40.0",
    ]

    monkeypatch.setattr(fetching, "tarball_address", _no_network)
    assert ensure_sdk(tmp_path, said.append) == folder
    assert len(said) == 4


def test_a_failure_on_the_way_leaves_nothing_behind(
    tmp_path: Path,
    package: Package,
    registry: Callable[[bytes], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = registry(GOOD + b"tampered")
    monkeypatch.setattr(fetching, "tarball_address", lambda _: address)
    with pytest.raises(ClerkSdkUnavailable):
        ensure_sdk(tmp_path)
    assert list((tmp_path / "clerk-sdk").iterdir()) == []


def test_a_process_that_finds_another_was_first_is_content(
    tmp_path: Path,
    package: Package,
    registry: Callable[[bytes], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = registry(GOOD)

    def overtaken(_: Package) -> str:
        monkeypatch.setattr(fetching, "tarball_address", lambda _: address)
        ensure_sdk(tmp_path)
        return address

    monkeypatch.setattr(fetching, "tarball_address", overtaken)
    folder = ensure_sdk(tmp_path)
    assert [each.name for each in folder.iterdir()] == ["clerk-js-6.40.0"]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (FileNotFoundError("bun"), "bun could not look up"),
        (subprocess.CalledProcessError(1, "bun"), "bun could not look up"),
        (subprocess.TimeoutExpired("bun", 60), "took too long"),
        ("error: not found", "gave no address"),
        ("", "gave no address"),
    ],
)
def test_a_look_up_that_fails_says_how(
    monkeypatch: pytest.MonkeyPatch, outcome: Exception | str, reason: str
) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        assert command[1:] == ["pm", "view", "@clerk/clerk-js@6.40.0", "dist.tarball"]
        if isinstance(outcome, Exception):
            raise outcome
        return subprocess.CompletedProcess(command, 0, stdout=f"{outcome}\n")

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ClerkSdkUnavailable, match=reason):
        tarball_address(CLERK_JS)


def test_the_command_reports_failure_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fetching, "tarball_address", _no_network)
    assert command.main([str(tmp_path)]) == 1
    assert "no network in tests" in capsys.readouterr().err


def test_the_pins_are_whole_sha512_digests() -> None:
    assert [len(base64.b64decode(each.integrity)) for each in PACKAGES] == [64, 64]
    assert [each.spec for each in PACKAGES] == ["@clerk/clerk-js@6.40.0", "@clerk/ui@1.36.0"]


class Shelf:
    """The served files, as a browser asks for them."""

    def __init__(self, folder: Path, portal: BlockingPortal) -> None:
        self.folder = folder
        self.portal = portal
        self.failure: ClerkSdkUnavailable | None = None
        self.fetches = 0
        self.now = 0.0
        files = SdkFiles(folder, ensure=self.ensure, clock=lambda: self.now)
        route = Route("/{package}@{version}/{file:path}", files.serve)
        transport = httpx.ASGITransport(Starlette(routes=[route]))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://localhost")

    def ensure(self, folder: Path) -> Path:
        self.fetches += 1
        if self.failure:
            raise self.failure
        (folder / "it.tgz").write_bytes(GOOD)
        (folder / "clerk-sdk").mkdir()
        unpack(folder / "it.tgz", CLERK_JS, folder / "clerk-sdk" / CLERK_JS.folder)
        return folder / "clerk-sdk"

    def get(self, path: str, encoding: str = "gzip, br") -> httpx.Response:
        headers = {"accept-encoding": encoding}
        return self.portal.call(partial(self.http.get, path, headers=headers))


@pytest.fixture
def shelf(tmp_path: Path, package: Package, portal: BlockingPortal) -> Shelf:
    return Shelf(tmp_path, portal)


@pytest.mark.parametrize(
    ("version", "caching"),
    [("6.40.0", "public, max-age=31536000, immutable"), ("6", "public, max-age=300")],
)
def test_both_spellings_are_served_each_cached_as_long_as_it_is_true(
    shelf: Shelf, version: str, caching: str
) -> None:
    reply = shelf.get(f"/clerk-js@{version}/dist/clerk.browser.js")
    assert reply.content == SCRIPT
    assert reply.headers["content-type"] == "text/javascript; charset=utf-8"
    assert reply.headers["cache-control"] == caching
    assert reply.headers["vary"] == "Accept-Encoding"


def test_a_file_goes_compressed_to_whoever_takes_that(shelf: Shelf) -> None:
    path = f"/clerk-js@6.40.0/dist/{CHUNK}"
    assert shelf.get(path).headers["content-encoding"] == "gzip"
    plain = shelf.get(path, encoding="identity")
    assert "content-encoding" not in plain.headers
    assert plain.content == shelf.get(path).content == b"chunk"


@pytest.mark.parametrize(
    "path",
    [
        "/clerk-js@5/dist/clerk.browser.js",
        "/clerk-js@6.40.1/dist/clerk.browser.js",
        "/backend@6/dist/clerk.browser.js",
        "/clerk-js@6/clerk.browser.js",
        "/clerk-js@6/dist/clerk.browser.js.gz",
        "/clerk-js@6/dist/clerk.browser.js.map",
        "/clerk-js@6/dist/unknown_clerk.browser_ffffff_6.40.0.js",
        "/clerk-js@6/dist/%2e%2e/%2e%2e/clerk.sqlite3",
        "/clerk-js@6/dist/../../it.tgz",
    ],
)
def test_other_files_are_not_found(shelf: Shelf, path: str) -> None:
    shelf.get("/clerk-js@6/dist/clerk.browser.js")
    assert shelf.get(path).status_code == 404


def test_the_files_are_fetched_when_first_asked_for_and_only_then(shelf: Shelf) -> None:
    assert shelf.fetches == 0
    for _ in range(3):
        assert shelf.get("/clerk-js@6/dist/clerk.browser.js").status_code == 200
    assert shelf.fetches == 1


def test_a_failure_is_told_to_the_browser_logged_once_and_tried_again_later(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.failure = ClerkSdkUnavailable("the cable is out")
    path = "/clerk-js@6/dist/clerk.browser.js"
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            reply = shelf.get(path)
            assert reply.status_code == 503
            assert "the cable is out" in reply.text
        assert shelf.fetches == 1
        shelf.now += 16
        assert shelf.get(path).status_code == 503
        assert shelf.fetches == 2
    assert len(re.findall("the cable is out", caplog.text)) == 1

    shelf.failure = None
    shelf.now += 16
    assert shelf.get(path).status_code == 200


def _no_network(_: Package) -> str:
    raise ClerkSdkUnavailable("no network in tests")
