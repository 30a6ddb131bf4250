"""Asking a pipe: what is sent, what comes back, what is tried again."""

import asyncio
from collections.abc import Callable
from urllib.parse import parse_qs

import httpx
import pytest

from clerk_tinybird_app.tinybird import client as client_module
from clerk_tinybird_app.tinybird.client import (
    RateLimit,
    TinybirdBadRequestError,
    TinybirdError,
    TinybirdForbiddenError,
    TinybirdNotFoundError,
    TinybirdRateLimitedError,
    TinybirdTimeoutError,
    TinybirdTooLargeError,
    TinybirdUnreachableError,
)
from tests.tinybird.client.server import (
    ANSWER,
    NEW_TOKEN,
    RATE_HEADERS,
    TOKEN,
    Server,
    json_body,
    refused,
    rows,
)

pytestmark = pytest.mark.anyio


class Renewals:
    """Gives ``tokens`` one after the other."""

    def __init__(self, *tokens: str) -> None:
        self.left = list(tokens)
        self.count = 0

    async def __call__(self) -> str:
        self.count += 1
        return self.left.pop(0)


async def test_the_answers_rows_types_cost_and_allowance_are_there() -> None:
    ticks = iter([100.0, 100.25])
    server = Server([rows(**RATE_HEADERS)])

    answer = await server.client(clock=lambda: next(ticks)).query("queues", {}, TOKEN)

    assert answer.status == 200
    assert answer.columns == (("route", "String"), ("requests", "UInt64"))
    assert answer.rows == ANSWER["data"]
    assert (answer.row_count, answer.rows_read, answer.bytes_read) == (2, 1200, 34000)
    assert (answer.elapsed_ms, answer.duration_ms) == (12.5, 250.0)
    assert answer.rate == RateLimit(limit=10, remaining=9, reset_seconds=1.0)


async def test_the_rows_stay_out_of_the_repr() -> None:
    answer = await Server([rows()]).client().query("queues", {}, TOKEN)

    assert "/v1/orders" not in repr(answer)


async def test_an_answer_without_rate_headers_has_no_rate() -> None:
    answer = await Server([rows()]).client().query("queues", {}, TOKEN)

    assert answer.rate is None


async def test_parameters_travel_in_the_address_and_the_token_in_its_header_alone() -> None:
    server = Server([rows()])

    await server.client().query("queues", {"route": "/v1/ä b&c=d", "limit": "5"}, TOKEN)

    [request] = server.asked
    assert request.method == "GET"
    assert request.url.path == "/v0/pipes/queues.json"
    assert parse_qs(request.url.query.decode()) == {"route": ["/v1/ä b&c=d"], "limit": ["5"]}
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in str(request.url)


async def test_parameters_beyond_two_kilobytes_go_by_post() -> None:
    server = Server([rows()])

    await server.client().query("queues", {"route": "x" * 3000}, TOKEN)

    [request] = server.asked
    assert request.method == "POST"
    assert request.url.query == b""
    assert parse_qs(request.content.decode()) == {"route": ["x" * 3000]}
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"


async def test_csv_comes_as_it_is() -> None:
    server = Server([httpx.Response(200, content=b"route\n/v1\n")])

    answer = await server.client().query("queues", {}, TOKEN, format="csv")

    assert server.asked[0].url.path == "/v0/pipes/queues.csv"
    assert answer.body == b"route\n/v1\n"
    assert (answer.rows, answer.columns) == ([], ())


@pytest.mark.parametrize("pipe", ["", "../tokens", "a.b", "a/b", "pipe?token=x", "9lives", "pipé"])
async def test_what_is_no_pipes_name_is_never_sent(pipe: str) -> None:
    server = Server([])

    with pytest.raises(TinybirdNotFoundError):
        await server.client().query(pipe, {}, TOKEN)

    assert server.asked == []


@pytest.mark.parametrize(
    "parameters", [{"token": "p.mine"}, {"q": "SELECT 1"}, {"format": "csv"}, {"a": "\ud800"}]
)
async def test_what_is_no_parameter_is_never_sent(parameters: dict[str, str]) -> None:
    server = Server([])

    with pytest.raises(TinybirdBadRequestError):
        await server.client().query("queues", parameters, TOKEN)

    assert server.asked == []


@pytest.mark.parametrize("token", ["", "two words", "line\r\nX-Evil: 1", "tökén"])
async def test_a_token_that_fits_no_header_is_refused_and_not_repeated(token: str) -> None:
    with pytest.raises(TinybirdForbiddenError) as refusal:
        await Server([]).client().query("queues", {}, token)

    assert not token or token not in str(refusal.value)


