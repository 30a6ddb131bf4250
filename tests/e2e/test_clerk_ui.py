"""Clerk's forms and menus, which weigh more than a page, come when somebody may want them."""

from playwright.sync_api import Page, expect

from tests.e2e.visitor import SIGN_IN, Visitor, wait_for
from tests.running_app import RunningApp

UI = "/npm/@clerk/ui@"
_NOTE_DRAWN = """
  new MutationObserver(() => {
    const panels = document.querySelectorAll("[id^=panel-]");
    const waits = [...document.querySelectorAll("main .skeleton")]
      .some((each) => each.getClientRects().length);
    if (panels.length && !waits) window.drawn_ ??= performance.now();
  }).observe(document, { subtree: true, childList: true });
"""
_UI_STARTED = f"""
  performance.getEntriesByType("resource").find(({{ name }}) => name.includes("{UI}")).startTime
"""


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


def test_the_menus_come_behind_the_panels_that_a_page_is_opened_for(visitor: Visitor) -> None:
    page = visitor.page
    page.add_init_script(_NOTE_DRAWN)
    visitor.sign_in_at("/dashboard", "admin@acme.test")

    expect(page.locator(".cl-userButtonTrigger")).to_be_visible()

    assert page.evaluate(_UI_STARTED) >= page.evaluate("window.drawn_") > 0


def test_the_menus_come_though_no_panel_can_be_filled(visitor: Visitor, app: RunningApp) -> None:
    page = visitor.page
    page.add_init_script(_NOTE_DRAWN)
    app.wait_for_tinybird()
    with app.frozen_tinybird():
        visitor.sign_in_at("/dashboard", "admin@acme.test")

        expect(page.locator(".cl-userButtonTrigger")).to_be_visible()

    assert page.evaluate(_UI_STARTED) < page.evaluate("window.drawn_ ?? Infinity")


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
