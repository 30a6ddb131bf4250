"""Signing up."""

from pathlib import Path
from typing import Any

import pytest

from clerk_tinybird_app.local.clerk import EmbeddedClerk
from tests.local.clerk.browser import ADMIN, CODE, Browser, error

NEW = "New.Person@Example.com"
FORM = {"email_address": NEW, "password": "a-fine-password"}


def begin(browser: Browser, **form: str) -> str:
    reply = browser.post("/client/sign_ups", **(FORM | form))
    assert reply.json()["response"]["status"] == "missing_requirements"
    return f"/client/sign_ups/{reply.json()['response']['id']}"


def verify(browser: Browser, path: str, code: str = CODE) -> dict[str, Any]:
    browser.post(f"{path}/prepare_verification", strategy="email_code")
    reply = browser.post(f"{path}/attempt_verification", strategy="email_code", code=code)
    return dict(reply.json())


def test_a_verified_address_and_a_password_make_an_account_and_sign_in(browser: Browser) -> None:
    path = begin(browser, first_name="New", last_name="Person")
    body = verify(browser, path)

    assert body["response"]["status"] == "complete"
    (session,) = body["client"]["sessions"]
    assert session["public_user_data"]["identifier"] == NEW.lower()
    assert session["user"]["first_name"] == "New"
    assert session["last_active_organization_id"] is None


def test_the_new_account_can_sign_in_elsewhere(browser: Browser, other_browser: Browser) -> None:
    browser.sign_up(NEW)
    assert other_browser.sign_in(NEW, "a-fine-password").status_code == 200
    assert error(other_browser.sign_in(NEW, "another"))[1] == "session_exists"


def test_the_sdk_asks_for_a_code_only_when_no_strategy_is_set_yet(browser: Browser) -> None:
    path = begin(browser)
    email = browser.get(path).json()["response"]["verifications"]["email_address"]
    assert (email["strategy"], email["next_action"]) == (None, "needs_prepare")
    browser.post(f"{path}/prepare_verification", strategy="email_code")
    email = browser.get(path).json()["response"]["verifications"]["email_address"]
    assert (email["strategy"], email["next_action"]) == ("email_code", "needs_attempt")


def test_a_wrong_code_is_refused_and_the_right_one_still_works(browser: Browser) -> None:
    path = begin(browser)
    browser.post(f"{path}/prepare_verification", strategy="email_code")
    wrong = browser.post(f"{path}/attempt_verification", strategy="email_code", code="000000")
    assert error(wrong) == (422, "form_code_incorrect", "code")
    assert verify(browser, path)["response"]["status"] == "complete"


def test_a_code_that_was_not_asked_for_is_refused(browser: Browser) -> None:
    path = begin(browser)
    reply = browser.post(f"{path}/attempt_verification", strategy="email_code", code=CODE)
    assert error(reply) == (400, "verification_missing", None)


def test_changing_the_address_means_verifying_the_new_one(
    browser: Browser, other_browser: Browser
) -> None:
    path = begin(browser)
    browser.post(f"{path}/prepare_verification", strategy="email_code")
    changed = browser.call("PATCH", path, email_address="other@example.com")
    email = changed.json()["response"]["verifications"]["email_address"]
    assert email["next_action"] == "needs_prepare"
    assert changed.json()["response"]["unverified_fields"] == ["email_address"]

    early = browser.post(f"{path}/attempt_verification", strategy="email_code", code=CODE)
    assert error(early)[1] == "verification_missing"
    verify(browser, path)
    assert error(other_browser.sign_in(NEW, "x"))[1] == "form_identifier_not_found"
    assert other_browser.sign_in("other@example.com", "a-fine-password").status_code == 200


def test_fields_may_come_one_by_one(browser: Browser) -> None:
    first = browser.post("/client/sign_ups", email_address=NEW)
    assert first.json()["response"]["missing_fields"] == ["password"]
    path = f"/client/sign_ups/{first.json()['response']['id']}"
    assert verify(browser, path)["response"]["status"] == "missing_requirements"
    done = browser.call("PATCH", path, password="a-fine-password")
    assert done.json()["response"]["status"] == "complete"


@pytest.mark.parametrize(
    ("form", "code", "field"),
    [
        ({"email_address": ADMIN.upper()}, "form_identifier_exists", "email_address"),
        ({"email_address": "no address"}, "form_param_format_invalid", "email_address"),
        ({"email_address": "a@b"}, "form_param_format_invalid", "email_address"),
        ({"password": "1234567"}, "form_password_length_too_short", "password"),
        ({"password": ""}, "form_password_length_too_short", "password"),
        ({"password": "x" * 73}, "form_password_length_too_long", "password"),
        ({"first_name": "x" * 257}, "form_param_max_length_exceeded__first_name", "first_name"),
    ],
)
def test_fields_are_checked_at_the_start_and_on_change(
    browser: Browser, form: dict[str, str], code: str, field: str
) -> None:
    assert error(browser.post("/client/sign_ups", **(FORM | form))) == (422, code, field)
    path = begin(browser)
    assert error(browser.call("PATCH", path, **form)) == (422, code, field)


def test_an_address_taken_in_the_meantime_is_refused(
    browser: Browser, other_browser: Browser
) -> None:
    path = begin(browser)
    browser.post(f"{path}/prepare_verification", strategy="email_code")
    other_browser.sign_up(NEW)
    late = browser.post(f"{path}/attempt_verification", strategy="email_code", code=CODE)
    assert error(late) == (422, "form_identifier_exists", "email_address")


def test_an_attempt_belongs_to_the_browser_that_began_it(
    browser: Browser, other_browser: Browser
) -> None:
    path = begin(browser)
    begin(other_browser)
    assert error(other_browser.call("PATCH", path, password="mine-now-it-is"))[0] == 404


def test_a_finished_attempt_cannot_be_changed(browser: Browser) -> None:
    path = begin(browser)
    verify(browser, path)
    assert error(browser.call("PATCH", path, first_name="Late"))[1] == "sign_up_not_open"


def test_nobody_signs_up_while_signed_in(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    assert error(browser.post("/client/sign_ups", **FORM))[1] == "session_exists"


def test_a_password_is_never_kept_in_the_clear(
    browser: Browser, clerk: EmbeddedClerk, folder: Path
) -> None:
    begin(browser, password="remarkable-secret")
    clerk.close()
    stored = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
    assert b"remarkable-secret" not in stored
    assert browser.cookies["__client"].encode() not in stored
