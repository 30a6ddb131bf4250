"""The app's side: a Tinybird that is there when needed and back when it died."""

import asyncio
import importlib.util
import logging
import os
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from clerk_tinybird_app.local.clerk.seed import ACME_ID
from clerk_tinybird_app.local.tinybird import EmbeddedTinybird, TinybirdUnavailable
from clerk_tinybird_app.local.tinybird.access.static_tokens import DATA_FOLDER, kept_workspace
from clerk_tinybird_app.local.tinybird.process import child
from clerk_tinybird_app.serving.ends_in_time import END_SECONDS
from tests.local.tinybird.process import ROOT, Tinybird, free_port

pytestmark = pytest.mark.anyio


@pytest.fixture
async def embedded(project: Path, tmp_path: Path) -> AsyncIterator[EmbeddedTinybird]:
    made = EmbeddedTinybird(project=project, data=tmp_path / "tinybird", port=free_port())
    yield made
    await made.stop()


async def answers(embedded: EmbeddedTinybird) -> bool:
    key = embedded.workspace(token_ttl=60, rps=1).signing_key
    async with httpx.AsyncClient() as http:
        try:
            answer = await http.get(
                f"{embedded.url}/v0/pipes", headers={"Authorization": f"Bearer {key}"}
            )
        except httpx.TransportError:
            return False
        return answer.is_success


async def back(embedded: EmbeddedTinybird) -> None:
    async with asyncio.timeout(60):
        while not await answers(embedded):
            await asyncio.sleep(0.05)


async def test_it_answers_once_started_and_not_once_stopped(embedded: EmbeddedTinybird) -> None:
    await embedded.start()
    assert await answers(embedded)
    await embedded.stop()
    assert not await answers(embedded)


async def test_its_workspace_is_the_kept_one(embedded: EmbeddedTinybird, tmp_path: Path) -> None:
    await embedded.start()
    kept = kept_workspace(tmp_path / DATA_FOLDER)
    used = embedded.workspace(token_ttl=900, rps=10)
    assert (used.workspace_id, used.signing_key) == (kept.workspace_id, kept.signing_key)
    assert kept.signing_key not in repr(kept)


async def test_it_comes_back_when_it_dies(embedded: EmbeddedTinybird) -> None:
    await embedded.start()
    first = embedded.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await asyncio.sleep(0.1)
    await back(embedded)
    assert embedded.pid not in (first, None)


@pytest.mark.parametrize("error", [BlockingIOError(11, "no process"), ValueError("odd")])
async def test_it_comes_back_though_starting_it_fails_for_a_while(
    embedded: EmbeddedTinybird,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    await embedded.start()
    monkeypatch.setattr(
        "clerk_tinybird_app.local.tinybird.process.embedded._BACKOFF_SECONDS", (0.01,)
    )
    start, failures = child.start, [error] * 3

    async def start_or_fail(*options: Any) -> Process:
        if failures:
            raise failures.pop()
        return await start(*options)

    monkeypatch.setattr(child, "start", start_or_fail)
    assert embedded.pid is not None
    os.kill(embedded.pid, signal.SIGKILL)
    async with asyncio.timeout(60):
        while failures:
            await asyncio.sleep(0.01)
    await back(embedded)

    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert sum("Trying again" in text for text in told) == 3


async def test_a_system_that_gives_no_process_is_named(
    embedded: EmbeddedTinybird, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> Process:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(child, "start", fail)
    with pytest.raises(TinybirdUnavailable, match="temporarily unavailable"):
        await embedded.start()


async def test_the_missing_package_is_named_where_only_serving_is_installed(
    embedded: EmbeddedTinybird, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(TinybirdUnavailable, match=r"package chdb is missing.*requirements\.txt"):
        await embedded.start()


async def test_a_tinybird_that_answers_already_is_used(
    tinybird: Tinybird, project: Path, tmp_path: Path
) -> None:
    other = EmbeddedTinybird(project=project, data=tmp_path / "tinybird", port=tinybird.port)
    await other.start()
    used = other.workspace(token_ttl=60, rps=1)
    await other.stop()
    assert (used.signing_key, used.workspace_id) == (tinybird.key, tinybird.workspace_id)
    assert tinybird.answers()


async def test_it_takes_over_when_the_other_is_gone(project: Path, tmp_path: Path) -> None:
    with Tinybird(project, tmp_path / "first") as first:
        second = EmbeddedTinybird(project=project, data=tmp_path / "second", port=first.port)
        await second.start()
        assert second.is_external
        first.stop()
        async with asyncio.timeout(60):
            while second.is_external:
                await asyncio.sleep(0.05)
        await back(second)
        assert second.workspace(token_ttl=60, rps=1).signing_key != first.key
        await second.stop()


async def test_a_port_that_another_program_has_is_named(project: Path, tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        embedded = EmbeddedTinybird(project=project, data=tmp_path / "tinybird", port=port)
        with pytest.raises(TinybirdUnavailable, match="TB_LOCAL_PORT"):
            await embedded.start()


async def test_a_data_folder_that_clickhouse_misreads_is_named(
    project: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "what?"
    folder.mkdir()
    embedded = EmbeddedTinybird(project=project, data=folder / "tinybird", port=free_port())
    with pytest.raises(TinybirdUnavailable, match=r"one of \*\?\{ in its path; move"):
        await embedded.start()


def test_the_app_never_imports_chdb() -> None:
    program = (
        "import sys, clerk_tinybird_app.local.tinybird, clerk_tinybird_app.services;"
        "sys.exit(any(name.partition('.')[0] == 'chdb' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


async def test_a_tenant_gets_sample_traffic_once_whoever_asks_and_however_often(
    tmp_path: Path,
) -> None:
    def embedded() -> EmbeddedTinybird:
        data, port = tmp_path / "tinybird", free_port()
        project = ROOT / "tests" / "sample" / "parcels" / "tinybird"
        return EmbeddedTinybird(
            project=project, data=data, port=port, product="tests.sample.parcels"
        )

    first = embedded()
    with pytest.raises(TinybirdUnavailable, match="still starting"):
        await first.add_sample_traffic("org_new", "user_a")
    await first.start()
    try:
        added = await asyncio.gather(
            first.add_sample_traffic("org_new", "user_a"),
            first.add_sample_traffic("org_new", "user_b"),
        )
        assert max(added) > 5_000
        assert min(added) == 0
        assert await first.add_sample_traffic(ACME_ID, "user_a") == 0
    finally:
        await first.stop()

    again = embedded()
    await again.start()
    try:
        assert await again.add_sample_traffic("org_new", "user_a") == 0
    finally:
        await again.stop()


async def test_one_that_hangs_is_ended_before_the_end_of_the_app_is_cut_off() -> None:
    deaf = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", deaf, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    await process.stdout.readline()

    async with asyncio.timeout(END_SECONDS):
        await child.stop(process)

    assert process.returncode == -signal.SIGKILL
