"""Signing in."""

import pytest

from clerk_tinybird_app.local.clerk import ACCOUNTS, PASSWORD
from clerk_tinybird_app.local.clerk.seed import ACME_ID, GLOBEX_ID
from tests.local.clerk.browser import ADMIN, CODE, SOLO, Browser, error


def begin(browser: Browser, email: str = ADMIN) -> str:
    reply = browser.post("/client/sign_ins", identifier=email, locale="en-US")
    assert reply.json()["response"]["status"] == "needs_first_factor"
    return f"/client/sign_ins/{reply.json()['response']['id']}"


@pytest.mark.parametrize(
    ("email", "organization"),
    [
        ("admin@acme.test", ACME_ID),
        ("member@acme.test", ACME_ID),
        ("admin@globex.test", GLOBEX_ID),
        ("solo@example.test", None),
    ],
)
def test_every_local_account_signs_in_to_its_own_organization(
    browser: Browser, email: str, organization: str | None
) -> None:
    reply = browser.sign_in(email)

    body = reply.json()
    (session,) = body["client"]["sessions"]
    assert body["response"]["status"] == "complete"
    assert session["id"] == body["response"]["created_session_id"]
    assert session["last_active_organization_id"] == organization
    assert session["user"]["primary_email_address_id"]
    assert body["client"]["last_active_session_id"] == session["id"]
    assert browser.read(session["last_active_token"]["jwt"])["sid"] == session["id"]


def test_the_published_accounts_are_the_ones_that_exist(browser: Browser) -> None:
    assert [account.email for account in ACCOUNTS] == [
        "admin@acme.test",
        "member@acme.test",
        "admin@globex.test",
        "solo@example.test",
    ]
    assert PASSWORD == "tinybird-demo"


def test_the_address_may_be_written_in_any_case(browser: Browser) -> None:
    assert browser.sign_in("  Admin@ACME.test ").status_code == 200


def test_an_unknown_account_is_named_as_such(browser: Browser) -> None:
    reply = browser.sign_in("nobody@nowhere.test")
    assert error(reply) == (422, "form_identifier_not_found", "identifier")


def test_a_wrong_password_is_refused_in_one_step_and_in_two(browser: Browser) -> None:
    wrong = (422, "form_password_incorrect", "password")
    assert error(browser.sign_in(ADMIN, "not-the-password")) == wrong
    path = begin(browser)
    reply = browser.post(f"{path}/attempt_first_factor", strategy="password", password="nor-this")
    assert error(reply) == wrong
    assert browser.client()["sessions"] == []


def test_a_password_in_a_second_step_signs_in(browser: Browser) -> None:
    path = begin(browser)
    reply = browser.post(f"{path}/attempt_first_factor", strategy="password", password=PASSWORD)
    assert reply.json()["response"]["status"] == "complete"
    assert len(reply.json()["client"]["sessions"]) == 1


def test_an_email_code_signs_in_once_it_was_asked_for(browser: Browser) -> None:
    path = begin(browser, SOLO)
    code = {"strategy": "email_code", "code": CODE}
    early = browser.post(f"{path}/attempt_first_factor", **code)
    assert error(early) == (400, "verification_missing", None)

    prepared = browser.post(f"{path}/prepare_first_factor", strategy="email_code")
    assert prepared.json()["response"]["first_factor_verification"]["strategy"] == "email_code"
    wrong = browser.post(f"{path}/attempt_first_factor", **(code | {"code": "111111"}))
    assert error(wrong) == (422, "form_code_incorrect", "code")
    again = browser.post(f"{path}/prepare_first_factor", strategy="email_code")
    assert again.status_code == 200

    done = browser.post(f"{path}/attempt_first_factor", **code)
    assert done.json()["response"]["status"] == "complete"
    assert len(done.json()["client"]["sessions"]) == 1


def test_the_sign_in_card_is_told_who_is_signing_in_and_how(browser: Browser) -> None:
    path = begin(browser)
    attempt = browser.get(path).json()["response"]
    assert [factor["strategy"] for factor in attempt["supported_first_factors"]] == [
        "password",
        "email_code",
    ]
    assert attempt["user_data"]["first_name"] == "Maya"
    assert browser.client()["sign_in"]["id"] == attempt["id"]


def test_a_finished_attempt_cannot_be_used_again(browser: Browser) -> None:
    path = begin(browser)
    form = {"strategy": "password", "password": PASSWORD}
    browser.post(f"{path}/attempt_first_factor", **form)
    browser.call("DELETE", "/client/sessions")
    assert error(browser.post(f"{path}/attempt_first_factor", **form))[1] == "sign_in_not_open"


def test_an_attempt_belongs_to_the_browser_that_began_it(
    browser: Browser, other_browser: Browser
) -> None:
    path = begin(browser)
    begin(other_browser)
    form = {"strategy": "password", "password": PASSWORD}
    stolen = other_browser.post(f"{path}/attempt_first_factor", **form)
    assert error(stolen) == (404, "resource_not_found", None)
    assert error(other_browser.get(path)) == (404, "resource_not_found", None)


def test_a_second_sign_in_is_refused_with_the_session_that_exists(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    reply = browser.sign_in(SOLO)
    assert error(reply) == (400, "session_exists", None)
    (session,) = reply.json()["meta"]["client"]["sessions"]
    assert session["public_user_data"]["identifier"] == ADMIN


@pytest.mark.parametrize("strategy", ["oauth_google", "passkey", "ticket", "phone_code"])
def test_other_ways_in_are_refused(browser: Browser, strategy: str) -> None:
    reply = browser.post("/client/sign_ins", identifier=ADMIN, strategy=strategy)
    assert error(reply) == (422, "strategy_for_user_invalid", "strategy")
    path = begin(browser)
    for step in ("prepare_first_factor", "attempt_first_factor"):
        assert browser.post(f"{path}/{step}", strategy=strategy).status_code == 422


def test_signing_in_changes_the_cookie_so_a_planted_one_is_worthless(
    browser: Browser, other_browser: Browser
) -> None:
    begin(browser)
    planted = browser.cookies["__client"]
    browser.sign_in(ADMIN)
    assert browser.cookies["__client"] != planted

    other_browser.cookies.set("__client", planted)
    assert other_browser.client() is None
