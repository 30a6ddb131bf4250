"""When the server fails on a page, its visitor sees a page of the app, and no stack."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.visitor import Visitor
from tests.running_app import RunningApp


@pytest.fixture
def broken_page(app: RunningApp) -> Iterator[str]:
    """Return a path whose file cannot be read; other apps share the folder with this one."""
    file = app.pages / f"unreadable-{app.port}"
    # It leads to itself, which is an error of the file system.
    file.symlink_to(file.name)
    yield f"/{file.name}"
    file.unlink()


def test_the_page_has_the_apps_look_and_a_number_that_the_log_has_too(
    visitor: Visitor, app: RunningApp, broken_page: str
) -> None:
    answer = visitor.page.goto(app.origin + broken_page)

    assert answer
    assert answer.status == 500
    expect(visitor.page.get_by_role("heading")).to_have_text("Something went wrong")
    # The style sheets of the app may be loaded: the policy of its pages is that of this one.
    expect(visitor.page.locator("body")).to_have_css("font-size", "14px")
    number = visitor.page.locator("code").inner_text()
    assert number == answer.headers["x-request-id"]
    (line,) = [line for line in app.log.read_text().splitlines() if "request_failed" in line]
    assert f"request_id={number}" in line
    assert "OSError" in line
    assert "Traceback" not in app.log.read_text()
    visitor.forgive("status of 500")

    visitor.page.get_by_role("link", name="To the home page").click()
    expect(visitor.page.get_by_role("banner")).to_be_visible()
