"""What the settings alone show, and the Redis that they name."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from reflex.istate.manager.redis import NOTIFY_KEYSPACE_EVENTS

from clerk_tinybird_app.check import redis_server
from clerk_tinybird_app.check.contradictions import with_dashboard
from clerk_tinybird_app.settings import Settings
from tests.check.conftest import Check
from tests.check.environments import TINYBIRD, WHOLE
from tests.check.servers import KEY, NOW, Servers
from tests.product.dashboard import DASHBOARD
from tests.redis_server import ADVICE, is_there
from tests.redis_server import redis_server as own_redis
from tests.test_settings import HOST_KEY, LIVE_KEY


@pytest.mark.parametrize(
    ("environ", "code", "words"),
    [
        ({"CLERK_SECRET_KEY": "sk_test_x"}, "configuration/refused", "CLERK_PUBLISHABLE_KEY"),
        ({"TINYBIRD_RPS": "ten"}, "configuration/refused", "TINYBIRD_RPS"),
        ({"TINYBIRD_TOKEN_TTL": "14"}, "configuration/refused", "from 15 to 86400"),
        ({"TINYBIRD_TOKEN_TTL": "86401"}, "configuration/refused", "from 15 to 86400"),
        ({"TINYBIRD_RPS": "1001"}, "configuration/refused", "from 1 to 1000"),
        ({"REFLEX_BACKEND_HOST": "0.0.0.0"}, "starting/refused", "not a loopback address"),
        (TINYBIRD | {"TINYBIRD_API_KEY": KEY}, "anonymous-key/signing-key", "signing key"),
    ],
)
def test_a_configuration_that_cannot_serve_fails_by_name(
    check: Check, environ: dict[str, str], code: str, words: str
) -> None:
    report = check(environ, transport=Servers().transport, now=NOW)

    assert report.status == 1
    assert report.levels[code] == "failed"
    assert words in report.said(code)


@pytest.mark.parametrize(
    ("environ", "code", "words"),
    [
        (
            {"CLERK_AUTHORIZED_PARTIES": "http://app.example.com,http://localhost:3000"},
            "origins/not-https",
            "unprotected to http://app.example.com\n",
        ),
        (
            {"REFLEX_API_URL": "http://api.example.com"},
            "origins/not-https",
            "http://api.example.com",
        ),
        (
            {"CLERK_AUTHORIZED_PARTIES": "https://app.example.com"},
            "origins/test-key",
            "a test key serves https://app.example.com",
        ),
        (
            {
                "CLERK_PUBLISHABLE_KEY": LIVE_KEY,
                "CLERK_AUTHORIZED_PARTIES": "http://localhost:3000",
            },
            "origins/live-key",
            "http://localhost:3000",
        ),
        ({}, "origins/fit", "http://localhost:3000"),
        (
            {
                "CLERK_PUBLISHABLE_KEY": LIVE_KEY,
                "CLERK_AUTHORIZED_PARTIES": "https://app.example.com",
            },
            "origins/fit",
            "https://app.example.com",
        ),
    ],
)
def test_origins_are_held_to_the_kind_of_key_and_to_https(
    check: Check, environ: dict[str, str], code: str, words: str
) -> None:
    report = check(WHOLE | environ, transport=Servers().transport, now=NOW)

    assert report.levels[code] == ("ok" if code == "origins/fit" else "warning")
    assert words in report.said(code)
    assert ("origins/fit" in report.levels) == (code == "origins/fit")


def test_it_is_said_whose_word_on_clients_counts(check: Check) -> None:
    beyond = WHOLE | {"REFLEX_BACKEND_HOST": "0.0.0.0"}

    def said(environ: dict[str, str]) -> dict[str, str]:
        report = check(environ, transport=Servers().transport, now=NOW)
        return {code: level for code, level in report.levels.items() if code.startswith("proxies")}

    assert said(WHOLE) == {}
    assert said(beyond) == {"proxies/none": "note"}
    assert said(beyond | {"TRUSTED_PROXIES": "10.0.0.7"}) == {"proxies/trusted": "ok"}


def test_a_test_key_of_this_machine_alone_is_no_matter(check: Check) -> None:
    report = check({"CLERK_PUBLISHABLE_KEY": HOST_KEY} | TINYBIRD, transport=Servers().transport)

    assert report.levels["origins/fit"] == "ok"


def test_a_variable_that_nobody_reads_is_a_warning(check: Check) -> None:
    report = check(
        WHOLE,
        transport=Servers().transport,
        now=NOW,
        unread=lambda: ["TINYBIRD_RSP is set, and nothing here reads it."],
    )

    assert report.levels["configuration/unread-variable"] == "warning"
    assert "TINYBIRD_RSP" in report.said("configuration/unread-variable")


class _Redis(socketserver.StreamRequestHandler):
    """Speaks as much of Redis's protocol as a client that connects and pings."""

    replies: dict[bytes, bytes]

    def handle(self) -> None:
        while head := self.rfile.readline():
            words = []
            for _ in range(int(head[1:])):
                size = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(size + 2)[:-2])
            self.wfile.write(self.server.replies.get(words[0].upper(), b"+OK\r\n"))  # type: ignore[attr-defined]


