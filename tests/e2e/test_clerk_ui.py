"""Clerk's forms and menus, which weigh more than a page, come when somebody may want them."""

from playwright.sync_api import Page, expect

from tests.e2e.visitor import SIGN_IN, Visitor, wait_for

UI = "/npm/@clerk/ui@"


def _ui_requests(page: Page) -> list[str]:
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if UI in request.url else None)
    return found


def test_a_page_that_nobody_touches_loads_none_of_them(visitor: Visitor, page: Page) -> None:
    found = _ui_requests(page)
    visitor.open()
    wait_for(page, "window.Clerk?.loaded")
    page.wait_for_load_state("networkidle")

    assert found == []


def test_they_come_at_the_first_sign_of_a_person(visitor: Visitor, page: Page) -> None:
    visitor.open()
    wait_for(page, "window.Clerk?.loaded")

    with page.expect_request(lambda request: UI in request.url):
        page.mouse.move(200, 200)


def test_a_sign_in_page_shows_its_form_untouched(visitor: Visitor, page: Page) -> None:
    visitor.open("/sign-in")

    expect(page.locator("input[name=identifier]")).to_be_visible()


def test_when_they_did_not_come_the_next_press_tries_again(visitor: Visitor, page: Page) -> None:
    page.route(f"**{UI}**", lambda route: route.abort())
    visitor.open()
    button = page.get_by_role("button", name=SIGN_IN)
    with page.expect_event("requestfailed"):
        button.click()
    page.unroute_all()

    button.click()

    expect(page.locator("input[name=identifier]")).to_be_visible()
    visitor.forgive("ERR_FAILED|could not be loaded")
