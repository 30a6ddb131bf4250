"""Getting in: through the genuine Clerk components, to a token on the screen."""

import re
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.visitor import CODE, SIGN_IN, Visitor, claims_of, fixed_params, wait_for
from tests.running_app import RunningApp


def test_signing_in_shows_a_token_that_tinybird_would_accept_for_this_tenant_alone(
    visitor: Visitor, app: RunningApp
) -> None:
    token = visitor.sign_in_by_form("admin@acme.test")

    claims = claims_of(token, app.signing_key)
    assert claims["exp"] - claims["iat"] == 900
    assert claims["limits"] == {"rps": 10}
    fixed = fixed_params(token, app.signing_key)
    assert fixed["user_id"].startswith("user_")
    assert fixed["org_permission"] == "manage"
    assert fixed["tenant_id"].startswith("org_")
    assert visitor.page.locator("#tenant-id").inner_text() == fixed["tenant_id"]
    assert fixed["tenant_id"] in visitor.page.locator("#decoded-token").inner_text()
    expect(visitor.page.get_by_role("definition").get_by_text("admin@acme.test")).to_be_visible()


def test_a_wrong_password_says_so_and_lets_the_right_one_in(visitor: Visitor, page: Page) -> None:
    visitor.open("/sign-in")
    visitor.fill_sign_in("admin@acme.test", "not-the-password")
    expect(page.locator(".cl-formFieldErrorText")).to_contain_text("Password is incorrect")

    page.fill("input[name=password]:visible", "tinybird-demo")
    visitor.press_continue()

    visitor.token()
    visitor.forgive(r"status of 422")


def test_one_click_that_is_not_enough_opens_the_form(visitor: Visitor, page: Page) -> None:
    # As an account with a second factor: Clerk asks for more before there is a session.
    page.route(
        re.compile(r"/v1/client/sign_ins\?"),
        lambda route: route.continue_(post_data="identifier=admin%40acme.test"),
        times=1,
    )
    visitor.open()
    page.get_by_role("main").get_by_role("button", name="admin@acme.test").click()

    expect(page.locator("input[name=identifier]")).to_have_value("admin@acme.test")
    visitor.press_continue()
    page.fill("input[name=password]:visible", "tinybird-demo")
    visitor.press_continue()
    visitor.token()


def test_an_unknown_account_says_so(visitor: Visitor, page: Page) -> None:
    visitor.open("/sign-in")
    page.fill("input[name=identifier]", "nobody@example.test")
    visitor.press_continue()

    expect(page.locator(".cl-formFieldErrorText")).to_contain_text("Couldn't find your account")
    visitor.forgive(r"status of 422")


def test_an_email_code_signs_in_too(visitor: Visitor, page: Page) -> None:
    visitor.open("/sign-in")
    page.fill("input[name=identifier]", "solo@example.test")
    visitor.press_continue()
    page.get_by_text("Use another method").click()
    with page.expect_response(re.compile("prepare_first_factor")):  # the code is on its way
        page.get_by_text(re.compile("Email code to")).click()
    page.locator("input[autocomplete=one-time-code]").click()
    page.keyboard.type(CODE)

    visitor.token()


def test_a_new_account_signs_up_and_is_a_tenant_of_its_own(
    visitor: Visitor, page: Page, app: RunningApp
) -> None:
    visitor.open("/sign-up")
    visitor.fill_sign_up("new-user@example.test")

    fixed = fixed_params(visitor.token(), app.signing_key)
    assert fixed["tenant_id"] == fixed["user_id"]
    assert fixed["org_permission"] == ""
    assert page.get_by_text("Personal account").first.is_visible()
    drawn = "document.querySelector('.cl-userButtonTrigger img')?.naturalWidth > 0"
    wait_for(page, drawn)  # the avatar of somebody without a name


def test_the_modals_link_leads_to_sign_up(visitor: Visitor, page: Page) -> None:
    visitor.open()
    page.get_by_role("button", name=SIGN_IN).click()
    page.get_by_role("link", name="Sign up").click()

    expect(page.locator("input[name=emailAddress]")).to_be_visible()


def test_whoever_is_signed_in_is_sent_on_from_the_sign_in_page(visitor: Visitor) -> None:
    visitor.sign_in_by_form("solo@example.test")

    visitor.open("/sign-in")

    visitor.token()
    assert visitor.page.url == f"{visitor.origin}/"


@pytest.mark.parametrize(("path", "place"), [("/", "main"), ("/sign-up", "complementary")])
def test_a_local_account_is_there_once_and_signed_in_to_by_one_press(
    visitor: Visitor, page: Page, path: str, place: Literal["complementary", "main"]
) -> None:
    visitor.open(path)
    expect(page.get_by_role("button", name="member@acme.test")).to_have_count(1)

    page.get_by_role(place).get_by_role("button", name="member@acme.test").click()

    visitor.token()
    expect(page.get_by_role("definition").get_by_text("member@acme.test")).to_be_visible()


def test_a_local_account_that_has_another_password_now_is_one_press_from_filled_in(
    visitor: Visitor, page: Page
) -> None:
    page.route("**/v1/client/sign_ins?**", lambda route: route.fulfill(status=422, json={}))
    visitor.open()
    page.get_by_role("main").get_by_role("button", name="member@acme.test").click()

    expect(page.locator("input[name=identifier]")).to_have_value("member@acme.test")
    visitor.forgive("status of 422")


def test_clerks_own_button_is_dressed_in_the_guides_green(visitor: Visitor, page: Page) -> None:
    visitor.open("/sign-in")

    expect(page.locator(".cl-formButtonPrimary")).to_have_css(
        "background-color", "rgb(39, 247, 149)"
    )