async def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(TinybirdBadRequestError, match="csv, json"):
        await Server([]).client().query("queues", {}, TOKEN, format="json?x=")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "tinybird_bad_request"),
        (401, "tinybird_forbidden"),
        (403, "tinybird_forbidden"),
        (404, "tinybird_not_found"),
        (408, "tinybird_query_timeout"),
        (413, "tinybird_too_large"),
        (429, "tinybird_rate_limited"),
        (500, "tinybird_error"),
        (503, "tinybird_error"),
        (302, "tinybird_error"),
        (204, "tinybird_error"),
    ],
)
async def test_each_refusal_has_its_code_status_and_tinybirds_own_words(
    status: int, code: str
) -> None:
    server = Server([refused(status, "The pipe 'x' does not exist", dict(RATE_HEADERS))] * 2)

    with pytest.raises(TinybirdError) as refusal:
        await server.client().query("x", {}, TOKEN)

    error = refusal.value
    assert (error.code, error.status) == (code, status)
    assert error.detail == "The pipe 'x' does not exist"
    assert error.message.endswith(".")
    assert error.rate == RateLimit(10, 9, 1.0)


async def test_a_redirect_is_not_followed() -> None:
    headers = {"Location": "https://elsewhere.example/"}
    server = Server([httpx.Response(302, headers=headers), rows()])

    with pytest.raises(TinybirdError):
        await server.client().query("x", {}, TOKEN)

    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "text",
    [
        f"invalid authentication token. Invalid token b'{TOKEN}'",
        f"invalid authentication token. Invalid token b'{TOKEN[:60]}'",
        "x" * 990 + TOKEN,
    ],
    ids=["whole", "cut", "at the edge"],
)
async def test_a_token_that_tinybird_repeats_is_taken_out(text: str) -> None:
    server = Server([refused(403, text)])

    with pytest.raises(TinybirdForbiddenError) as refusal:
        await server.client().query("x", {}, TOKEN)

    assert "eyJ" not in str(refusal.value)


async def test_control_characters_in_tinybirds_words_are_taken_out() -> None:
    server = Server([json_body({"error": "a\x1b[2Jb\u202ec\ud800d"}, 400)])

    with pytest.raises(TinybirdBadRequestError) as refusal:
        await server.client().query("x", {}, TOKEN)

    assert refusal.value.detail == "a [2Jb c d"


@pytest.mark.parametrize(
    "body", [b"<html>Bad gateway</html>", b"[]", b'{"error": 5}', b"", b"[" * 100_000]
)
async def test_a_refusal_that_is_not_tinybirds_own_still_has_its_status(body: bytes) -> None:
    server = Server([httpx.Response(502, content=body)])

    with pytest.raises(TinybirdError) as refusal:
        await server.client().query("x", {}, TOKEN)

    assert (refusal.value.status, refusal.value.detail) == (502, "HTTP 502")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b"[" * 100_000),
        json_body([]),
        json_body({"data": []}),
        json_body({"meta": [], "data": 5}),
        json_body({"meta": [{}], "data": []}),
        json_body({"meta": [], "data": [], "rows": float("inf")}),
    ],
)
async def test_what_is_no_pipes_json_is_an_error_without_its_content(
    answer: httpx.Response,
) -> None:
    with pytest.raises(TinybirdError) as refusal:
        await Server([answer]).client().query("x", {}, TOKEN)

    assert refusal.value.code == "tinybird_error"
    assert refusal.value.__context__ is None or refusal.value.__suppress_context__


async def test_a_refused_token_is_renewed_once() -> None:
    server, renew = Server([refused(403), rows()]), Renewals(NEW_TOKEN)

    answer = await server.client().query("x", {}, TOKEN, renew=renew)

    assert answer.row_count == 2
    assert server.tokens == [TOKEN, NEW_TOKEN]


async def test_a_second_refusal_stands() -> None:
    server, renew = Server([refused(403), refused(403)]), Renewals(NEW_TOKEN, "third")

    with pytest.raises(TinybirdForbiddenError):
        await server.client().query("x", {}, TOKEN, renew=renew)

    assert (server.tokens, renew.count) == ([TOKEN, NEW_TOKEN], 1)


@pytest.mark.parametrize("other", ["", TOKEN])
async def test_without_another_token_the_refusal_stands(other: str) -> None:
    server = Server([refused(403, "expired")])

    with pytest.raises(TinybirdForbiddenError, match="expired"):
        await server.client().query("x", {}, TOKEN, renew=Renewals(other))

    assert len(server.asked) == 1


async def test_a_rate_limit_of_seconds_is_waited_for_once() -> None:
    limited = refused(429, headers={"Retry-After": "2"})
    server = Server([limited, rows()])

    answer = await server.client().query("x", {}, TOKEN)

    assert answer.row_count == 2
    assert server.slept == [2.0]


async def test_a_second_rate_limit_stands_and_says_when_to_come_back() -> None:
    server = Server([refused(429, headers={"Retry-After": "1"})] * 2)

    with pytest.raises(TinybirdRateLimitedError) as refusal:
        await server.client().query("x", {}, TOKEN)

    assert server.slept == [1.0]
    assert refusal.value.retry_after == 1.0
    assert "in 1 second." in str(refusal.value)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "60"}, 60.0),
        ({}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "nan"}, None),
    ],
)
async def test_a_rate_limit_of_longer_or_unknown_time_is_not_waited_for(
    headers: dict[str, str], seconds: float | None
) -> None:
    server = Server([refused(429, headers=headers)])

    with pytest.raises(TinybirdRateLimitedError) as refusal:
        await server.client().query("x", {}, TOKEN)

    assert (server.slept, refusal.value.retry_after) == ([], seconds)