@contextmanager
def redis(**replies: bytes) -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Redis) as server:
        server.daemon_threads = True
        server.replies = {name.encode(): reply for name, reply in replies.items()}  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def checked(check: Check, url: str) -> dict[str, str]:
    environ = WHOLE | {"REFLEX_REDIS_URL": url, "REDIS_SECRET": "s" * 32}
    report = check(environ, transport=Servers().transport, now=NOW)
    assert "hunter2" not in str(report.findings)
    return {code: level for code, level in report.levels.items() if code.startswith("redis")}


def test_the_changes_that_are_named_are_those_that_reflex_asks_for() -> None:
    assert f" {NOTIFY_KEYSPACE_EVENTS} " in redis_server._SET_THERE


@pytest.mark.skipif(not is_there(), reason=ADVICE)
def test_a_redis_that_does_what_the_app_wants_is_well_who_ever_configures_it(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    with own_redis() as own:
        assert checked(check, own.url) == {"redis/answers": "ok"}

    monkeypatch.setenv("REFLEX_IGNORE_REDIS_CONFIG_ERROR", "1")
    options = ("--rename-command", "CONFIG", "", "--notify-keyspace-events", "K$sgxe")
    with own_redis(*options) as others:
        assert checked(check, others.url) == {"redis/answers": "ok"}


def test_a_redis_that_wants_another_password_fails(check: Check) -> None:
    with redis(AUTH=b"-WRONGPASS invalid username-password pair\r\n") as port:
        found = checked(check, f"redis://ada:hunter2@127.0.0.1:{port}")

    assert found == {"redis/refused": "failed"}


def test_a_redis_that_is_not_there_fails(check: Check) -> None:
    with redis() as port:
        pass

    found = checked(check, f"redis://ada:hunter2@127.0.0.1:{port}")

    assert found == {"redis/unreachable": "failed"}


def test_a_redis_that_never_answers_is_given_up(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_server, "SECONDS", 0.05)
    with redis(PING=b"") as port:
        assert checked(check, f"redis://127.0.0.1:{port}") == {"redis/unreachable": "failed"}


def test_without_redis_nothing_is_said_of_it(check: Check) -> None:
    report = check(WHOLE, transport=Servers().transport, now=NOW)

    assert not [code for code in report.levels if code.startswith("redis")]


def test_what_a_fast_refresh_costs_is_what_the_products_own_dashboard_asks() -> None:
    settings = Settings.from_environ(WHOLE | {"DASHBOARD_REFRESH_SECONDS": "5"})

    [found] = with_dashboard(settings, DASHBOARD)

    # Nine queries, 17,280 times.
    assert found.code == "refresh/often"
    assert "some 155,520 queries a day" in found.text
