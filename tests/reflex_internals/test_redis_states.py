"""What lies in Redis of a tab: nobody reads it, nobody changes it, and it goes in time."""

import asyncio
import logging
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import pytest
from reflex.istate.manager.token import BaseStateToken, StateToken
from reflex.state import State, StateUpdate
from reflex_base.config import get_config

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.reflex_internals import redis_states, sealed_redis
from clerk_tinybird_app.reflex_internals.connections import Connections
from clerk_tinybird_app.reflex_internals.namespace import BoundedNamespace
from clerk_tinybird_app.reflex_internals.redis_states import SPARE_SECONDS, StatesInRedis
from clerk_tinybird_app.sealing import Sealer
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.state.session import SessionState, TokenState, session_seconds
from clerk_tinybird_app.telemetry import refusals
from tests.redis_server import ADVICE, RedisServer, is_there, redis_server
from tests.reflex_internals.frames import NAMESPACE, SYNC
from tests.reflex_internals.test_namespace import CLIENT, Websockets
from tests.state.tab import APP

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not is_there(), reason=ADVICE)]

SECRET: Final = "s" * 32
OTHER: Final = "another-client"
RAN: Final[list[str]] = []
"""What a planted pickle has run."""


def run(code: str) -> None:
    RAN.append(code)


class Planted:
    """An object that runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        # Unpickled by its name, so that it is this very function.
        return run, ("code of somebody else",)


def test_a_planted_pickle_would_run_code() -> None:
    RAN.clear()
    pickle.loads(pickle.dumps(Planted()))

    assert RAN == ["code of somebody else"]


class Worker(Websockets):
    """One process of the app, as far as Redis can tell."""

    states: StatesInRedis

    async def settled(self) -> None:
        """Wait until all events have ended."""
        await asyncio.gather(
            *(each.wait_all() for each in list(APP.event_processor._futures.values())),
            return_exceptions=True,
        )

    async def session(self, client: str = CLIENT) -> SessionState:
        """Return what the next event of a tab would find."""
        async with self.states.manager.modify_state(self.token(client)) as root:
            state: SessionState = await root.get_state(SessionState)
            return state

    def token(self, client: str = CLIENT) -> BaseStateToken:
        hidden = self.states.hidden(f"token={client}").removeprefix("token=")
        return BaseStateToken(ident=hidden, cls=State)


@pytest.fixture(scope="module")
def module_server() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def data(module_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return what somebody has who can read and write all of Redis."""
    monkeypatch.setattr(get_config(), "redis_url", module_server.url)
    RAN.clear()
    with module_server.client() as client:
        client.flushall()
        yield client


@asynccontextmanager
async def started(monkeypatch: pytest.MonkeyPatch, *secrets: str) -> AsyncIterator[Worker]:
    states = StatesInRedis(Sealer(secrets or [SECRET]), session_seconds)
    places = Connections()
    namespace = BoundedNamespace(NAMESPACE, APP, places)
    assert APP.sio
    with monkeypatch.context() as patch:
        patch.setattr(APP, "_event_namespace", namespace)
        patch.setattr(APP, "_state_manager", APP._state_manager)
        namespace._states = states
        states.serve(APP, namespace)
        APP.sio.register_namespace(namespace)
        worker = Worker(namespace, places, states.manager)  # type: ignore[arg-type]
        worker.states = states
        async with APP._setup_event_processor():
            yield worker
            await worker.settled()
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).removeFilter(states.trouble)
    await states.tokens.close()
    await states.manager.close()


@pytest.fixture
async def worker(
    data: Any, running: Services, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Worker]:
    async with started(monkeypatch) as made:
        yield made


def pushed(running: Services) -> str:
    """Return a session token of somebody who signs in."""
    assert running.embedded_clerk
    return running.embedded_clerk.issue("admin@acme.test", "acme")


async def signed_in(worker: Worker, running: Services, client: str = CLIENT) -> str:
    """Open a tab that proves a session, and return its websocket."""
    sid = await worker.open(client)
    await worker.send(sid, SYNC, token=pushed(running))
    await worker.settled()
    return sid


