"""An app with a configuration of its own: an anonymous key, pages elsewhere, a port in its file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.visitor import Visitor, fixed_params
from tests.running_app import RunningApp

KEY = "p.an-anonymous-key"
SIGNING_KEY = "p.the-admin-token-that-must-not-be-shown"
TINYBIRD = {
    "TINYBIRD_API_URL": "https://api.tinybird.co",
    "TINYBIRD_WORKSPACE_ID": "7afc6330-3aae-4df5-8712-eaad216c5d7d",
    "TINYBIRD_JWT_SECRET": SIGNING_KEY,
    "TINYBIRD_API_KEY": KEY,
    # As another test's app, so that both have one build.
    "DASHBOARD_REFRESH_SECONDS": "2",
}


@pytest.fixture(scope="module")
def open_app(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> Iterator[RunningApp]:
    app = RunningApp(tmp_path_factory.mktemp("configured") / "app", TINYBIRD)
    with (app.folder / ".env").open("a", encoding="utf-8") as file:
        # For development; production has one port, that of the pages.
        file.write(f"REFLEX_BACKEND_PORT={app.backend_port}\n")
        file.write("CLERK_SIGN_IN_URL=/login\nCLERK_AUTHORISED_PARTIES=x\n")
    try:
        yield app.prod(kept.with_name("kept-configured"))
    finally:
        app.stop()


def test_they_see_the_anonymous_key_until_they_sign_in_and_again_afterwards(
    browser: Browser, open_app: RunningApp
) -> None:
    context = browser.new_context()
    visitor = Visitor(context, open_app.origin, open_app.backend)
    page = visitor.page
    visitor.open()
    expect(page.locator("#anonymous-key")).to_have_text(KEY)
    expect(page.locator("#example-request pre:visible")).to_contain_text("https://api.tinybird.co")

    fixed = fixed_params(visitor.sign_in_by_form("admin@acme.test"), SIGNING_KEY)
    assert fixed["tenant_id"].startswith("org_")
    expect(page.locator("#anonymous-key")).to_have_count(0)

    visitor.sign_out(page)
    expect(page.locator("#anonymous-key")).to_have_text(KEY)
    assert visitor.faults == []
    context.close()


def test_the_build_holds_neither_the_signing_key_nor_the_anonymous_one(
    open_app: RunningApp,
) -> None:
    built = open_app.pages
    text = b"".join(file.read_bytes() for file in built.rglob("*") if file.is_file())

    assert b"pk_test_" in text
    for secret in (SIGNING_KEY, KEY, TINYBIRD["TINYBIRD_WORKSPACE_ID"]):
        assert secret.encode() not in text


def test_the_sign_in_page_is_where_the_settings_say(browser: Browser, open_app: RunningApp) -> None:
    context = browser.new_context()
    visitor = Visitor(context, open_app.origin)

    visitor.open("/login")
    expect(visitor.page.locator("input[name=identifier]")).to_be_visible()
    visitor.open("/sign-in")
    expect(visitor.page.get_by_role("heading", name="Page not found")).to_be_visible()
    visitor.forgive("404")

    assert visitor.faults == []
    context.close()


def test_a_name_that_nobody_reads_is_told_once_at_the_start(open_app: RunningApp) -> None:
    log = " ".join(open_app.log.read_text(encoding="utf-8").split())

    assert log.count("Did you mean CLERK_AUTHORIZED_PARTIES?") == 1
    assert "Node.js" not in log
