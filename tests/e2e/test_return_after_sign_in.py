"""Whoever signs in from a link comes back to that very address, and never to another's site."""

from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.e2e.board import RECENT
from tests.e2e.visitor import SIGN_IN, Visitor

LINK = "/dashboard?range=7d&method=GET"
FOREIGN = [
    "https://evil.example/dashboard",
    "//evil.example/dashboard",
    "/\\evil.example/dashboard",
    "https:evil.example",
    "http://localhost:1/dashboard",
    "javascript:document.title='evil'",
    # Clerk itself would allow every host of its instance's own domain.
    "https://evil.localhost.test/dashboard",
]


def _expect_back(visitor: Visitor, page: Page) -> None:
    expect(page).to_have_url(visitor.origin + LINK)
    expect(page.locator(f"#panel-{RECENT} tbody tr").first).to_be_visible()


def test_from_the_form_over_the_page(visitor: Visitor, page: Page) -> None:
    visitor.open(LINK)
    page.get_by_role("button", name=SIGN_IN).click()
    visitor.fill_sign_in("admin@acme.test")

    _expect_back(visitor, page)


def test_from_a_ready_made_account(visitor: Visitor, page: Page) -> None:
    visitor.open(LINK)
    page.get_by_role("main").get_by_role("button", name="admin@acme.test").click()

    _expect_back(visitor, page)


def test_from_the_sign_in_page(visitor: Visitor, page: Page) -> None:
    visitor.open(f"/sign-in?redirect_url={quote(LINK, safe='')}")
    visitor.fill_sign_in("admin@acme.test")

    _expect_back(visitor, page)


def test_from_the_sign_in_page_for_whoever_is_signed_in_already(
    visitor: Visitor, page: Page
) -> None:
    visitor.sign_in("admin@acme.test")

    visitor.open(f"/sign-in?redirect_url={quote(LINK, safe='')}")

    _expect_back(visitor, page)


def test_from_the_forms_link_to_sign_up(visitor: Visitor, page: Page) -> None:
    visitor.open(LINK)
    page.get_by_role("button", name=SIGN_IN).click()
    page.get_by_role("link", name="Sign up").click()
    visitor.fill_sign_up("from-a-link@example.test")

    page.wait_for_url(visitor.origin + LINK)


def test_from_the_home_page_the_settings_say_where_to(visitor: Visitor, page: Page) -> None:
    visitor.sign_in("admin@acme.test")

    assert page.url == f"{visitor.origin}/"


def test_the_sign_in_page_leads_to_no_other_site(visitor: Visitor, page: Page) -> None:
    for foreign in FOREIGN:
        visitor.open(f"/sign-in?redirect_url={quote(foreign, safe='')}")
        visitor.fill_sign_in("admin@acme.test")

        expect(page.locator(".cl-userButtonTrigger")).to_be_visible()
        assert page.url.startswith(f"{visitor.origin}/"), foreign
        assert page.title() != "evil"
        visitor.context.clear_cookies()
