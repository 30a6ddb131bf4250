"""Building the services: every error is one sentence."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.local.tinybird.process import child
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.settings import Settings, SettingsError
from clerk_tinybird_app.tinybird.client import TinybirdUnreachableError
from clerk_tinybird_app.tinybird.client import connections as connections_module
from clerk_tinybird_app.tinybird.policy import Scope
from clerk_tinybird_app.tinybird.token import TinybirdToken
from tests.clerk.tokens import KID, NOW, jwk, token_with
from tests.conftest import CHOICE
from tests.local_server import HANGS, http_answer, local_server
from tests.redis_server import ADVICE, is_there, redis_server
from tests.running_app import free_port
from tests.test_settings import HOST_KEY, TINYBIRD

KEYS = CHOICE | {"CLERK_PUBLISHABLE_KEY": HOST_KEY} | TINYBIRD


def _file_in_its_place(folder: Path) -> None:
    folder.write_text("not a folder")


def _empty_workspace(folder: Path) -> None:
    folder.mkdir()
    (folder / "tinybird-workspace.json").touch()


def _damaged_database(folder: Path) -> None:
    folder.mkdir()
    (folder / "clerk.sqlite3").write_bytes(b"not a database " * 100)


def _damaged_key(folder: Path) -> None:
    folder.mkdir()
    (folder / "clerk-signing-key.pem").write_text("not a key")


@pytest.mark.parametrize(
    "damage", [_file_in_its_place, _empty_workspace, _damaged_database, _damaged_key]
)
def test_a_folder_that_cannot_be_used_is_named_with_what_to_do(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    folder = tmp_path / "local"
    damage(folder)

    with pytest.raises(SettingsError, match=r"(?s)local: .*delete it to start over"):
        services.build(Settings.from_environ(CHOICE), folder=folder)


def test_the_local_workspace_survives_a_restart_and_is_private(tmp_path: Path) -> None:
    first = services.build(Settings.from_environ(CHOICE), folder=tmp_path / "local").workspace
    again = services.build(Settings.from_environ(CHOICE), folder=tmp_path / "local").workspace

    assert (first.workspace_id, first.signing_key) == (again.workspace_id, again.signing_key)
    assert len(first.signing_key.encode()) >= 32
    kept = tmp_path / "local" / "tinybird-workspace.json"
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.anyio
async def test_while_every_connection_to_tinybird_hangs_people_sign_in_and_queries_are_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key_set = http_answer(json.dumps({"keys": [jwk(KID)]}).encode())
    async with local_server(key_set) as key_server, local_server(HANGS) as tinybird:
        monkeypatch.setattr(PublishableKey, "jwks_url", key_server.url)
        settings = Settings.from_environ(KEYS | {"TINYBIRD_API_URL": tinybird.url})
        built = services.build(settings, clock=lambda: NOW)
        token = token_with(iss=built.publishable_key.issuer, azp=settings.origins[0])
        queries = [
            asyncio.create_task(built.tinybird.query("x", {}, "p.token")) for _ in range(100)
        ]
        await tinybird.has_got(100)
        monkeypatch.setattr(connections_module, "CONNECT_SECONDS", 0.2)

        assert (await built.verifier.verify(token)).user_id == "user_ada"
        # aiohttp's limit on connecting holds for the wait for a free connection as well.
        with pytest.raises(TinybirdUnreachableError, match="ConnectionTimeoutError"):
            await built.tinybird.query("x", {}, "p.token")

        for query in queries:
            query.cancel()
        await asyncio.gather(*queries, return_exceptions=True)
        await built.close()


@pytest.mark.anyio
async def test_a_proxy_in_the_environment_is_not_for_a_tinybird_on_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    rows = http_answer(b'{"meta": [], "data": []}')
    async with local_server(rows) as tinybird:
        settings = Settings.from_environ(KEYS | {"TINYBIRD_API_URL": tinybird.url})
        built = services.build(settings)

        assert (await built.tinybird.query("x", {}, "p.token")).row_count == 0
        assert (await built.probe_http.get(tinybird.url)).is_success
        await built.close()


@pytest.mark.anyio
async def test_the_embedded_tinybird_writes_its_log_as_the_app_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []

    async def start(*arguments: object) -> None:
        started.extend(arguments)
        raise OSError

    monkeypatch.setattr(child, "start", start)
    # Where nothing answers: one that does would be used as it is.
    port = {"TB_LOCAL_PORT": str(free_port())}
    settings = Settings.from_environ(CHOICE | port | {"LOG_FORMAT": "json"})
    built = services.build(settings, folder=tmp_path / "local")
    await built.embedded.start()
    await built.close()

    assert started[started.index("--log-format") + 1] == "json"


@pytest.mark.anyio
@pytest.mark.skipif(not is_there(), reason=ADVICE)
@pytest.mark.parametrize("is_set", [True, False], ids=["with Redis", "without"])
async def test_backend_processes_share_queries_by_the_redis_of_their_settings(
    is_set: bool,
) -> None:
    session = ClerkSession(session_id="s", user_id="u", issued_at=0, expires_at=2_000_000_000)
    with redis_server() as server:
        async with local_server(http_answer(b'{"meta": [], "data": []}')) as tinybird:
            settings = Settings.from_environ(
                KEYS
                | {"TINYBIRD_API_URL": tinybird.url}
                | ({"REFLEX_REDIS_URL": server.url, "REDIS_SECRET": "s" * 32} if is_set else {})
            )
            for _ in range(2):
                built = services.build(settings, clock=lambda: NOW)
                token = TinybirdToken.mint(session, [Scope("x", {})], built.workspace, now=NOW)
                await built.shared_queries.query("x", {}, token, since=NOW, until=NOW + 60)
                await built.close()

            assert tinybird.requests == (1 if is_set else 2)


@pytest.mark.anyio
async def test_the_embedded_clerk_is_closed_also_when_a_connection_fails_to(
    running: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise OSError("the other side has gone")

    def close(each: object) -> None:
        closed.append(each)

    closed: list[object] = []
    monkeypatch.setattr(running.closing[0], "aclose", fail)
    monkeypatch.setattr(type(running.embedded), "close", close)

    with pytest.raises(OSError, match="has gone"):
        await running.close()

    assert closed == [running.embedded]
