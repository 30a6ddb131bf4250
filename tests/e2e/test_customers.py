"""What a product's customers see, who are no developers: the dashboard alone, in their words."""

import re
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.visitor import SIGN_IN, Visitor
from tests.products.product import shipped
from tests.running_app import RunningApp

DEMO: Final = shipped("demo")
WORDS, DASHBOARD = DEMO.words, DEMO.dashboard
DEVELOPERS: Final = re.compile(
    r"token|tinybird|curl|\btb\b|playground|view request|break in|\bsample|queries", re.IGNORECASE
)
ROUTE: Final = "/dashboard/route?method=GET&route=/v1/orders"


@pytest.fixture(scope="module")
def customers_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    app = RunningApp(tmp_path_factory.mktemp("customers") / "app", {"TOKEN_PAGE": "0"})
    try:
        yield app.prod()
    finally:
        app.stop()


@pytest.fixture
def customer(browser: Browser, customers_app: RunningApp) -> Iterator[Visitor]:
    """A customer who has come to the home page and is not signed in."""
    customers_app.wait_for_tinybird()
    context = browser.new_context()
    visitor = Visitor(context, customers_app.origin, customers_app.backend)
    visitor.open()
    yield visitor
    context.close()
    assert visitor.faults == []


def _sign_in(customer: Visitor) -> None:
    customer.page.get_by_role("button", name=SIGN_IN).click()
    customer.fill_sign_in("admin@acme.test")
    expect(customer.page.locator("#live-status")).to_be_visible()


def _expect_filled(page: Page) -> None:
    for panel in DASHBOARD.panels_of("route" if "/route" in page.url else ""):
        shown = page.locator(f"#panel-{panel.key}")
        expect(shown).to_be_visible()
        expect(shown.locator(".skeleton")).to_have_count(0)


def _said(page: Page) -> str:
    """Return all that a page says, but for the banner of the embedded services."""
    return (
        f"{page.title()} {page.locator('header').inner_text()} {page.locator('main').inner_text()}"
    )


def test_the_home_page_is_the_dashboard(customer: Visitor) -> None:
    page = customer.page
    expect(page.get_by_role("heading", level=1)).to_have_text(DASHBOARD.title)
    expect(page.locator("main")).to_contain_text(WORDS.invitation)

    _sign_in(customer)

    _expect_filled(page)
    expect(page).to_have_url(f"{customer.origin}/")
    expect(page.get_by_role("navigation", name="Pages")).to_have_count(0)
    page.get_by_role("navigation", name="Period").get_by_role("link", name="7 d").click()
    expect(page).to_have_url(f"{customer.origin}/?range=7d")
    expect(page.locator("main")).to_contain_text("last 7 days")
    _expect_filled(page)


def test_no_page_tells_of_a_developers_tool(customer: Visitor) -> None:
    page = customer.page
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
    assert not DEVELOPERS.search(_said(page))
    _sign_in(customer)

    for path in ("/", "/dashboard", ROUTE):
        customer.open(path)
        _expect_filled(page)
        page.get_by_role("button", name="Refresh rate").click()
        assert not DEVELOPERS.search(_said(page))
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Actions: ").first.click()
        expect(page.get_by_role("button", name="Download CSV")).to_be_visible()
        assert not DEVELOPERS.search(_said(page))


def test_a_tenant_without_rows_reads_the_products_words_and_no_command(customer: Visitor) -> None:
    _sign_in(customer)
    customer.switch_to("Personal account")

    shown = customer.page.locator("#no-rows")
    expect(shown).to_be_visible()
    lines = [line for line in shown.inner_text().split("\n") if line]
    assert lines == [WORDS.empty_title, WORDS.empty_text]


def test_a_developers_tools_are_not_even_sent(customers_app: RunningApp) -> None:
    built = customers_app.folder / ".web"
    pages = (built / "build" / "client" / "assets").glob("*.js")

    said = "".join(page.read_text(encoding="utf-8") for page in pages)

    assert DASHBOARD.title in said
    assert "Try to break in" not in said
    assert "playground_state" not in (built / "utils" / "context.jsx").read_text(encoding="utf-8")
