"""One tenant's slow queries hold up that tenant alone, and end with their client."""

import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path

import httpx
import pytest

from tests.local.tinybird.process import Tinybird, reads, running, until
from tests.local.tinybird.project import write_project

MOST_OF_ONE = 4
SOON = 8
MOST_WAITING = 32
NAP = """
NODE endpoint
SQL >
    %
    SELECT sum(sleepEachRow(0.1)) AS waited, {{ String(text, '') }} AS text FROM numbers(28)

TYPE ENDPOINT
"""
ENDLESS = """
NODE endpoint
SQL >
    SELECT count() AS found FROM numbers(1000000000000) WHERE sipHash64(number) = 1

TYPE ENDPOINT
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    folder = tmp_path_factory.mktemp("fairness")
    project = write_project(folder / "project")
    (project / "endpoints" / "nap.pipe").write_text(NAP)
    (project / "endpoints" / "endless.pipe").write_text(ENDLESS)
    with Tinybird(project, folder / "data") as running:
        yield running


@pytest.fixture
def hold(own: Tinybird) -> Iterator[Callable[..., socket.socket]]:
    """Send requests on connections of their own, which end with the test."""
    with ExitStack() as opened:

        def send(path: str, token: str) -> socket.socket:
            return opened.enter_context(asking(own, path, token))

        yield send
    until(lambda: running(own) == [], "the queries of clients that left run on", 8)


def asking(tinybird: Tinybird, path: str, token: str) -> socket.socket:
    """Send a request on a connection of its own."""
    client = socket.create_connection(("127.0.0.1", tinybird.port), 20)
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {token}"]
    client.sendall("\r\n".join([*lines, "", ""]).encode())
    return client


def named(own: Tinybird, name: str) -> str:
    pipes = (reads(pipe) for pipe in ("nap", "echo", "endless", "pages"))
    return own.token(*pipes, name=name)


def answered(clients: list[socket.socket], seconds: float = 0) -> list[socket.socket]:
    """Return the clients that were answered or dropped, once there is one."""
    return select.select(clients, [], [], seconds)[0]


def answer_on(client: socket.socket) -> httpx.Response:
    """Read an answer whole: its head and its body can come apart."""
    with HTTPResponse(client) as answer:
        answer.begin()
        return httpx.Response(answer.status, headers=answer.getheaders(), content=answer.read())


def test_another_tenant_is_answered_while_one_has_all_it_may_have_running(
    own: Tinybird, hold: Callable[..., socket.socket]
) -> None:
    greedy, other = named(own, "greedy"), named(own, "other")
    clients = [hold("/v0/pipes/nap.json", greedy) for _ in range(MOST_OF_ONE * 3)]
    until(lambda: len(running(own)) == MOST_OF_ONE, "not as many run as may")

    for _ in range(10):
        assert own.get("/v0/pipes/echo.json", other, text="x").status_code == 200

    assert len(running(own)) == MOST_OF_ONE
    assert answered(clients) == []


def test_names_that_hold_every_reader_hold_nobody_up(
    own: Tinybird, hold: Callable[..., socket.socket]
) -> None:
    """Users are names, and whoever has a few of them can ask for what takes long."""
    greedy = [named(own, f"greedy {number}") for number in range(3)]
    clients = [
        hold("/v0/pipes/endless.json", token) for _ in range(MOST_OF_ONE * 3) for token in greedy
    ]
    begun = time.monotonic()

    answers = [
        own.get("/v0/pipes/echo.json", named(own, f"honest {n}"), text="x") for n in range(2)
    ]

    # Each waits for its turn a second, and a moment for a query to end.
    assert [answer.status_code for answer in answers] == [200] * 2
    # The greedy queries' own limit would end the first of them after ten.
    assert time.monotonic() - begun < SOON
    ended = answer_on(answered(clients, 1)[0])
    assert (ended.status_code, ended.headers["retry-after"]) == (429, "1")
    assert "others waited" in ended.text


@pytest.mark.parametrize("call", ["sleep(3)", "sleepEachRow(0.1)", "SLEEP(1)", "sLeEpEaChRoW(1)"])
@pytest.mark.parametrize(
    "query", ["SELECT {} FROM _", "SELECT 1 FROM _ WHERE {} = 0", "SELECT (SELECT {})"]
)
def test_a_callers_sql_cannot_sleep(own: Tinybird, call: str, query: str) -> None:
    asked = query.format(call)
    by_pipe = own.get("/v0/pipes/echo.json", named(own, "sleepy"), text="x", q=asked)
    by_sql = own.get("/v0/sql", named(own, "sleepy"), q=asked.replace("_", "echo"), text="x")
    assert [by_pipe.status_code, by_sql.status_code] == [403, 403]
    assert by_pipe.json()["error"].lower().startswith("the function 'sleep")


def test_what_waits_is_answered_in_its_turn(own: Tinybird) -> None:
    token = named(own, "patient")
    with ThreadPoolExecutor(10) as threads:
        answers = threads.map(
            lambda n: own.get("/v0/pipes/echo.json", token, text=f"{n}", rows=3).json(), range(200)
        )
        texts = [answer["data"][0]["text"] for answer in answers]
    assert texts == [f"{n}" for n in range(200)]


def test_more_than_may_wait_are_told_when_to_come_back(
    own: Tinybird, hold: Callable[..., socket.socket]
) -> None:
    token = named(own, "crowd")
    clients = [hold("/v0/pipes/nap.json", token) for _ in range(MOST_OF_ONE + MOST_WAITING + 1)]

    # The server need not see them in their order, but it sees one too many.
    [refused] = answered(clients, 10)
    answer = answer_on(refused)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert "4 running and 32 waiting" in answer.json()["error"]
    assert answer.json()["documentation"]
    assert own.get("/v0/pipes/echo.json", named(own, "calm"), text="x").status_code == 200


def test_a_query_ends_when_its_client_leaves(
    own: Tinybird, hold: Callable[..., socket.socket]
) -> None:
    client = hold("/v0/pipes/endless.json", named(own, "leaving"))
    until(lambda: len(running(own)) == 1, "it does not run")

    client.close()

    # Its own limit would end it after ten seconds.
    until(lambda: running(own) == [], "it runs on", 5)


def test_a_query_never_starts_when_its_client_leaves_before_its_turn(
    own: Tinybird, hold: Callable[..., socket.socket]
) -> None:
    token = named(own, "hasty")
    slow = [hold("/v0/pipes/nap.json", token) for _ in range(MOST_OF_ONE)]
    until(lambda: len(running(own)) == MOST_OF_ONE, "not as many run as may")
    hold("/v0/pipes/nap.json?text=in-vain", token).close()
    with ThreadPoolExecutor(1) as threads:
        after = threads.submit(own.get, "/v0/pipes/echo.json", token, text="after")
        slow[0].close()
        # One reader is free now, and whoever waited first has it.
        assert after.result().status_code == 200
    assert not any("in-vain" in query for query in running(own))


def test_the_end_waits_for_what_runs_and_starts_nothing_more(project: Path, tmp_path: Path) -> None:
    (project / "endpoints" / "nap.pipe").write_text(NAP)
    with Tinybird(project, tmp_path / "data") as ending, ExitStack() as opened:
        token = ending.token(reads("nap"))
        clients = [
            opened.enter_context(asking(ending, "/v0/pipes/nap.json", token))
            for _ in range(MOST_OF_ONE + MOST_WAITING + 1)
        ]
        # One too many: all others run or wait.
        assert answered(clients, 10)
        assert ending.stop() == 0
        statuses = Counter(client.recv(100).split()[1] for client in clients)
    assert statuses == {b"200": MOST_OF_ONE, b"503": MOST_WAITING, b"429": 1}


def test_the_admin_token_has_a_share_too(own: Tinybird, hold: Callable[..., socket.socket]) -> None:
    clients = [hold("/v0/pipes/nap.json", own.key) for _ in range(MOST_OF_ONE * 3)]
    answer = own.get("/v0/pipes/echo.json", named(own, "other"), text="x")
    assert answer.status_code == 200
    assert answered(clients) == []
