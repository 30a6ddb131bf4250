"""The HTTP protocol: cookies, envelopes, unknown routes, malformed requests."""

import pytest

from clerk_tinybird_app import products
from tests.local.clerk.browser import ADMIN, APP, Browser, error

FORM = "application/x-www-form-urlencoded"


def test_the_client_cookie_is_kept_from_scripts_and_other_sites(browser: Browser) -> None:
    cookie = browser.sign_in(ADMIN).headers["set-cookie"]
    name, *attributes = cookie.split("; ")
    assert name.startswith("__client=")
    assert {each.lower() for each in attributes} == {
        "httponly",
        "samesite=lax",
        "path=/",
        "max-age=31536000",
    }


def test_the_cookie_is_only_set_when_it_changes(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    assert "set-cookie" not in browser.token().headers
    assert "set-cookie" not in browser.get("/client").headers


def test_a_browser_that_was_never_here_has_no_client_until_it_asks(browser: Browser) -> None:
    assert browser.get("/client").json() == {"response": None, "client": None}
    made = browser.call("PUT", "/client").json()["response"]
    assert made["sessions"] == []
    assert browser.client()["id"] == made["id"]


def test_reads_carry_no_client_and_writes_do(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    assert browser.get("/me").json()["client"] is None
    assert browser.call("PATCH", "/me").json()["client"]["sessions"]


def test_the_environment_is_bare_and_names_only_the_own_origin(browser: Browser) -> None:
    reply = browser.call("PATCH", "/environment")
    assert reply.json()["auth_config"]["single_session_mode"] is True
    assert reply.json()["user_settings"]["attributes"]["email_address"]["required"] is True
    addresses = [value for value in _texts(reply.json()) if value.startswith("http")]
    assert addresses
    assert all(address.startswith(APP) for address in addresses)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("POST", "/me/totp"),
        ("GET", "/client/sign_ins"),
        ("POST", "/client/sessions/sess_x/fly"),
        ("PATCH", "/client/sign_ins/sia_x"),
    ],
)
def test_an_unknown_route_is_named_in_clerks_shape(
    browser: Browser, method: str, path: str
) -> None:
    reply = browser.get(path) if method == "GET" else browser.call(method, path)
    assert error(reply) == (404, "resource_not_found", None)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"\xff\xfe=\xff", FORM, 400),
        (b"identifier=%FF%FE", FORM, 400),
        (b"a=1&" * 200, FORM, 400),
        (b"identifier=" + b"x" * 70_000, FORM, 413),
        (b"&&&===", FORM, 200),
        (b"", FORM, 200),
        (b"{broken", "application/json", 200),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 200),
        (b"x" * 200_000, "image/png", 200),
        (b"identifier=nobody%40nowhere.test", f"{FORM}; charset=utf-8", 422),
    ],
)
def test_a_malformed_body_is_refused_or_taken_for_an_empty_form(
    browser: Browser, body: bytes, content_type: str, status: int
) -> None:
    reply = browser.send(
        "POST",
        "/v1/client/sign_ins",
        content=body,
        headers={"origin": APP, "content-type": content_type},
    )
    assert reply.status_code == status
    if status != 200:
        assert error(reply)
    else:
        assert reply.json()["response"]["status"] == "needs_identifier"


@pytest.mark.parametrize("value", ["", "x", "a" * 5000, "\x7f", "' OR 1=1 --"])
def test_a_strange_cookie_is_nobodys(browser: Browser, value: str) -> None:
    headers = {"referer": f"{APP}/", "cookie": f"__client={value}"}
    assert browser.send("GET", "/v1/client", headers=headers).json()["response"] is None


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%", "\x00", "ÄÖÜ@ß.de", "🙂@example.com"])
def test_strange_text_in_fields_is_only_text(browser: Browser, text: str) -> None:
    assert error(browser.sign_in(text))[1] in {"form_identifier_not_found"}
    browser.sign_in(ADMIN)
    named = browser.call("PATCH", "/me", first_name=text).json()["response"]["first_name"]
    assert named == text.strip()


def _texts(value: object) -> list[str]:
    """Return every text in a JSON value."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


def test_the_forms_name_the_product(browser: Browser) -> None:
    named = browser.send("GET", "/v1/environment").json()["display_config"]["application_name"]

    assert named == products.current().words.name
