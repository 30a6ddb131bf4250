"""Keys from a key server: fetched rarely, once for all that wait, and kept while it is down."""

import asyncio
import logging
from typing import Any

import anyio
import httpx
import pytest

from clerk_tinybird_app.clerk.errors import KeysUnavailable, SessionKeyError, SessionSignatureError
from clerk_tinybird_app.clerk.keys import (
    FETCH_INTERVAL_SECONDS,
    KEEP_FOR_SECONDS,
    MAX_ANSWER_BYTES,
    REFRESH_AFTER_SECONDS,
    RETRY_INTERVAL_SECONDS,
    JwksKeys,
)
from tests.clerk.conftest import JWKS_URL, KeyServer, verifier_with
from tests.clerk.tokens import KID, jwk, private_key, sign
from tests.clock import Clock

pytestmark = pytest.mark.anyio


async def test_a_key_is_fetched_once_and_parsed_once(keys: JwksKeys, key_server: KeyServer) -> None:
    first = await keys.get(KID)

    assert await keys.get(KID) is first
    assert first.public_numbers() == private_key().public_key().public_numbers()
    assert key_server.requests == 1


async def test_a_token_without_a_kid_is_refused_without_a_fetch(
    keys: JwksKeys, key_server: KeyServer
) -> None:
    with pytest.raises(SessionKeyError):
        await keys.get(None)

    assert key_server.requests == 0


async def test_all_who_wait_share_one_fetch(keys: JwksKeys, key_server: KeyServer) -> None:
    key_server.ready.clear()
    waiting = [asyncio.create_task(keys.get(KID)) for _ in range(20)]
    await anyio.wait_all_tasks_blocked()
    key_server.ready.set()

    first, *others = await asyncio.gather(*waiting)
    assert all(other is first for other in others)
    assert key_server.requests == 1


async def test_one_who_gives_up_does_not_take_the_fetch_from_the_others(
    keys: JwksKeys, key_server: KeyServer
) -> None:
    key_server.ready.clear()
    first, second = (asyncio.create_task(keys.get(KID)) for _ in range(2))
    await anyio.wait_all_tasks_blocked()
    first.cancel()
    await anyio.wait_all_tasks_blocked()
    key_server.ready.set()

    assert (await second).key_size == 2048
    assert first.cancelled()
    assert key_server.requests == 1


