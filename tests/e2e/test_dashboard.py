"""A signed-in user watches their own tenant's requests, live."""

import re
from datetime import UTC, datetime

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.visitor import Visitor, fixed_params
from tests.running_app import RunningApp, answers, wait_until

PANELS = ("figures", "traffic", "latency", "routes", "recent")


@pytest.fixture(autouse=True)
def _tinybird_answers(app: RunningApp) -> None:
    wait_until(
        lambda: answers(f"http://localhost:{app.tinybird_port}/tokens"),
        seconds=60,
        what="the embedded Tinybird did not start",
    )


def _open(page: Page) -> None:
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Dashboard").click()
    _expect_filled(page)


def _expect_filled(page: Page) -> None:
    for panel in PANELS:
        expect(page.locator(f"#panel-{panel} .skeleton")).to_have_count(0)
    expect(page.locator("#panel-recent tbody tr").first).to_be_visible()


def _requests(page: Page) -> int:
    figure = page.locator("#panel-figures dd b").first
    expect(figure).to_have_text(re.compile(r"^[\d,]+$"))
    return int(figure.inner_text().replace(",", ""))


def _post_event(app: RunningApp, tenant: str, route: str) -> None:
    api = f"http://localhost:{app.tinybird_port}"
    admin = httpx.get(f"{api}/tokens").json()["workspace_admin_token"]
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    row = {
        "timestamp": now,
        "tenant_id": tenant,
        "user_id": "user_1",
        "request_id": f"req_{route.strip('/')}",
        "method": "GET",
        "route": route,
        "status": 200,
        "duration_ms": 12.5,
        "region": "eu-west-1",
    }
    answer = httpx.post(
        f"{api}/v0/events",
        params={"name": "requests", "wait": "true"},
        headers={"Authorization": f"Bearer {admin}"},
        json=row,
    )
    answer.raise_for_status()


def test_every_panel_fills_and_the_figures_are_the_pipes_own(visitor: Visitor, page: Page) -> None:
    visitor.sign_in("admin@acme.test")

    _open(page)

    assert _requests(page) > 1_000
    expect(page.locator("#live-status")).to_contain_text("live")
    expect(page.locator(".recharts-surface").first).to_be_visible()


def test_each_range_is_a_link_and_the_back_button_returns(visitor: Visitor, page: Page) -> None:
    visitor.sign_in("admin@acme.test")
    _open(page)
    day = _requests(page)
    ranges = page.get_by_role("navigation", name="Period")

    for label, name in (("15 m", "15m"), ("1 h", "1h"), ("7 d", "7d"), ("30 d", "30d")):
        ranges.get_by_role("link", name=label, exact=True).click()
        expect(page).to_have_url(re.compile(rf"range={name}$"))
        expect(ranges.locator("[aria-current=true]")).to_have_text(label)

    wait_until(lambda: _requests(page) > day, seconds=5, what="30 days are no more than one")
    page.go_back()
    expect(ranges.locator("[aria-current=true]")).to_have_text("7 d")


