"""The number of websockets without a proved session is limited."""

import pytest

from clerk_tinybird_app.reflex_internals.connections import (
    MAX_UNPROVED,
    MAX_UNPROVED_PER_ADDRESS,
    PROVING_SECONDS,
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
        websockets.places.prove(connection)

    await websockets.fill(MAX_UNPROVED_PER_ADDRESS, "8.8.8.8")
    assert opened[0].has_proved


async def test_a_place_is_freed_once(websockets: Websockets) -> None:
    opened = await websockets.fill(MAX_UNPROVED_PER_ADDRESS, "8.8.8.8")
    websockets.places.prove(opened[0])
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
    websockets.places.prove(oldest)
    await websockets.fill(1)
    clock.now += PROVING_SECONDS

    assert await websockets.open()
    assert await websockets.open()
    assert websockets.closed == [1, 2]
    websockets.places.leave(second)  # as its websocket ends
    assert await websockets.open()
    assert websockets.closed == [1, 2, 3]
