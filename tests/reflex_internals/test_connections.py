"""The number of websockets without a proved session is limited."""

import pytest

from clerk_tinybird_app.reflex_internals.connections import (
    ADDRESS_AT_ONCE,
    MAX_PER_SESSION,
    MAX_UNPROVED,
    MAX_UNPROVED_PER_ADDRESS,
    PROVING_SECONDS,
    SESSION_AT_ONCE,
    Connection,
    Connections,
)
from tests.clock import Clock

pytestmark = pytest.mark.anyio


class Websockets:
    """Opens websockets, and remembers which were closed by the server."""

    def __init__(self, clock: Clock) -> None:
        self.places = Connections(clock)
        self.closed: list[int] = []
        self._number = 0

    async def open(self, address: str = "127.0.0.1") -> Connection | None:
        number, self._number = self._number, self._number + 1

        def close() -> None:
            self.closed.append(number)

        return self.places.open(address, close)

    async def fill(self, count: int, address: str = "127.0.0.1") -> list[Connection]:
        opened = [await self.open(address) for _ in range(count)]
        assert None not in opened
        return [one for one in opened if one is not None]


@pytest.fixture
def websockets(clock: Clock) -> Websockets:
    return Websockets(clock)


async def test_an_address_on_the_internet_has_its_share(websockets: Websockets) -> None:
    opened = await websockets.fill(MAX_UNPROVED_PER_ADDRESS, "8.8.8.8")

    assert await websockets.open("8.8.8.8") is None
    assert await websockets.open("8.8.4.4")

    websockets.places.leave(opened[0])
    assert await websockets.open("8.8.8.8")


async def test_a_proved_session_frees_its_place(websockets: Websockets) -> None:
    opened = await websockets.fill(MAX_UNPROVED_PER_ADDRESS, "8.8.8.8")

    for connection in opened:
        assert websockets.places.prove(connection, f"sess_{id(connection)}")

    await websockets.fill(MAX_UNPROVED_PER_ADDRESS, "8.8.8.8")
    assert opened[0].has_proved


async def test_a_place_is_freed_once(websockets: Websockets) -> None:
    opened = await websockets.fill(MAX_UNPROVED_PER_ADDRESS, "8.8.8.8")
    websockets.places.prove(opened[0], "sess_1")
    websockets.places.leave(opened[0])

    assert await websockets.open("8.8.8.8")
    assert await websockets.open("8.8.8.8") is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("2a00:1450::1", "2a00:1450::ffff:1"), ("8.8.8.8", "::ffff:8.8.8.8")],
    ids=["a customer's IPv6 addresses", "IPv4 within IPv6"],
)
async def test_two_addresses_of_one_customer_share(
    websockets: Websockets, one: str, other: str
) -> None:
    await websockets.fill(MAX_UNPROVED_PER_ADDRESS, one)

    assert await websockets.open(other) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.0.0.7", "fd00::1", "unix:", ""])
async def test_this_machine_and_its_network_have_no_share_of_their_own(
    websockets: Websockets, address: str
) -> None:
    await websockets.fill(MAX_UNPROVED_PER_ADDRESS * 3, address)


async def test_there_are_so_many_places_in_all(websockets: Websockets) -> None:
    await websockets.fill(MAX_UNPROVED)

    assert await websockets.open() is None
    assert websockets.closed == []


async def test_the_oldest_makes_way_once_it_had_time_to_prove(
    websockets: Websockets, clock: Clock
) -> None:
    oldest, second, *_ = await websockets.fill(MAX_UNPROVED)
    websockets.places.prove(oldest, "sess_1")
    await websockets.fill(1)
    clock.now += PROVING_SECONDS

    assert await websockets.open()
    assert await websockets.open()
    assert websockets.closed == [1, 2]
    websockets.places.leave(second)  # as its websocket ends
    assert await websockets.open()
    assert websockets.closed == [1, 2, 3]


async def test_a_session_has_its_share_from_whatever_addresses(websockets: Websockets) -> None:
    places, (more, other) = websockets.places, await websockets.fill(2)
    opened = [(await websockets.fill(1, f"8.8.8.{number}"))[0] for number in range(MAX_PER_SESSION)]

    assert all(places.prove(each, "sess_1") for each in opened)
    assert not places.has_place("sess_1")
    assert not places.prove(more, "sess_1")
    assert not more.has_proved
    assert places.prove(other, "sess_2")
    assert places.prove(opened[0], "sess_1"), "it has its place already"

    places.leave(opened[0])
    assert places.prove(more, "sess_1")


async def test_a_tab_that_changes_its_session_changes_its_place(websockets: Websockets) -> None:
    places, opened = websockets.places, await websockets.fill(MAX_PER_SESSION + 1)
    mover, *others = opened
    assert places.prove(mover, "sess_1")
    assert all(places.prove(each, "sess_2") for each in others)

    assert not places.prove(mover, "sess_2")
    assert mover.session == "sess_1"
    places.leave(others[0])
    assert places.prove(mover, "sess_2")
    assert not places.has_place("sess_2")
    for each in opened:
        places.leave(each)
        places.leave(each)
    assert places._per_session == places._per_origin == {}


async def test_what_has_ended_takes_no_place_any_more(websockets: Websockets) -> None:
    [ended] = await websockets.fill(1)
    websockets.places.leave(ended)

    assert websockets.places.prove(ended, "sess_1")
    assert websockets.places._per_session == {}


async def test_a_session_sends_as_much_over_many_websockets_as_over_one(
    websockets: Websockets,
) -> None:
    places, opened = websockets.places, await websockets.fill(5)
    for each in opened:
        places.prove(each, "sess_1")
    [other] = await websockets.fill(1)
    places.prove(other, "sess_2")

    waits = [places.wait(opened[number % 5]) for number in range(SESSION_AT_ONCE + 5)]
    assert waits[:SESSION_AT_ONCE] == [0] * SESSION_AT_ONCE
    assert all(waits[SESSION_AT_ONCE:])
    assert places.wait(other) == 0


async def test_without_a_session_an_address_does(websockets: Websockets) -> None:
    places, (one, other) = websockets.places, await websockets.fill(2, "8.8.8.8")
    [elsewhere] = await websockets.fill(1, "8.8.4.4")
    [near] = await websockets.fill(1)

    for number in range(ADDRESS_AT_ONCE):
        assert places.wait((one, other)[number % 2]) == 0
        assert places.wait(near) == 0
    assert places.wait(one) > 0
    assert places.wait(near) == places.wait(elsewhere) == 0
