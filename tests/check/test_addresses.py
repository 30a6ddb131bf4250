"""Whether the app is where its users look for it."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.check.conftest import Check
from tests.check.environments import WHOLE
from tests.check.servers import NOW, Servers
from tests.test_settings import LIVE_KEY

APP = "https://app.example.com"
HEALTH = {"json": {"status": "ok", "clerk": "real", "tinybird": "real"}}
SOCKET = {"status_code": 101}
MISSING = {"status_code": 404}
HOSTED = {
    f"{APP}/api/health": MISSING,
    "https://api.example.com/api/health": HEALTH,
    "https://api.example.com/_event/": SOCKET,
}


class Internet(httpx.AsyncBaseTransport):
    """What answers at the app's addresses; every other server is well."""

    def __init__(self, answers: Mapping[str, Mapping[str, Any]]) -> None:
        self._answers = answers
        self._others = Servers().transport
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if not request.url.host.endswith(".example.com"):
            return await self._others.handle_async_request(request)
        answer = self._answers.get(str(request.url.copy_with(query=None)))
        if answer is None:
            raise httpx.ConnectError("nobody")
        return httpx.Response(**{"status_code": 200, **answer})


@pytest.mark.parametrize(
    ("answers", "code", "words"),
    [
        ({f"{APP}/api/health": HEALTH, f"{APP}/_event/": SOCKET}, "address/answers", APP),
        ({}, "address/unreachable", "ConnectError"),
        (
            {f"{APP}/api/health": {"status_code": 301, "headers": {"Location": "https://a.b/x"}}},
            "address/redirects",
            "leads to https://a.b",
        ),
        ({f"{APP}/api/health": {"text": "<html>"}}, "address/another-server", "pass /api on"),
        (
            {f"{APP}/api/health": HEALTH, f"{APP}/_event/": {"status_code": 403}},
            "address/refused",
            "CLERK_AUTHORIZED_PARTIES",
        ),
        (
            {f"{APP}/api/health": HEALTH, f"{APP}/_event/": {"status_code": 400}},
            "address/no-websocket",
            "Upgrade",
        ),
        ({f"{APP}/api/health": HEALTH}, "address/no-websocket", "ConnectError"),
        (
            HOSTED | {f"{APP}/backend.js": {"text": 'window.backend = "https://api.example.com";'}},
            "address/answers",
            APP,
        ),
        (
            HOSTED | {f"{APP}/backend.js": {"text": 'window.backend = "https://backend.invalid";'}},
            "address/no-backend",
            "/backend.js",
        ),
        (HOSTED | {f"{APP}/backend.js": MISSING}, "address/another-server", APP),
    ],
)
def test_the_apps_address_is_asked_as_a_page_would(
    check: Check, answers: dict[str, dict[str, Any]], code: str, words: str
) -> None:
    report = check(_public(), transport=Internet(answers), now=NOW)

    level = {"address/answers": "ok", "address/unreachable": "note"}.get(code, "warning")
    assert {c: found for c, found in report.levels.items() if c.startswith("address")} == {
        code: level
    }
    assert words in report.said(code)


def test_the_websocket_is_asked_for_as_from_a_page_of_the_address(check: Check) -> None:
    internet = Internet({f"{APP}/api/health": HEALTH, f"{APP}/_event/": SOCKET})

    check(_public(), transport=internet, now=NOW)

    asked = next(each for each in internet.asked if each.url.path == "/_event/")
    assert asked.headers["origin"] == APP
    assert asked.headers["upgrade"] == "websocket"


@pytest.mark.parametrize(
    ("plain", "is_told"),
    [({}, True), ({"status_code": 308, "headers": {"Location": f"{APP}/"}}, False), (None, False)],
    ids=["serves pages", "redirects", "does not answer"],
)
def test_pages_without_https_are_told(
    check: Check, plain: dict[str, Any] | None, is_told: bool
) -> None:
    answers = {} if plain is None else {"http://app.example.com/": plain}

    report = check(_public(), transport=Internet(answers), now=NOW)

    assert ("address/plain-http" in report.levels) is is_told


def test_this_machine_is_not_asked(check: Check) -> None:
    report = check(WHOLE, transport=Internet({}), now=NOW)

    assert not [code for code in report.levels if code.startswith("address")]


def _public() -> dict[str, str]:
    return WHOLE | {"CLERK_PUBLISHABLE_KEY": LIVE_KEY, "CLERK_AUTHORIZED_PARTIES": APP}
