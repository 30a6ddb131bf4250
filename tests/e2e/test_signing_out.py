"""Signing out when Clerk does not answer: nothing is shown again before it is confirmed."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

import pytest
from playwright.sync_api import BrowserContext, Error, Page, Route, expect

from tests.e2e.visitor import SIGN_IN, Visitor
from tests.running_app import wait_until

CLERKS_API = re.compile(r"/__clerk/v1/")
OUTAGE = r"ERR_|Failed to (fetch|load)|status of (401|503)|ClerkJS|Clerk:|WebSocket|network"
# Counts, from the first paint of every document on, the frames that show the token.
WATCH = """
  window.shown = 0;
  const look = () => {
    window.shown += document.querySelectorAll('#tinybird-token').length;
    requestAnimationFrame(look);
  };
  look();
"""


@contextmanager
def _answering_503(context: BrowserContext) -> Iterator[None]:
    context.route(CLERKS_API, lambda route: route.fulfill(status=503, body=""))
    yield
    context.unroute(CLERKS_API)


@contextmanager
def _unreachable(context: BrowserContext) -> Iterator[None]:
    context.route(CLERKS_API, lambda route: route.abort("connectionrefused"))
    yield
    context.unroute(CLERKS_API)


@contextmanager
def _silent(context: BrowserContext) -> Iterator[None]:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    context.route(CLERKS_API, hold)
    yield
    context.unroute(CLERKS_API)
    for route in held:
        with suppress(Error):  # of a page that has gone
            route.abort("timedout")


@contextmanager
def _offline(context: BrowserContext) -> Iterator[None]:
    context.set_offline(True)
    yield
    context.set_offline(False)


def _sign_in(visitor: Visitor) -> None:
    visitor.sign_in("admin@acme.test")
    visitor.wait_for_switcher()


def _expect_unconfirmed(page: Page) -> None:
    expect(page.locator("#tinybird-token")).to_have_count(0)
    expect(page.get_by_text("Signing out is not confirmed")).to_be_visible()
    expect(page.get_by_role("button", name=SIGN_IN)).to_have_count(0)


def _sessions(page: Page) -> int:
    """Return how many sessions Clerk still holds for this browser."""
    count: int = page.evaluate(
        """async () => {
            const answer = await fetch('/__clerk/v1/client');
            return (await answer.json()).response?.sessions.length ?? 0;
        }"""
    )
    return count


def _expect_confirmed(visitor: Visitor, page: Page) -> None:
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Signing out is not confirmed")).to_have_count(0)
    assert _sessions(page) == 0
    page.reload()
    visitor.expect_signed_out(page)


def test_a_sign_out_that_clerk_has_not_confirmed_says_so_and_is_tried_again(
    visitor: Visitor, page: Page
) -> None:
    for outage in (_answering_503, _unreachable, _silent, _offline):
        _sign_in(visitor)

        with outage(visitor.context):
            visitor.sign_out(page)
            _expect_unconfirmed(page)

        _expect_confirmed(visitor, page)
    visitor.forgive(OUTAGE)


def test_clerks_own_menu_signs_out_the_same_way(visitor: Visitor, page: Page) -> None:
    _sign_in(visitor)
    page.locator(".cl-userButtonTrigger").click()
    button = page.get_by_role("button", name="Sign out", exact=True).last
    expect(button).to_be_visible()

    with _answering_503(visitor.context):
        button.click()
        _expect_unconfirmed(page)

    _expect_confirmed(visitor, page)
    visitor.forgive(OUTAGE)


@pytest.mark.parametrize("outage", [_answering_503, _unreachable], ids=["answers 503", "refuses"])
def test_neither_a_reload_nor_another_tab_shows_the_token_meanwhile(
    visitor: Visitor, page: Page, outage: Callable[[BrowserContext], AbstractContextManager[None]]
) -> None:
    _sign_in(visitor)
    second = visitor.open(page=visitor.context.new_page())
    visitor.token(second)
    page.bring_to_front()

    with outage(visitor.context):
        visitor.sign_out(page)
        _expect_unconfirmed(page)
        _expect_unconfirmed(second)
        visitor.context.add_init_script(WATCH)
        page.reload()
        third = visitor.open("/dashboard", visitor.context.new_page())
        for tab in (page, third):
            _expect_unconfirmed(tab)

    for tab in (page, second, third):
        tab.bring_to_front()
        expect(tab.get_by_text("Signing out is not confirmed")).to_have_count(0, timeout=30_000)
    assert [tab.evaluate("window.shown") for tab in (page, third)] == [0, 0]
    page.bring_to_front()
    _expect_confirmed(visitor, page)
    visitor.forgive(OUTAGE)


def test_a_reload_after_the_outage_ends_the_session_before_anything_is_shown(
    visitor: Visitor, page: Page
) -> None:
    _sign_in(visitor)
    with _unreachable(visitor.context):
        visitor.sign_out(page)
        _expect_unconfirmed(page)
        page.goto("about:blank")
    page.add_init_script(WATCH)

    visitor.open()

    visitor.expect_signed_out()
    assert page.evaluate("window.shown") == 0
    wait_until(lambda: _sessions(page) == 0, what="Clerk still holds the session")
    visitor.forgive(OUTAGE)


def test_whoever_signs_in_again_afterwards_is_let_in(visitor: Visitor, page: Page) -> None:
    _sign_in(visitor)
    with _answering_503(visitor.context):
        visitor.sign_out(page)
        _expect_unconfirmed(page)
    _expect_confirmed(visitor, page)

    visitor.sign_in("member@acme.test")

    page.reload()
    visitor.token()
    visitor.forgive(OUTAGE)