def parts(data: Any) -> list[bytes]:
    """Return the names of all parts of states."""
    return list(data.scan_iter("*reflex___state____state*"))


async def test_a_state_is_there_for_every_worker_and_nobody_else_can_read_it(
    worker: Worker, running: Services, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = await worker.open()
    token = pushed(running)
    await worker.send(sid, SYNC, token=token)
    await worker.settled()
    minted = (await (await worker.session()).get_state(TokenState))._minted
    assert minted

    seen = b"\n".join([*data.keys(), *(data.get(name) for name in parts(data))])
    for word in (token, minted.value, CLIENT, SECRET, "user_", "org_", "ClerkSession", sid):
        assert word.encode() not in seen
    async with started(monkeypatch) as other:
        assert (await other.session())._session == (await worker.session())._session


def _flipped(data: Any, name: bytes, _other: bytes) -> None:
    data.setrange(name, 40, bytes([data.getrange(name, 40, 40)[0] ^ 1]))


def _moved(data: Any, name: bytes, other: bytes) -> None:
    data.copy(other, name, replace=True)


def _planted(data: Any, name: bytes, _other: bytes) -> None:
    data.set(name, pickle.dumps(("schema", Planted())))


def _sealed_by_somebody_else(data: Any, name: bytes, _other: bytes) -> None:
    data.set(name, Sealer(["o" * 32]).seal(name.decode(), pickle.dumps(("schema", Planted()))))


@pytest.mark.parametrize("how", [_flipped, _moved, _planted, _sealed_by_somebody_else])
async def test_what_is_changed_moved_or_planted_is_an_empty_state_and_one_line(
    how: Callable[[Any, bytes, bytes], None],
    worker: Worker,
    running: Services,
    data: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await signed_in(worker, running)
    await signed_in(worker, running, OTHER)
    tab, other = (
        f"{worker.token(client).ident}_{SessionState.get_full_name()}".encode()
        for client in (CLIENT, OTHER)
    )
    assert data.exists(tab, other) == 2

    how(data, tab, other)

    assert (await worker.session())._session is None
    assert RAN == []
    lines = [each for each in caplog.records if vars(each).get("code") == refusals.NOT_SEALED]
    assert len(lines) == 1
    assert (await worker.session(OTHER))._session is not None


async def test_a_record_of_a_websocket_that_is_planted_is_none(worker: Worker, data: Any) -> None:
    name = worker.states.tokens._get_redis_key("somebody")
    data.set(name, pickle.dumps(Planted()))

    assert not await worker.states.tokens.is_token_connected("somebody")
    assert RAN == []


async def test_a_message_to_another_worker_arrives_and_one_that_is_planted_does_not(
    worker: Worker, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived: asyncio.Queue[Any] = asyncio.Queue()

    async def emit(update: StateUpdate, token: str) -> None:
        await arrived.put((token, update.delta))

    async with started(monkeypatch) as other:
        monkeypatch.setattr(worker.namespace, "emit_update", emit)
        await worker.open()
        async with asyncio.timeout(5):
            channel = f"channel:token_manager_lost_and_found_{worker.states.tokens.instance_id}"
            while not data.publish(channel, pickle.dumps(Planted())):
                await asyncio.sleep(0.01)
            tab = worker.token().ident
            assert await other.states.tokens.emit_lost_and_found(tab, StateUpdate(delta={"a": {}}))
            while await arrived.get() != (tab, {"a": {}}):
                """What the tab was sent as it opened came first."""

    assert RAN == []


async def test_while_the_secret_is_changed_all_can_be_opened_and_a_tab_begins_anew_once(
    worker: Worker, running: Services, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await signed_in(worker, running)
    sealed = {name.decode(): data.get(name) for name in parts(data)}
    new = "n" * 32

    for secrets, has_session in (((SECRET, new), True), ((new, SECRET), False)):
        opens = Sealer(secrets)
        assert all(opens.open(name, value) for name, value in sealed.items())
        async with started(monkeypatch, *secrets) as restarted:
            assert bool((await restarted.session())._session) == has_session


async def test_a_state_without_a_session_lives_two_minutes_at_most(
    worker: Worker, data: Any
) -> None:
    await worker.open()
    await worker.settled()

    assert parts(data)
    assert {data.ttl(name) for name in parts(data)} <= {SPARE_SECONDS, SPARE_SECONDS - 1}


async def test_a_state_lives_as_long_as_its_session_and_two_minutes(
    worker: Worker, running: Services, data: Any
) -> None:
    await signed_in(worker, running)
    session: ClerkSession | None = (await worker.session())._session
    assert session

    left = session.expires_at - running.clock()
    assert 0 < left <= 60
    for name in parts(data):
        assert left < data.ttl(name) <= left + SPARE_SECONDS


async def test_no_part_of_a_state_that_is_in_use_goes_before_the_others(
    worker: Worker, running: Services, data: Any
) -> None:
    sid = await signed_in(worker, running)
    for name in parts(data):
        data.expire(name, 5)

    await worker.send(sid, SYNC, token="no session token")
    await worker.settled()

    assert all(data.ttl(name) > SPARE_SECONDS / 2 for name in parts(data))


async def test_a_state_goes_with_a_websocket_that_proved_nothing(worker: Worker, data: Any) -> None:
    sid = await worker.open()
    await worker.settled()
    assert parts(data)

    worker.leave(sid)
    async with asyncio.timeout(5):
        while data.keys():
            await asyncio.sleep(0.01)


async def test_what_is_no_tabs_state_is_refused(worker: Worker, data: Any) -> None:
    token = StateToken(ident="somebody", cls=dict)
    data.set(str(token), pickle.dumps(Planted()))

    with pytest.raises(TypeError, match="only the states of tabs"):
        await worker.states.manager.get_state(token)
    assert RAN == []


async def test_listeners_that_gave_up_are_started_again(
    worker: Worker, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_states, "WATCH_SECONDS", 0.01)
    states = worker.states
    watching = asyncio.create_task(states.watch())

    def tasks() -> list[asyncio.Task[Any] | None]:
        tokens = states.tokens
        return [tokens._socket_record_task, tokens._lost_and_found_task, states.manager._lock_task]

    async with asyncio.timeout(5):
        while data.pubsub_numpat() < 4:
            await asyncio.sleep(0.01)
        before = tasks()
        for task in before:
            assert task
            task.cancel()
        while not all(each not in before and not each.done() for each in tasks() if each):
            await asyncio.sleep(0.01)
        while data.pubsub_numpat() < 4:
            await asyncio.sleep(0.01)
    watching.cancel()


@pytest.mark.parametrize("how", ["full", "hanging", "gone"])
async def test_while_redis_does_not_work_events_fail_in_time_and_later_they_work(  # noqa: PLR0917
    how: str,
    worker: Worker,
    running: Services,
    module_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if how != "full":
        monkeypatch.setattr(sealed_redis, "ANSWER_SECONDS", 0.5)
    # What hangs may still take a lock, of which nobody knows.
    monkeypatch.setattr(worker.states.manager, "lock_expiration", 500)
    failed: list[Exception] = []
    handle = worker.states.trouble.instead_of(failed.append)
    monkeypatch.setattr(APP.event_processor, "backend_exception_handler", handle)
    sid = await signed_in(worker, running)
    breaks, mends = {
        "full": (module_server.fill, module_server.make_room),
        "hanging": (module_server.hang, module_server.go_on),
        "gone": (module_server.stop, module_server.start),
    }[how]

    breaks()
    try:
        async with asyncio.timeout(15):
            for _ in range(3):
                await worker.send(sid, SYNC, token=pushed(running))
            await worker.settled()
            await worker.states.forget(CLIENT)
    finally:
        mends()
    assert failed == []
    codes = [vars(each)["code"] for each in caplog.records if "code" in vars(each)]
    assert codes == [refusals.REDIS_FAILED]

    async with asyncio.timeout(15):
        while (await worker.session())._session is None:
            await worker.send(sid, SYNC, token=pushed(running))
            await worker.settled()
