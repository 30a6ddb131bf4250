"""What a websocket keeps in memory, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from reflex.app import EventNamespace
from reflex.istate.data import SessionData
from reflex.istate.manager.memory import StateManagerMemory
from reflex.state import State, StateUpdate
from reflex_base.event import Event
from reflex_base.event.processor.base_state_processor import BaseStateEventProcessor
from reflex_base.event.processor.future import EventFuture
from reflex_base.utils.exceptions import EventDeserializationError

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.errors import SessionMissingError
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.reflex_internals import connections
from clerk_tinybird_app.reflex_internals.connections import (
    CONNECTION_KEY,
    Connection,
    Connections,
    TooManyTabsError,
)
from clerk_tinybird_app.reflex_internals.namespace import (
    MAX_UNDER_WAY,
    BoundedNamespace,
    is_connected,
)
from clerk_tinybird_app.reflex_internals.patches import PATCH
from clerk_tinybird_app.services import Services
from clerk_tinybird_app.state.session import SessionState
from clerk_tinybird_app.telemetry.metrics import REGISTRY
from tests.reflex_internals.frames import CHOOSE, HYDRATE, NAMESPACE, SYNC, fields
from tests.state.tab import APP

pytestmark = pytest.mark.anyio

CLIENT = "0b5c7a52-3a0b-4c4e-9c3e-1f0d3a6f8f11"


@dataclass
class Websockets:
    """Websockets at Reflex's end, as the gate lets them through."""

    namespace: BoundedNamespace
    places: Connections
    manager: StateManagerMemory
    _number: int = 0

    async def open(self, client: str = CLIENT) -> str:
        """Connect as a page does, with its first event."""

        self._number += 1
        sid = f"ws-{self._number}"
        scope: dict[str, Any] = {"headers": [], CONNECTION_KEY: self.places.open("", lambda: None)}
        environ = {"QUERY_STRING": f"token={client}", "asgi.scope": scope}
        await self.namespace.on_connect(sid, environ, {"event": fields(HYDRATE)})
        return sid

    async def send(self, sid: str, name: str, **payload: Any) -> None:
        await self.namespace.on_event(sid, fields(name, payload))

    def leave(self, sid: str) -> None:
        self.namespace.on_disconnect(sid)

    def refused(self, client: str) -> str:
        """Return the code that a tab shows."""
        session = self.manager.states[client].get_substate(SessionState.get_full_name().split("."))
        code: str = session.error_code
        return code

    async def settle(self) -> None:
        """Wait until all running events have ended."""
        for _ in range(50):
            await asyncio.sleep(0)


@dataclass
class HangingVerifier:
    """Verifies only when the test lets it go on."""

    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0

    async def verify(self, _token: str) -> ClerkSession:
        self.asked += 1
        await self.go_on.wait()
        raise SessionMissingError


@pytest.fixture
async def websockets(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Websockets]:
    places = Connections()
    # Abstract to mypy alone, because of how Reflex declares its overloads.
    manager = StateManagerMemory()  # type: ignore[abstract]
    namespace = BoundedNamespace(NAMESPACE, APP, places)
    assert APP.sio
    APP.sio.register_namespace(namespace)
    monkeypatch.setattr(APP, "_event_namespace", namespace)
    monkeypatch.setattr(APP, "_state_manager", manager)
    async with APP._setup_event_processor():
        yield Websockets(namespace, places, manager)
    await manager.close()


@pytest.fixture
def verifier(running: Services, monkeypatch: pytest.MonkeyPatch) -> HangingVerifier:
    hanging = HangingVerifier()
    changed = replace(running, verifier=hanging)  # type: ignore[arg-type]
    monkeypatch.setattr(services, "current", lambda: changed)
    return hanging


async def test_a_state_goes_with_a_websocket_that_proved_nothing(websockets: Websockets) -> None:
    sid = await websockets.open()
    await websockets.settle()
    assert websockets.manager.states.keys() == {CLIENT}

    websockets.leave(sid)
    await websockets.settle()
    assert websockets.manager.states == {}


async def test_the_state_of_a_proved_session_stays_for_the_tab_to_come_back(
    websockets: Websockets, running: Services
) -> None:
    assert running.embedded_clerk
    sid = await websockets.open()
    await websockets.send(sid, SYNC, token=running.embedded_clerk.issue("admin@acme.test", "acme"))
    await websockets.settle()
    await asyncio.to_thread(lambda: None)
    await websockets.settle()

    websockets.leave(sid)
    await websockets.settle()
    assert websockets.manager.states.keys() == {CLIENT}