async def test_an_unknown_kid_causes_one_fetch_a_minute_at_most(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    await keys.get(KID)
    for _ in range(3):
        for number in range(50):
            with pytest.raises(SessionKeyError):
                await keys.get(f"unknown-{number}")
        clock.advance(FETCH_INTERVAL_SECONDS / 2)

    assert key_server.requests == 2


async def test_a_new_key_is_found_once_the_minute_is_over(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    await keys.get(KID)
    key_server.publish(KID, "ins_new")
    with pytest.raises(SessionKeyError):
        await keys.get("ins_new")
    clock.advance(FETCH_INTERVAL_SECONDS)

    assert (await keys.get("ins_new")).key_size == 2048


async def test_a_wrong_signature_causes_no_fetch(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    verifier = verifier_with(keys)
    await verifier.verify(sign())
    clock.advance(FETCH_INTERVAL_SECONDS)
    for _ in range(20):
        with pytest.raises(SessionSignatureError):
            await verifier.verify(sign(key=private_key("evil")))

    assert key_server.requests == 1


async def test_an_hour_old_key_is_used_only_once_it_was_fetched_again_by_one_for_all(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    old = await keys.get(KID)
    clock.advance(REFRESH_AFTER_SECONDS)
    key_server.ready.clear()
    waiting = [asyncio.create_task(keys.get(KID)) for _ in range(20)]
    await anyio.wait_all_tasks_blocked()
    assert not any(each.done() for each in waiting)
    key_server.ready.set()

    new, *others = await asyncio.gather(*waiting)
    assert new is not old
    assert all(other is new for other in others)
    assert key_server.requests == 2


async def test_an_hour_old_key_that_is_no_longer_published_verifies_nothing(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    verifier = verifier_with(keys)
    await verifier.verify(sign())
    key_server.publish("ins_new")
    clock.advance(REFRESH_AFTER_SECONDS)

    with pytest.raises(SessionKeyError):
        await verifier.verify(sign())


async def test_an_hour_old_key_of_a_server_that_hangs_is_used_after_a_bounded_wait_once_a_minute(
    keys: JwksKeys, key_server: KeyServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clerk_tinybird_app.clerk.keys.FETCH_TIMEOUT_SECONDS", 0.01)
    known = await keys.get(KID)
    clock.advance(REFRESH_AFTER_SECONDS)
    key_server.ready.clear()

    for _ in range(10):
        assert await keys.get(KID) is known
    assert key_server.requests == 2


async def test_a_wrong_signature_causes_no_fetch_beyond_the_hourly_one(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    verifier = verifier_with(keys)
    await verifier.verify(sign())
    clock.advance(REFRESH_AFTER_SECONDS)
    for _ in range(20):
        with pytest.raises(SessionSignatureError):
            await verifier.verify(sign(key=private_key("evil")))

    assert key_server.requests == 2


async def test_a_key_younger_than_an_hour_is_not_fetched_again(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    await keys.get(KID)
    clock.advance(REFRESH_AFTER_SECONDS - 1)
    await keys.get(KID)
    await anyio.wait_all_tasks_blocked()

    assert key_server.requests == 1


async def test_known_keys_outlast_a_key_server_that_is_down_for_six_hours_and_no_longer(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    known = await keys.get(KID)
    key_server.up = False
    clock.advance(KEEP_FOR_SECONDS - 1)
    assert await keys.get(KID) is known
    await anyio.wait_all_tasks_blocked()
    clock.advance(1)

    with pytest.raises(KeysUnavailable):
        await keys.get(KID)


async def test_keys_come_back_with_the_key_server(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    await keys.get(KID)
    clock.advance(KEEP_FOR_SECONDS)

    assert (await keys.get(KID)).key_size == 2048
    assert key_server.requests == 2


async def test_while_the_server_is_down_old_keys_are_asked_for_once_a_minute(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    await keys.get(KID)
    key_server.up = False
    clock.advance(REFRESH_AFTER_SECONDS)
    for _ in range(4):
        for _ in range(10):
            await keys.get(KID)
            await asyncio.sleep(0)
        await anyio.wait_all_tasks_blocked()
        clock.advance(FETCH_INTERVAL_SECONDS / 2)

    assert key_server.requests == 3


async def test_an_unknown_kid_is_the_tokens_fault_while_keys_are_known(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    await keys.get(KID)
    key_server.up = False
    clock.advance(FETCH_INTERVAL_SECONDS)

    with pytest.raises(SessionKeyError):
        await keys.get("ins_new")


async def test_a_clock_that_is_set_back_neither_keeps_keys_nor_puts_fetches_off(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    await keys.get(KID)
    clock.advance(-2 * FETCH_INTERVAL_SECONDS)
    with pytest.raises(SessionKeyError):
        await keys.get("ins_new")
    assert key_server.requests == 2

    key_server.up = False
    clock.advance(-KEEP_FOR_SECONDS)
    with pytest.raises(KeysUnavailable):
        await keys.get(KID)


async def test_without_any_key_tries_are_five_seconds_apart(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    key_server.up = False
    for _ in range(4):
        for _ in range(10):
            with pytest.raises(KeysUnavailable):
                await keys.get(KID)
        clock.advance(RETRY_INTERVAL_SECONDS / 2)
    assert key_server.requests == 2

    key_server.up = True
    assert (await keys.get(KID)).key_size == 2048


BAD_ANSWERS: dict[str, dict[str, Any]] = {
    "HTTP 500": {"status_code": 500, "json": {"keys": [jwk("ins_new")]}},
    "HTTP 203": {"status_code": 203, "json": {"keys": [jwk("ins_new")]}},
    "a redirect": {"status_code": 302, "headers": {"location": "https://evil.example/jwks.json"}},
    "HTML": {"status_code": 200, "html": "<p>"},
    "an empty set": {"status_code": 200, "json": {"keys": []}},
    "no signing key": {"status_code": 200, "json": {"keys": [jwk("ins_new", use="enc")]}},
    "too long": {
        "status_code": 200,
        "json": {"keys": [jwk("ins_new")], "x": "x" * MAX_ANSWER_BYTES},
    },
    "not what its encoding says": {
        "status_code": 200,
        "headers": {"content-encoding": "gzip"},
        "stream": httpx.ByteStream(b"no gzip"),
    },
}


class WrongKeyServer(KeyServer):
    """Answers with the same wrong answer, or follows its own redirect if it is asked to."""

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "evil.example":
            return httpx.Response(200, json={"keys": [jwk("ins_new")]})
        return await super().__call__(request)


@pytest.mark.parametrize("name", BAD_ANSWERS)
async def test_a_wrong_answer_keeps_the_old_keys_and_adds_none(clock: Clock, name: str) -> None:
    server = WrongKeyServer()
    transport = httpx.MockTransport(server)
    async with httpx.AsyncClient(transport=transport, follow_redirects=True) as http:
        keys = JwksKeys(JWKS_URL, http=http, clock=clock)
        known = await keys.get(KID)
        server.answer = BAD_ANSWERS[name]
        clock.advance(FETCH_INTERVAL_SECONDS)

        with pytest.raises(SessionKeyError):
            await keys.get("ins_new")
        assert await keys.get(KID) is known
    assert server.requests == 2


async def test_a_server_that_never_answers_is_given_up(
    keys: JwksKeys, key_server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clerk_tinybird_app.clerk.keys.FETCH_TIMEOUT_SECONDS", 0.01)
    key_server.ready.clear()

    with pytest.raises(KeysUnavailable):
        await keys.get(KID)


async def test_a_client_that_is_closed_is_a_server_that_is_down(clock: Clock) -> None:
    http = httpx.AsyncClient(transport=httpx.MockTransport(KeyServer()))
    await http.aclose()

    with pytest.raises(KeysUnavailable):
        await JwksKeys(JWKS_URL, http=http, clock=clock).get(KID)


async def test_a_failure_is_logged_without_the_address(
    key_server: KeyServer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    key_server.up = False
    async with httpx.AsyncClient(transport=httpx.MockTransport(key_server)) as http:
        url = "https://user:password@clerk.example.com/jwks?secret=1"
        keys = JwksKeys(url, http=http, clock=clock)
        with caplog.at_level(logging.DEBUG, "clerk_tinybird_app"), pytest.raises(KeysUnavailable):
            await keys.get(KID)

    assert [record.getMessage() for record in caplog.records] == [
        "No signing keys from clerk.example.com: ConnectError"
    ]


@pytest.mark.parametrize(
    "url", ["http://clerk.example.com/jwks", "http://127.0.0.1.evil.example/", "ftp://x/", "/jwks"]
)
async def test_keys_are_not_fetched_where_they_could_be_changed_on_the_way(url: str) -> None:
    async with httpx.AsyncClient() as http:
        with pytest.raises(ValueError, match="https"):
            JwksKeys(url, http=http)


@pytest.mark.parametrize("host", ["localhost:3000", "127.0.0.1:8000", "[::1]:8000"])
async def test_keys_may_come_from_this_machine_without_https(host: str, clock: Clock) -> None:
    server: Any = KeyServer()
    async with httpx.AsyncClient(transport=httpx.MockTransport(server)) as http:
        keys = JwksKeys(f"http://{host}/jwks.json", http=http, clock=clock)

        assert (await keys.get(KID)).key_size == 2048


async def test_the_age_of_the_keys_is_known_and_asking_for_it_fetches_them_once(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    assert await keys.age() == 0
    clock.advance(REFRESH_AFTER_SECONDS * 2)

    # Older keys are fetched when somebody signs in, and not because somebody looks.
    assert await keys.age() == REFRESH_AFTER_SECONDS * 2
    assert key_server.requests == 1


async def test_without_keys_there_is_no_age_and_looking_often_fetches_seldom(
    keys: JwksKeys, key_server: KeyServer, clock: Clock
) -> None:
    key_server.up = False
    for _ in range(10):
        with pytest.raises(KeysUnavailable):
            await keys.age()
    assert key_server.requests == 1

    clock.advance(RETRY_INTERVAL_SECONDS)
    with pytest.raises(KeysUnavailable):
        await keys.age()
    assert key_server.requests == 2


async def test_each_fetch_is_told(key_server: KeyServer, clock: Clock) -> None:
    told: list[bool] = []
    transport = httpx.MockTransport(key_server)
    async with httpx.AsyncClient(transport=transport) as http:
        keys = JwksKeys(JWKS_URL, http=http, clock=clock, fetched=told.append)
        await keys.get(KID)
        clock.advance(REFRESH_AFTER_SECONDS)
        key_server.up = False
        await keys.get(KID)

    assert told == [True, False]