async def test_without_retry_after_the_allowances_reset_says_when() -> None:
    server = Server([refused(429, headers=dict(RATE_HEADERS)), rows()])

    await server.client().query("x", {}, TOKEN)

    assert server.slept == [1.0]


async def test_who_may_not_wait_is_told_of_the_limit_at_once() -> None:
    server = Server([refused(429, headers={"Retry-After": "1"}), rows()])

    with pytest.raises(TinybirdRateLimitedError):
        await server.client().query("x", {}, TOKEN, may_wait=False)

    assert (len(server.asked), server.slept) == (1, [])


async def test_what_was_limited_a_moment_ago_is_sent_after_the_wait_and_waits_no_more() -> None:
    limited = TinybirdRateLimitedError("wait", status=429, rate=None, retry_after=2.0)
    server = Server([rows(), refused(429, headers={"Retry-After": "1"})])

    answer = await server.client().query("x", {}, TOKEN, refused=limited)

    assert answer.row_count == 2
    assert (len(server.asked), server.slept) == (1, [2.0])
    with pytest.raises(TinybirdRateLimitedError):
        await server.client().query("x", {}, TOKEN, refused=limited)
    assert (len(server.asked), server.slept) == (2, [2.0, 2.0])


async def test_what_was_refused_a_moment_ago_is_sent_with_another_token_alone() -> None:
    forbidden = TinybirdForbiddenError("expired", status=403)
    server, renew = Server([rows()]), Renewals(NEW_TOKEN)

    await server.client().query("x", {}, TOKEN, renew=renew, refused=forbidden)

    assert (server.tokens, renew.count) == ([NEW_TOKEN], 1)
    with pytest.raises(TinybirdForbiddenError, match="expired"):
        await server.client().query("x", {}, TOKEN, refused=forbidden)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx.ConnectError("no route to https://x/?route=secret"), TinybirdUnreachableError),
        (httpx.ConnectTimeout("secret"), TinybirdUnreachableError),
        (httpx.ReadError("secret"), TinybirdUnreachableError),
    ],
)
async def test_a_failing_network_is_named_without_repeating_the_request(
    failure: httpx.HTTPError, kind: type[TinybirdError]
) -> None:
    with pytest.raises(kind) as refusal:
        await Server([failure]).client().query("x", {}, TOKEN)

    assert "secret" not in str(refusal.value)
    assert refusal.value.detail == type(failure).__name__
    assert refusal.value.status is None


async def test_an_answer_that_never_ends_is_given_up() -> None:
    async def never(_: httpx.Request) -> httpx.Response:
        return await asyncio.Future()

    with pytest.raises(TinybirdTimeoutError):
        await Server([never]).client(answer_seconds=0.01).query("x", {}, TOKEN)


class LoopTime:
    """The event loop's own clock, moved by hand: its time-outs come without waiting."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self._ahead, time = 0.0, loop.time
        monkeypatch.setattr(loop, "time", lambda: time() + self._ahead)

    async def pass_(self, seconds: float) -> None:
        self._ahead += seconds
        # Twice: the loop finds what is due, then runs it.
        await asyncio.sleep(0)
        await asyncio.sleep(0)


LATE = [
    lambda: refused(403, "expired"),
    lambda: refused(429, headers={"Retry-After": "1"}),
]


@pytest.mark.parametrize("late", LATE, ids=["renewed", "waited"])
async def test_one_deadline_spans_a_query_and_all_that_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, late: Callable[[], httpx.Response]
) -> None:
    time = LoopTime(monkeypatch)

    async def after_twenty_seconds(_: httpx.Request) -> httpx.Response:
        await time.pass_(20)
        return late() if len(server.asked) == 1 else rows()

    server = Server([after_twenty_seconds] * 2)
    with pytest.raises(TinybirdTimeoutError):
        await server.client(answer_seconds=30).query("x", {}, TOKEN, renew=Renewals(NEW_TOKEN))

    assert len(server.asked) == 2


async def test_a_renewal_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    time = LoopTime(monkeypatch)

    async def never() -> str:
        await time.pass_(31)
        return await asyncio.Future()

    with pytest.raises(TinybirdTimeoutError):
        await Server([refused(403)]).client(answer_seconds=30).query("x", {}, TOKEN, renew=never)


async def test_an_answer_beyond_the_limit_is_not_taken_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module.client, "MAX_ANSWER_BYTES", 100)

    with pytest.raises(TinybirdTooLargeError):
        await Server([httpx.Response(200, content=b"x" * 101)]).client().query("x", {}, TOKEN)