async def test_nothing_of_the_handshake_stays_in_memory_and_no_cookie_comes_to_the_page(
    websockets: Websockets,
) -> None:
    headers = [(b"host", b"app.test"), (b"cookie", b"__client=secret")]
    place = websockets.places.open("", lambda: None)
    scope: dict[str, Any] = {"headers": headers, "client": ("1.2.3.4", 5), CONNECTION_KEY: place}
    environ = {
        "QUERY_STRING": f"token={CLIENT}",
        "asgi.scope": scope,
        "HTTP_COOKIE": "__client=secret",
    }
    await websockets.namespace.on_connect("ws-1", environ, {"event": fields(HYDRATE)})
    await websockets.settle()

    state = websockets.manager.states[CLIENT]
    assert not environ
    assert "secret" not in repr(state.router.headers)
    assert state.router.session.client_ip == "1.2.3.4"


async def test_a_state_stays_when_its_client_is_back_at_once(websockets: Websockets) -> None:
    sid = await websockets.open()
    await websockets.settle()
    before = websockets.manager.states[CLIENT]

    unlinked = websockets.namespace.on_disconnect(sid)
    assert unlinked
    await unlinked
    await websockets.open()
    await websockets.settle()
    assert websockets.manager.states[CLIENT] is before


async def test_events_that_outlive_their_websocket_leave_no_state_behind(
    websockets: Websockets, verifier: HangingVerifier
) -> None:
    sid = await websockets.open()
    await websockets.send(sid, SYNC, token="a")
    await websockets.send(sid, SYNC, token="b")
    await websockets.settle()
    assert verifier.asked == 1

    websockets.leave(sid)
    await websockets.settle()
    verifier.go_on.set()
    await websockets.settle()
    assert verifier.asked == 2
    assert websockets.manager.states == {}


async def test_a_websocket_waits_while_its_events_are_under_way(
    websockets: Websockets, verifier: HangingVerifier
) -> None:
    sid = await websockets.open()
    await websockets.settle()
    sent = 0

    async def send_for_ever() -> None:
        nonlocal sent
        while True:
            await websockets.send(sid, SYNC, token="x")
            sent += 1

    sending = asyncio.create_task(send_for_ever())
    await websockets.settle()
    assert sent == MAX_UNDER_WAY - 1

    sending.cancel()
    verifier.go_on.set()
    await websockets.settle()
    await websockets.send(sid, CHOOSE, pipe="queues")


async def test_events_under_way_are_counted_until_they_end(
    websockets: Websockets, verifier: HangingVerifier
) -> None:
    def under_way() -> float:
        return REGISTRY.get_sample_value("app_events_under_way") or 0

    sid = await websockets.open()
    await websockets.settle()
    before = under_way()

    await websockets.send(sid, SYNC, token="x")
    await websockets.send(sid, SYNC, token="y")
    await websockets.settle()
    assert under_way() == before + 2

    verifier.go_on.set()
    await websockets.settle()
    assert under_way() == before


async def test_a_websocket_does_not_wait_for_anothers_events(
    websockets: Websockets, verifier: HangingVerifier
) -> None:
    busy, other = await websockets.open(), await websockets.open("another-client")
    for _ in range(MAX_UNDER_WAY - 1):
        await websockets.send(busy, SYNC, token="x")

    async with asyncio.timeout(5):
        await websockets.send(other, CHOOSE, pipe="queues")
    verifier.go_on.set()


async def test_nothing_is_kept_of_a_websocket_that_has_gone(websockets: Websockets) -> None:
    for number in range(20):
        sid = await websockets.open(f"client-{number}")
        websockets.leave(sid)
    await websockets.settle()

    namespace, processor = websockets.namespace, APP.event_processor
    kept = [
        namespace._open, namespace._under_way, namespace._static_router_data,
        namespace.sid_to_token, namespace._token_manager.token_to_socket,
        processor._futures, processor._tasks, processor._token_queues,
        websockets.manager.states, websockets.manager._states_locks,
        websockets.manager._token_expires_at,
    ]  # fmt: skip
    assert [one for one in kept if one] == []


