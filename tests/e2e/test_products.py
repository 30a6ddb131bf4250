"""Every shipped product in the browser: only the product varies."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from clerk_tinybird_app.dashboard.declaration import (
    Breakdown,
    Figures,
    Panel,
    Ranking,
    Records,
    TimeSeries,
)
from clerk_tinybird_app.dashboard.view import record_names
from clerk_tinybird_app.local.clerk.seed import ACME_ID, GLOBEX_ID
from clerk_tinybird_app.products import Product
from tests.e2e.visitor import Visitor, claims_of
from tests.products.product import CHOICES, FOR_ADMINS, shipped
from tests.running_app import RunningApp


@dataclass(frozen=True)
class Shop:
    """A product that is served, and whoever comes to see it."""

    name: str
    product: Product
    app: RunningApp
    visitor: Visitor

    @property
    def page(self) -> Page:
        return self.visitor.page

    def panels(self, page: str = "") -> tuple[Panel, ...]:
        return self.product.dashboard.panels_of(page)

    def see(self, panel: Panel) -> None:
        """The panel is there and shows data."""
        shown = self.page.locator(f"#panel-{panel.key}")
        expect(shown.locator(".skeleton")).to_have_count(0)
        filled = "dd b" if isinstance(panel, Figures) else "tbody tr"
        if isinstance(panel, TimeSeries):
            filled = ".chart :is(.bar rect, .line[d])"
        expect(shown.locator(filled).first).to_be_attached()


@pytest.fixture(
    scope="module",
    params=list(CHOICES),
)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Product, RunningApp]]:
    name: str = request.param
    product = shipped(name)
    if name == "demo":
        running = request.getfixturevalue("app")
        running.wait_for_tinybird()
        yield name, product, running
        return
    own = RunningApp(tmp_path_factory.mktemp(name) / "app", CHOICES[name])
    try:
        own.prod().wait_for_tinybird()
        yield name, product, own
    finally:
        own.stop()


@pytest.fixture
def shop(served: tuple[str, Product, RunningApp], browser: Browser) -> Iterator[Shop]:
    name, product, app = served
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    visitor = Visitor(context, app.origin, app.backend, f"http://localhost:{app.tinybird_port}")
    yield Shop(name, product, app, visitor)
    context.close()
    assert visitor.faults == []


def tenants(shop: Shop, token: str) -> set[str]:
    parameter = shop.product.policy.tenant.parameter
    scopes = claims_of(token, shop.app.signing_key)["scopes"]
    return {scope["fixed_params"][parameter] for scope in scopes}


def _read_and_save_the_charts(shop: Shop) -> None:
    page = shop.page
    for chart in (p for p in shop.panels() if isinstance(p, TimeSeries)):
        shown = page.locator(f"#panel-{chart.key}")
        shown.locator(".chart").hover()
        expect(shown.locator(".chart-tip")).to_contain_text(chart.series[0].label)
        expect(shown.locator(".chart-limit")).to_have_count(1 if chart.limit else 0)
        shown.get_by_role("button", name="Actions: ").click()
        with page.expect_download() as picture:
            shown.get_by_role("button", name="Save as PNG").click()
        assert picture.value.suggested_filename == f"{chart.key}.png"


def _load_more_and_search(shop: Shop) -> None:
    (records,) = (p for p in shop.panels() if isinstance(p, Records))
    listed = shop.page.locator(f"#panel-{records.key}")
    rows = listed.locator("[data-record]")
    listed.get_by_role("button", name="Load 50 more").click()
    expect(rows.nth(60)).to_be_attached()
    one = rows.nth(1).get_attribute("data-record") or ""
    listed.get_by_role("searchbox").fill(one)
    expect(rows).to_have_count(1)
    expect(rows).to_have_attribute("data-record", one)
    listed.get_by_role("searchbox").press("Escape")
    expect(rows.nth(1)).to_be_visible()


def test_an_admin_signs_in_sees_every_panel_opens_a_row_and_switches(shop: Shop) -> None:
    page, visitor = shop.page, shop.visitor
    token = visitor.sign_in("admin@acme.test")
    scopes = claims_of(token, shop.app.signing_key)["scopes"]
    assert {scope["resource"] for scope in scopes} == set(shop.product.policy.pipes)
    assert tenants(shop, token) == {ACME_ID}
    expect(page.locator("#decoded-token")).to_contain_text(shop.product.policy.tenant.parameter)

    visitor.open("/dashboard")
    expect(page.get_by_role("heading", level=1)).to_have_text(shop.product.dashboard.title)
    for panel in shop.panels():
        shop.see(panel)

    _read_and_save_the_charts(shop)
    _load_more_and_search(shop)

    (shares,) = (p for p in shop.panels() if isinstance(p, Breakdown))
    for name in shares.tabs[1:]:
        declared = shop.product.dashboard.filter_named(name)
        assert declared
        tabs = page.get_by_role("navigation", name=f"{shares.title} by")
        tabs.get_by_role("link", name=declared.label, exact=True).click()
        expect(page.locator(f"#panel-{shares.key} th").first).to_have_text(declared.label)
        shop.see(shares)
    assert shares.tabs

    (ranking,) = (p for p in shop.panels() if isinstance(p, Ranking) and p.opens)
    opening = page.locator(f"#panel-{ranking.key}").get_by_role("link", name=re.compile("^Open "))
    address = urlsplit(opening.first.get_attribute("href") or "")
    opening.first.click()
    opened = shop.product.dashboard.pages[ranking.opens]
    chosen = {name: value for name, value in parse_qsl(address.query) if name in opened.by}
    title = page.get_by_role("heading", level=1)
    expect(title).to_have_text(opened.title.format(**chosen))
    for panel in opened.panels:
        shop.see(panel)

    newest = page.locator(f"#panel-{shop.product.dashboard.newest} tbody")
    visitor.open("/dashboard")
    own = newest.inner_text()
    visitor.switch_to("Globex")
    expect(newest).not_to_have_text(own)
    visitor.open()
    assert tenants(shop, visitor.wait_for_another_token(token)) == {GLOBEX_ID}


def test_a_member_sees_every_panel_but_those_for_admins(shop: Shop) -> None:
    page = shop.page
    shop.visitor.sign_in("member@acme.test")
    shop.visitor.open("/dashboard")

    for panel in shop.panels():
        if panel.pipe not in FOR_ADMINS[shop.name]:
            shop.see(panel)
    for pipe in FOR_ADMINS[shop.name]:
        expect(page.locator(f"#panel-{pipe}")).to_have_count(0)


def test_a_tenant_without_rows_reads_the_products_own_words(shop: Shop) -> None:
    shop.visitor.sign_in("member@acme.test")
    shop.visitor.open("/dashboard")
    shop.visitor.switch_to("Personal account")

    empty = shop.page.locator("#no-rows")
    expect(empty).to_contain_text(shop.product.words.empty_title)
    expect(empty).to_contain_text(shop.product.words.empty_text)


def test_a_record_and_a_filters_values_that_could_not_be_had_come_by_a_press(shop: Shop) -> None:
    page, visitor, board = shop.page, shop.visitor, shop.product.dashboard
    (parameter,) = record_names(board).values()
    filter_ = next(each for each in board.filters if each.values_from)
    visitor.sign_in("admin@acme.test")
    visitor.open("/dashboard")
    record = page.locator("[data-record]").first.get_attribute("data-record") or ""
    drawer, picker = page.locator(".drawer"), page.get_by_role("dialog", name="Filter")

    with shop.app.without_tinybird():
        visitor.open(f"/dashboard?{parameter}={record}")
        expect(drawer.get_by_role("alert")).to_contain_text("This could not be loaded")
        page.locator("#filter-button").click()
        picker.get_by_role("tab", name=filter_.label, exact=True).click()
        expect(picker.get_by_role("alert")).to_contain_text("The values could not be loaded")
    shop.app.wait_for_tinybird()

    picker.get_by_role("button", name="Try again").click()
    expect(picker.get_by_role("checkbox").first).to_be_visible()
    page.keyboard.press("Escape")
    drawer.get_by_role("button", name="Try again").click()
    expect(drawer.locator(".facts")).to_contain_text(record)
