"""axe-core finds nothing on any page, in any state, in either theme."""

from collections.abc import Iterator
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.axe import axe_script, findings
from tests.e2e.board import RECENT, TRAFFIC, Board
from tests.e2e.visitor import SIGN_IN, Line, Visitor
from tests.running_app import RunningApp, wait_until

RULES: Final[dict[Literal["light", "dark"], tuple[str, ...]]] = {
    "light": (),
    "dark": ("color-contrast",),
}
"""Theme -> the rules to look for, all without any: nothing but colours differs in the second."""

USUAL: Final[ViewportSize] = {"width": 1280, "height": 720}
PHONE: Final[ViewportSize] = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def script() -> str:
    return axe_script()


class Inspector:
    """Collects what axe finds, each with the state in which it was found."""

    def __init__(self, page: Page, script: str) -> None:
        self.found: list[str] = []
        self._page = page
        self._script = script

    def look(self, state: str) -> None:
        """Look at the page as it is now; in dark at its colours alone."""
        for theme in RULES:
            self._page.emulate_media(color_scheme=theme)
            expect(self._page.locator("html")).to_have_css("color-scheme", theme)
            found = findings(self._page, self._script, *RULES[theme])
            self.found += [f"{state}, {theme}: {line}" for line in found]


@pytest.fixture
def inspected(
    browser: Browser, app: RunningApp, script: str
) -> Iterator[tuple[Visitor, Inspector]]:
    context = browser.new_context(timezone_id="Europe/Berlin")
    visitor = Visitor(context, app.origin, app.backend)
    yield visitor, Inspector(visitor.page, script)
    context.close()


def test_for_a_signed_out_visitor(inspected: tuple[Visitor, Inspector]) -> None:
    visitor, inspector = inspected
    page = visitor.page
    for path in ("/", "/dashboard", "/dashboard/route"):
        visitor.open(path)
        expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
        inspector.look(path)
    for path in ("/sign-in", "/sign-up"):
        visitor.open(path)
        expect(page.locator(".cl-formButtonPrimary")).to_be_visible()
        inspector.look(path)
    visitor.open("/nowhere")
    expect(page.get_by_text("Nothing is at this address.")).to_be_visible()
    inspector.look("/nowhere")

    visitor.open()
    page.get_by_role("button", name=SIGN_IN).click()
    page.fill("input[name=identifier]", "admin@acme.test")
    inspector.look("sign-in, the address")
    visitor.press_continue()
    page.fill("input[name=password]:visible", "wrong")
    inspector.look("sign-in, the password")
    visitor.press_continue()
    expect(page.locator(".cl-formFieldErrorText__password")).to_be_visible()
    inspector.look("sign-in, a wrong password")

    assert inspector.found == []


def test_for_a_signed_in_user_on_the_home_page(inspected: tuple[Visitor, Inspector]) -> None:
    visitor, inspector = inspected
    page = visitor.page
    visitor.sign_in("admin@acme.test")
    inspector.look("signed in")

    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#query-summary")).to_be_visible()
    page.fill("#playground [name=start]", "2026-02-02T00:00")
    page.fill("#playground [name=end]", "2026-02-01T00:00")
    page.get_by_role("button", name="Alter the token").click()
    expect(page.locator("#attempt-altered [role=status]")).to_contain_text("403")
    inspector.look("after a request and an attempt")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("#query-error")).to_be_visible()
    inspector.look("after a refused request")

    page.locator(".cl-organizationSwitcherTrigger").click()
    expect(page.locator(".cl-organizationSwitcherPopoverCard")).to_be_visible()
    inspector.look("the organization switcher")

    assert inspector.found == []


def test_in_every_tab_and_form_of_clerks_profiles(inspected: tuple[Visitor, Inspector]) -> None:
    visitor, inspector = inspected
    page = visitor.page
    visitor.sign_in("admin@acme.test")
    visitor.manage("organization")
    for tab, forms in {
        "General": ("Update profile", "Leave organization", "Delete organization"),
        "Members": ("Invite",),
    }.items():
        _walk(page, inspector, tab, forms)
    page.locator("#cl-tab-1").click()
    inspector.look("the invitations")
    page.keyboard.press("Escape")
    visitor.manage("account")
    for tab, forms in {
        "Profile": ("Update profile",),
        "Security": ("Update password", "Delete account"),
    }.items():
        _walk(page, inspector, tab, forms)

    assert inspector.found == []