async def test_a_session_can_be_proved_by_the_packet_that_connects(
    websockets: Websockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def prove_at_once(self: BoundedNamespace, sid: str, *_rest: Any) -> None:
        await self.prove(sid, "sess_1")

    monkeypatch.setattr(EventNamespace, "on_connect", prove_at_once)
    sid = await websockets.open()

    assert websockets.namespace._open[sid].has_proved


async def test_nothing_is_kept_of_a_websocket_that_is_refused(websockets: Websockets) -> None:
    scope: dict[str, Any] = {"headers": [], CONNECTION_KEY: websockets.places.open("", int)}
    environ = {"QUERY_STRING": f"token={CLIENT}", "asgi.scope": scope}

    with pytest.raises(EventDeserializationError):
        await websockets.namespace.on_connect("ws-refused", environ, {"event": ["no event"]})

    assert websockets.namespace._open == {}
    assert websockets.namespace._under_way == {}


async def test_each_websocket_is_counted_its_own_events_however_they_interleave(
    websockets: Websockets, verifier: HangingVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = await websockets.open(), await websockets.open("another-client")
    await websockets.settle()
    own: dict[str, EventFuture] = {}
    enqueue = BaseStateEventProcessor.enqueue

    async def enqueue_slowly(self: Any, token: str, event: Event) -> EventFuture:
        own[token] = await enqueue(self, token, event)
        await asyncio.sleep(0)
        return own[token]

    monkeypatch.setattr(BaseStateEventProcessor, "enqueue", enqueue_slowly)
    await asyncio.gather(*(websockets.send(sid, SYNC, token="x") for sid in (one, other)))

    assert websockets.namespace._under_way == {one: {own[CLIENT]}, other: {own["another-client"]}}
    verifier.go_on.set()


async def test_nobody_is_connected_without_reflexs_end_of_the_websocket(
    websockets: Websockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    sid = await websockets.open()
    client = SessionData(client_token=CLIENT, session_id=sid)
    assert is_connected(client)

    monkeypatch.setattr(APP, "_event_namespace", None)
    assert not is_connected(client)


async def test_what_could_not_be_sent_is_nothing_that_the_page_has(
    websockets: Websockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    packets: list[str] = []

    async def send(_socket: str, packet: Any) -> None:
        packets.append(packet.data)

    assert APP.sio
    monkeypatch.setattr(APP.sio.eio, "send_packet", send)
    state = State.get_full_name()
    namespace = BoundedNamespace(
        NAMESPACE, APP, websockets.places, patched_states=frozenset({state})
    )
    APP.sio.register_namespace(namespace)
    sid = await APP.sio.manager.connect("socket", NAMESPACE)
    scope: dict[str, Any] = {
        "headers": [],
        CONNECTION_KEY: websockets.places.open("", lambda: None),
    }
    await namespace.on_connect(sid, {"QUERY_STRING": f"token={CLIENT}", "asgi.scope": scope})

    async def emit(rows: list[Any]) -> None:
        await namespace.emit("event", StateUpdate(delta={state: {"rows": rows}}), to=sid)

    await emit([1, 2])
    with pytest.raises(ValueError, match="limit"):
        await emit([1, 2, 10**5000])
    await emit([1, 2, 3])

    assert [PATCH in packet for packet in packets] == [False, False]
    assert "[1, 2, 3]" in packets[-1] or "[1,2,3]" in packets[-1]
    await APP.sio.manager.disconnect(sid, NAMESPACE)
    namespace.on_disconnect(sid)


async def test_nothing_is_kept_of_what_a_websocket_that_has_gone_was_sent(
    websockets: Websockets,
) -> None:
    sid = await websockets.open()
    await websockets.settle()
    assert websockets.namespace._sent.keys() == {sid}

    websockets.leave(sid)
    await websockets.settle()
    await websockets.namespace.emit("event", StateUpdate(delta={"state": {"rows": [1]}}), to=sid)

    assert websockets.namespace._sent == {}


async def test_a_session_has_so_many_tabs_and_the_next_waits_until_one_closes(
    websockets: Websockets, running: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert running.embedded_clerk
    monkeypatch.setattr(connections, "MAX_PER_SESSION", 2)
    sessions = REGISTRY.get_sample_value("app_sessions_open") or 0
    tabs = [await websockets.open(f"client-{number}") for number in range(3)]
    token = running.embedded_clerk.issue("admin@acme.test", "acme")
    for sid in tabs:
        await websockets.send(sid, SYNC, token=token)
        await websockets.settle()

    assert [websockets.refused(f"client-{number}") for number in range(3)] == [
        *("", ""),
        "session_tabs",
    ]
    assert REGISTRY.get_sample_value("app_sessions_open") == sessions + 2

    closed = websockets.namespace._open[tabs[0]]
    websockets.leave(tabs[0])
    # As the gate does when the websocket ends.
    websockets.places.leave(closed)
    await websockets.send(tabs[2], SYNC, token=token)
    await websockets.settle()
    assert websockets.refused("client-2") == ""
    assert REGISTRY.get_sample_value("app_sessions_open") == sessions + 2


async def test_others_that_come_while_redis_is_asked_take_no_place_too_many(
    websockets: Websockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_PER_SESSION", 2)
    asked, sids = asyncio.Event(), [await websockets.open(f"client-{each}") for each in range(4)]
    left: list[Connection] = []

    class Slow:
        async def take(self, _connection: Connection, _session: str) -> bool:
            await asked.wait()
            return True

        def leave(self, connection: Connection) -> None:
            left.append(connection)

    namespace = websockets.namespace
    monkeypatch.setattr(namespace, "_shared", Slow())
    gone = namespace._open[sids[3]]
    proving = [asyncio.create_task(namespace.prove(sid, "sess_1")) for sid in sids]
    await websockets.settle()
    websockets.leave(sids[3])
    asked.set()

    ended = await asyncio.gather(*proving, return_exceptions=True)
    assert [type(each) for each in ended] == [
        *(type(None), type(None)),
        TooManyTabsError,
        type(None),
    ]
    assert gone in left
    assert not gone.has_proved
