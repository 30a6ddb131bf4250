"""Tokens, cookies and keys never reach a log line."""

import logging
from collections.abc import Iterator

import pytest
from reflex_base.utils.log import JsonHandler, RichConsoleHandler

from clerk_tinybird_app.logs.redaction import redact, redact_logs
from tests.clerk.tokens import token_with
from tests.sessions import NOW, minted, signed_in, workspace

SESSION_TOKEN = token_with()
MINTED = minted(signed_in(), workspace(), now=NOW).value
SECRETS = [
    SESSION_TOKEN,
    SESSION_TOKEN[:60],
    MINTED,
    "p.eyJ1IjogImFkbWluIiwgImlkIjogIjEifQ.c2lnbmF0dXJl",
    "sk_test_abcdefghijklmnop",
    "sk_live_abcdefghijklmnop",
]
CONTAINERS = [
    "plain {}",
    "Event(name='x', payload={{'token': '{}'}})",
    "{{'headers': {{'cookie': '__session={}; other=1', 'authorization': 'Bearer {}'}}}}",
    "GET /_event?token={}&x=1",
    "{{'headers': {{'cookie': 'consent=a&b; x=\"q\"; other={}'}}}}",
    "(b'authorization', b'Bearer {}')",
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("container", CONTAINERS)
def test_a_secret_is_replaced_wherever_it_stands(container: str, secret: str) -> None:
    assert secret not in redact(container.format(secret, secret))


@pytest.mark.parametrize(
    "line",
    [
        "{'cookie': '__client=opaque-value-of-a-browser; theme=dark'}",
        "headers={'authorization': 'Bearer opaque-value-of-a-browser'}",
        "GET /_event/?token=opaque-value-of-a-browser HTTP/1.1",
        "__session_ab12cd34=opaque-value-of-a-browser",
        "{'cookie': 'consent=a&b; __clerk_db_jwt=dvb_1; sso=opaque-value-of-a-browser'}",
        "'HTTP_COOKIE': '__client=opaque-value-of-a-browser'",
        "(b'cookie', b'__client=opaque-value-of-a-browser')",
        "sent Bearer opaque-value-of-a-browser",
        "cookie: theme=dark; sso=opaque-value-of-a-browser",
        "authorization: opaque-value-of-a-browser",
    ],
)
def test_an_opaque_credential_is_replaced_by_its_name(line: str) -> None:
    assert "opaque-value-of-a-browser" not in redact(line)


@pytest.mark.parametrize(
    "line",
    [
        "App running at: http://localhost:3000/",
        "Warning: token panel compiled in 3 ms",
        "GET /v0/pipes/jobs_by_hour.json?tenant=1 200",
        "Downloading @clerk/clerk-js@6.40.0",
        "the session token: it has expired",
        "    token = await self._renewed(grant.token)",
        "    token = services.current().settings.tinybird_jwt_secret",
        "    authorization = request.headers.get('authorization', '')",
        "    __session = cookies.get('__session')",
        "no cookie, so the request counts as signed out",
        "authorization: bearer token is missing",
        "Bearer authentication required",
        "a cookie: it is neither this nor that",
        'token: "the tenant has none"',
    ],
)
def test_an_ordinary_line_stays_as_it_is(line: str) -> None:
    assert redact(line) == line


@pytest.fixture
def redacting() -> Iterator[None]:
    factory = logging.getLogRecordFactory()
    redact_logs()
    yield
    logging.setLogRecordFactory(factory)


@pytest.mark.usefixtures("redacting")
@pytest.mark.parametrize("handler", [RichConsoleHandler, JsonHandler])
def test_a_traceback_is_clean_in_reflexs_own_handlers(
    handler: type[logging.Handler], capsys: pytest.CaptureFixture[str]
) -> None:
    log = logging.getLogger("somebody.elses")
    log.propagate = False
    log.addHandler(reflexs := handler())
    try:
        int(SESSION_TOKEN)  # the error's text quotes it
    except ValueError:
        log.exception("failed")
    finally:
        log.removeHandler(reflexs)
        log.propagate = True

    printed = "".join(capsys.readouterr())
    assert "invalid literal" in printed
    assert SESSION_TOKEN[:40] not in printed


@pytest.mark.usefixtures("redacting")
def test_an_endless_line_is_cut_and_control_characters_are_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logging.getLogger("somebody.elses").warning("\x1b[31m%s", "x" * 1_000_000)

    assert len(caplog.text) < 30_000
    assert "\x1b" not in caplog.text


@pytest.mark.usefixtures("redacting")
@pytest.mark.parametrize(
    "invisible",
    ["\x1b", "\r", "\x85", "\x9b", "\u2028", "\u2029", "\u202e", "\u2066", "\u200f", "\ud800"],
    ids=ascii,
)
def test_a_character_that_a_terminal_would_obey_is_spelled_out(
    invisible: str, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("somebody.elses").warning("before%safter", invisible)

    message = caplog.records[0].getMessage()
    assert invisible not in message
    assert f"before{ascii(invisible)[1:-1]}after" in message


@pytest.mark.usefixtures("redacting")
def test_what_is_visible_in_any_script_stays(caplog: pytest.LogCaptureFixture) -> None:
    words = "Zürich · 東京 … “añil” → ключ"
    logging.getLogger("somebody.elses").warning(words)

    assert caplog.records[0].getMessage() == words


@pytest.mark.usefixtures("redacting")
def test_a_line_break_cannot_begin_a_line_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("somebody.elses")
    forging = ValueError("harmless\n[CRITICAL] forged by an error")
    log.error("harmless\n[CRITICAL] forged by a message", exc_info=forging)

    first, *others = caplog.records[0].getMessage().split("\n")
    assert first == "harmless"
    assert [line for line in others if not line.startswith("    ")] == []


@pytest.mark.usefixtures("redacting")
def test_log_records_are_clean_before_any_handler_sees_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = logging.getLogger("somebody.elses")
    try:
        int(SESSION_TOKEN)  # the error's text quotes it
    except ValueError:
        log.exception("failed with %s and %d", MINTED, 3)

    assert MINTED not in caplog.text
    assert SESSION_TOKEN not in caplog.text
    assert "and 3" in caplog.text


@pytest.mark.usefixtures("redacting")
def test_a_record_with_wrong_arguments_is_still_logged(caplog: pytest.LogCaptureFixture) -> None:
    arguments = (MINTED,)
    logging.getLogger("somebody.elses").warning("two %s %s", *arguments)

    assert "two %s %s" in caplog.text
    assert MINTED not in caplog.text
