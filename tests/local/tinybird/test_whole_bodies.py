"""A connection lives on when what was sent on it is refused."""

import http.client
from contextlib import closing

import pytest

from tests.local.tinybird.process import Tinybird

BODY = b"x" * 2_000_000
EVENTS = "/v0/events?name=visits"


@pytest.mark.parametrize(
    ("path", "changes", "status"),
    [
        (EVENTS, {"Authorization": "Bearer p.nope"}, 403),
        (EVENTS, {"Host": "evil.example"}, 403),
        ("/v0/events?name=nope", {}, 404),
        ("/v1/nothing", {}, 404),
    ],
)
def test_the_next_request_on_a_connection_is_answered_after_a_refusal(
    tinybird: Tinybird, path: str, changes: dict[str, str], status: int
) -> None:
    connection = http.client.HTTPConnection("localhost", tinybird.port, timeout=20)
    with closing(connection):
        connection.connect()
        # Closed, it is to be an error.
        connection.auto_open = False
        for _ in range(2):
            connection.request("POST", path, BODY, {**tinybird.bearer(None), **changes})
            answer = connection.getresponse()
            assert (answer.status, answer.getheader("Connection")) == (status, None)
            assert answer.read()
        connection.request("GET", "/v0/pipes", headers=tinybird.bearer(None))
        assert connection.getresponse().status == 200
