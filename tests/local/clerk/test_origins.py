"""Only the app's own pages are answered."""

import pytest

from tests.local.clerk.browser import ADMIN, APP, FOREIGN, Browser, error

REFUSED = (403, "origin_invalid", None)
SIGN_IN = {"identifier": ADMIN, "password": "tinybird-demo"}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": FOREIGN},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://localhost:3000.evil.test"},
        {"origin": "https://localhost:3000"},
        {"origin": FOREIGN, "referer": f"{APP}/"},
        {"referer": f"{APP}/"},
        {},
    ],
)
def test_a_write_needs_the_origin_of_an_own_page(browser: Browser, headers: dict[str, str]) -> None:
    reply = browser.send("POST", "/v1/client/sign_ins", data=SIGN_IN, headers=headers)
    assert error(reply) == REFUSED
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": FOREIGN},
        {"referer": f"{FOREIGN}/"},
        {"referer": "http://localhost:3000.evil.test/"},
        {"referer": "http://localhost:3000@evil.test/"},
        {"referer": "http://[broken"},
        {"referer": "no address"},
        {"origin": FOREIGN, "referer": f"{APP}/"},
        {},
    ],
)
def test_a_signed_in_browser_gives_no_token_to_a_foreign_page(
    browser: Browser, headers: dict[str, str]
) -> None:
    browser.sign_in(ADMIN)
    reply = browser.send("GET", "/v1/client", headers=headers)
    assert error(reply) == REFUSED
    assert "jwt" not in reply.text


def test_a_read_cannot_be_turned_into_a_write(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    reply = browser.get("/client/sessions", _method="DELETE")
    assert reply.status_code == 404
    assert len(browser.client()["sessions"]) == 1


def test_a_write_cannot_be_turned_into_a_read(browser: Browser) -> None:
    headers = {"referer": f"{APP}/"}
    reply = browser.send("POST", "/v1/client", params={"_method": "GET"}, headers=headers)
    assert error(reply) == REFUSED


def test_the_environment_needs_no_origin_for_it_holds_no_secret(browser: Browser) -> None:
    reply = browser.send("GET", "/v1/environment")
    assert reply.json()["display_config"]["home_url"] == f"{APP}/"