def _walk(page: Page, inspector: Inspector, tab: str, forms: tuple[str, ...]) -> None:
    """Look at a tab of a profile and at each form that a button of it opens."""
    page.locator(".cl-navbarButton", has_text=tab).click()
    expect(page.locator(".cl-profilePage, .cl-pageScrollBox").first).to_be_visible()
    inspector.look(tab)
    for form in forms:
        page.get_by_role("button", name=form, exact=True).click()
        expect(page.locator(".cl-formButtonReset")).to_be_visible()
        inspector.look(f"{tab}, {form}")
        page.locator(".cl-formButtonReset").click()
        expect(page.locator(".cl-formButtonReset")).to_have_count(0)


def test_for_a_signed_in_user_on_the_dashboard(
    inspected: tuple[Visitor, Inspector], app: RunningApp
) -> None:
    visitor, inspector = inspected
    page, board = visitor.page, Board(visitor, app)
    tenant = board.open("member@acme.test", "/dashboard?status_class=5xx")
    inspector.look("filled")
    _look_at_what_opens(page, inspector)
    page.locator(f"#panel-{RECENT} tbody tr").nth(1).click()
    expect(page.locator(".facts")).to_be_visible()
    inspector.look("one record")
    visitor.open("/dashboard?search=nowhere&record=none")
    expect(page.get_by_role("dialog")).to_contain_text("Not among the requests")
    expect(page.locator(f"#panel-{RECENT}")).to_contain_text("No requests contain")
    inspector.look("no such record, and a search without any")

    visitor.open("/dashboard/route?method=GET&route=/v1/orders")
    expect(page.locator(f"#panel-{RECENT} tbody tr").first).to_be_visible()
    inspector.look("one route")
    _look_on_a_phone(visitor, inspector, board, tenant)
    visitor.open("/dashboard?region=nowhere&range=2y")
    expect(page.locator("#no-match")).to_contain_text("No requests match")
    inspector.look("nothing matches")
    visitor.switch_to("Personal account")
    expect(page.locator("main")).to_contain_text("Personal account")
    visitor.open("/dashboard")
    expect(page.locator("#no-rows")).to_be_visible()
    inspector.look("a tenant without rows")
    visitor.switch_to("Acme")
    board.expect_filled()
    with app.without_tinybird():
        expect(page.locator("#stale")).to_be_visible(timeout=20_000)
        inspector.look("stale")
        page.set_viewport_size(PHONE)
        visitor.open("/dashboard?range=7d")
        expect(page.locator("#not-loaded")).to_be_visible()
        inspector.look("nothing could be loaded, on a phone")

    assert inspector.found == []


def _look_at_what_opens(page: Page, inspector: Inspector) -> None:
    page.locator(f"#panel-{TRAFFIC} .chart").hover()
    expect(page.locator(".chart-tip")).to_be_visible()
    inspector.look("a chart that is read")
    page.locator("#filter-button").click()
    expect(page.get_by_role("checkbox").first).to_be_visible()
    inspector.look("the filter picker")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Actions: Requests").click()
    inspector.look("a panel's menu")
    page.get_by_role("button", name="Show as a table").click()
    inspector.look("a chart as a table")
    page.get_by_role("button", name="Choose a period").click()
    inspector.look("a custom period")
    page.locator("#zone").click()
    expect(page.get_by_role("option", name="Asia/Kathmandu")).to_be_attached()
    inspector.look("the time zones")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    inspector.look("the commands")
    page.keyboard.type("keys")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    inspector.look("the keys")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Refresh rate").click()
    inspector.look("the refresh rate")


def _look_on_a_phone(visitor: Visitor, inspector: Inspector, board: Board, tenant: str) -> None:
    page = visitor.page
    page.set_viewport_size(PHONE)
    row = page.locator(f"#panel-{RECENT} tbody tr").nth(5)
    row.evaluate("row => row.scrollIntoView({ block: 'start' })")

    def is_held() -> bool:
        # What comes before the server knows that somebody reads goes straight into the list.
        board.post_event(tenant, "/v1/orders")
        page.wait_for_timeout(2_500)
        return page.locator(".button.new").is_visible()

    wait_until(is_held, what="nothing waits above the list", seconds=30)
    inspector.look("new rows above a list that is read on a phone")
    line = Line(page)
    visitor.open("/embed?range=1h&method=GET")
    expect(page.locator(f"#panel-{RECENT} tbody tr").first).to_be_visible()
    line.is_cut = True
    visitor.context.set_offline(True)
    expect(page.locator("#trouble")).to_contain_text("This device is offline")
    inspector.look("in a frame, on a phone without a network")
    line.is_cut = False
    visitor.context.set_offline(False)
    page.set_viewport_size(USUAL)