def test_a_click_filters_and_a_chip_takes_the_filter_away(visitor: Visitor, page: Page) -> None:
    visitor.sign_in("admin@acme.test")
    _open(page)
    everything = _requests(page)

    page.locator("#panel-routes tbody tr").first.get_by_role("link").first.click()
    expect(page.locator("#panel-routes tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"route=/v1/"))
    page.locator("#panel-traffic").get_by_role("link", name="4xx").click()
    expect(page.locator("#filters a")).to_have_count(4)
    wait_until(lambda: _requests(page) < everything, seconds=5, what="the filter filters nothing")

    page.get_by_role("link", name="Remove filter status = 4xx").click()
    expect(page.locator("#filters a")).to_have_count(3)
    page.get_by_role("link", name="Clear", exact=True).click()
    expect(page.locator("#filters")).to_have_count(0)
    wait_until(lambda: _requests(page) >= everything, seconds=5, what="the filter stayed")


def test_an_address_can_be_shared(visitor: Visitor, page: Page) -> None:
    visitor.sign_in("admin@acme.test")

    page.goto(f"{visitor.origin}/dashboard?range=7d&status_class=5xx")

    _expect_filled(page)
    expect(page.locator("#filters")).to_contain_text("status = 5xx")
    assert {
        row.strip()[0] for row in page.locator("#panel-recent td:nth-child(2)").all_inner_texts()
    } == {"5"}


def test_a_wrong_address_says_so_and_shows_the_default(visitor: Visitor, page: Page) -> None:
    visitor.sign_in("admin@acme.test")

    page.goto(f"{visitor.origin}/dashboard?range=2y")

    _expect_filled(page)
    expect(page.get_by_text("range must be one of")).to_be_visible()


def test_a_route_opens_its_own_view(visitor: Visitor, page: Page) -> None:
    visitor.sign_in("admin@acme.test")
    _open(page)

    page.get_by_role("link", name="Open GET /v1/orders", exact=True).click()

    expect(page.locator("h1")).to_have_text("GET /v1/orders")
    expect(page.locator("#panel-recent tbody tr").first).to_contain_text("GET /v1/orders")
    page.get_by_role("link", name="All routes").click()
    expect(page.locator("h1")).to_have_text("API traffic")


def test_an_event_is_on_the_page_within_three_seconds(
    visitor: Visitor, page: Page, app: RunningApp
) -> None:
    tenant = fixed_params(visitor.sign_in("admin@acme.test"), app.signing_key)["tenant_id"]
    _open(page)

    _post_event(app, tenant, "/live-update")

    expect(page.locator("#panel-recent").get_by_text("GET /live-update")).to_be_visible(
        timeout=3_000
    )


def test_a_paused_dashboard_asks_for_nothing_until_it_is_resumed(
    visitor: Visitor, page: Page, app: RunningApp
) -> None:
    tenant = fixed_params(visitor.sign_in("admin@acme.test"), app.signing_key)["tenant_id"]
    _open(page)
    page.get_by_role("button", name="Pause live updates").click()
    expect(page.locator("#live-status")).to_contain_text("paused")

    _post_event(app, tenant, "/while-paused")
    # Three refreshes' time, by what the page itself counts.
    expect(page.locator("#live-status")).to_contain_text(
        re.compile(r"paused, [6-9] s ago"), timeout=10_000
    )
    expect(page.get_by_text("GET /while-paused")).to_have_count(0)

    page.get_by_role("button", name="Resume live updates").click()
    expect(page.get_by_text("GET /while-paused").first).to_be_visible()


def test_a_switch_shows_no_frame_of_the_other_tenant(
    visitor: Visitor, page: Page, app: RunningApp
) -> None:
    tenant = fixed_params(visitor.sign_in("admin@acme.test"), app.signing_key)["tenant_id"]
    _post_event(app, tenant, "/acme-secret")
    _open(page)
    expect(page.get_by_text("GET /acme-secret").first).to_be_visible()
    # Notes every frame in which the header says Globex and the page still shows Acme's row.
    page.evaluate(
        """() => {
          window.leaks = 0;
          const look = () => {
            const shown = document.querySelector('main').textContent;
            if (shown.includes('globex') && shown.includes('/acme-secret')) window.leaks += 1;
            requestAnimationFrame(look);
          };
          look();
        }"""
    )

    visitor.switch_to("Globex")

    expect(page.locator("main")).to_contain_text("globex")
    _expect_filled(page)
    expect(page.get_by_text("/acme-secret")).to_have_count(0)
    assert page.evaluate("window.leaks") == 0


def test_a_tenant_without_rows_learns_how_the_first_ones_get_in(
    visitor: Visitor, page: Page
) -> None:
    token = visitor.sign_in("admin@acme.test")
    visitor.switch_to("Personal account")
    visitor.wait_for_another_token(token)

    page.get_by_role("link", name="Dashboard", exact=True).click()

    expect(page.locator("#no-rows")).to_contain_text("No requests yet")
    expect(page.locator("#no-rows")).to_contain_text("/v0/events?name=requests")


def test_a_signed_out_visitor_sees_no_figure_and_is_asked_in(visitor: Visitor, page: Page) -> None:
    page.goto(f"{visitor.origin}/dashboard")

    expect(page.get_by_role("button", name="Sign in to see yours")).to_be_visible()
    expect(page.locator("#panel-figures")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 1440])
def test_the_page_is_as_wide_as_the_screen(visitor: Visitor, page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    visitor.sign_in("admin@acme.test")

    _open(page)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
