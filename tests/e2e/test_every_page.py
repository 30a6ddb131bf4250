"""Every page, opened by its address in a browser that knows nothing, with the mouse left alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.e2e.board import RECENT
from tests.e2e.visitor import SIGN_IN, Visitor
from tests.running_app import RunningApp

Theme = Literal["dark", "light"]
SOON_MS: Final = 8_000

SIGNED_OUT: Final = {
    "/": f"role=button[name='{SIGN_IN}']",
    "/dashboard": f"role=button[name='{SIGN_IN}']",
    "/dashboard/route?method=GET&route=/v1/orders": f"role=button[name='{SIGN_IN}']",
    "/sign-in": "input[name=identifier]",
    "/sign-up": "input[name=emailAddress]",
    "/nowhere": "text=Nothing is at this address.",
}
SIGNED_IN: Final = {
    "/": "#tinybird-token",
    "/dashboard": f"#panel-{RECENT} tbody tr >> nth=0",
    "/dashboard/route?method=GET&route=/v1/orders": f"#panel-{RECENT} tbody tr >> nth=0",
    "/nowhere": "text=Nothing is at this address.",
}


@pytest.fixture(
    params=[
        pytest.param("dev_app", id="development"),
        pytest.param("app", id="production"),
    ]
)
def either(request: pytest.FixtureRequest) -> RunningApp:
    app: RunningApp = request.getfixturevalue(request.param)
    app.wait_for_tinybird()
    return app


@pytest.fixture
def theme(request: pytest.FixtureRequest) -> Theme:
    """Development in one, production in the other: what differs by both, axe looks at."""
    return "light" if "development" in request.node.name else "dark"


@contextmanager
def _fresh(
    browser: Browser, app: RunningApp, theme: Theme, state: StorageState | None = None
) -> Iterator[Visitor]:
    """A browser that has no cache and, but for ``state``, no cookie."""
    context = browser.new_context(color_scheme=theme, storage_state=state)
    visitor = Visitor(context, app.origin, app.backend)
    yield visitor
    visitor.forgive("status of 404")
    context.close()
    assert visitor.faults == []


def _expect_theme(page: Page, theme: Theme) -> None:
    expect(page.locator("html")).to_have_css("color-scheme", theme)


def test_a_stranger_sees_what_every_page_is_for(
    browser: Browser, either: RunningApp, theme: Theme
) -> None:
    for path, content in SIGNED_OUT.items():
        with _fresh(browser, either, theme) as visitor:
            page = visitor.open(path)
            expect(page.locator(content).first).to_be_visible(timeout=SOON_MS)
            _expect_theme(page, theme)


def test_whoever_is_signed_in_sees_every_page_with_switcher_and_avatar(
    browser: Browser, either: RunningApp, theme: Theme
) -> None:
    with _fresh(browser, either, theme) as visitor:
        visitor.sign_in("admin@acme.test")
        state = visitor.context.storage_state()

    for path, content in SIGNED_IN.items():
        with _fresh(browser, either, theme, state) as fresh:
            page = fresh.open(path)
            expect(page.locator(content)).to_be_visible(timeout=SOON_MS)
            expect(page.locator(".cl-organizationSwitcherTrigger")).to_be_visible(timeout=SOON_MS)
            expect(page.locator(".cl-userButtonTrigger")).to_be_visible(timeout=SOON_MS)
            _expect_theme(page, theme)
