"""A browser whose clock is wrong is signed in like any other."""

import json
import time
from typing import Final

import jwt
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.visitor import Visitor, expired
from tests.running_app import RunningApp, wait_until

WRONG_BY_SECONDS: Final = {
    "a day behind": -86_400,
    "five minutes behind": -300,
    "45 s behind": -45,
    "45 s ahead": 45,
    "ten minutes ahead": 600,
}


def _pushed(page: Page) -> list[str]:
    """Collects the session tokens that the page sends to the app's server."""
    tokens: list[str] = []

    def note(frame: str | bytes) -> None:
        text = frame if isinstance(frame, str) else frame.decode()
        if "session_state.sync" in text and '"token":"eyJ' in text:
            tokens.append(text.partition('"token":"')[2].partition('"')[0])

    page.on("websocket", lambda opened: opened.on("framesent", note))
    return tokens


def _until_the_next_second(pushed: list[str]) -> set[str]:
    """Wait until a new token would be another one than those sent; return those."""
    first = set(pushed)
    issued = max(jwt.decode(t, options={"verify_signature": False})["iat"] for t in first)
    wait_until(lambda: time.time() >= issued + 1, what="the next second")
    return first


@pytest.mark.parametrize("wrong_by", WRONG_BY_SECONDS.values(), ids=WRONG_BY_SECONDS.keys())
def test_each_heartbeat_sends_a_token_that_is_still_young(visitor: Visitor, wrong_by: int) -> None:
    page = visitor.page
    pushed = _pushed(page)
    page.clock.install(time=time.time() + wrong_by)
    visitor.sign_in_by_form("admin@acme.test")
    first = _until_the_next_second(pushed)

    # The token that is at hand has 10 of its 60 seconds left by now, and the next push is 45 away.
    page.clock.fast_forward("00:50")

    wait_until(
        lambda: page.evaluate("1") == 1 and bool(set(pushed) - first),
        what="no fresh token was pushed",
    )
    visitor.token()
    expect(page.locator("#error-code")).to_have_count(0)


def test_a_laptop_that_slept_sends_a_fresh_token_though_its_monotonic_clock_stood_still(
    visitor: Visitor,
) -> None:
    page = visitor.page
    pushed = _pushed(page)
    page.add_init_script(
        """{ const Real = Date; window.slept = 0;
        window.Date = class extends Real {
          constructor(...given) { given.length ? super(...given) : super(Date.now()); }
          static now() { return Real.now() + window.slept; }
        }; }"""
    )
    visitor.sign_in_by_form("admin@acme.test")
    first = _until_the_next_second(pushed)

    # Clerk's own cache would still serve the token of before.
    page.evaluate("window.slept = 50_000")

    wait_until(
        lambda: page.evaluate("1") == 1 and bool(set(pushed) - first),
        what="no fresh token was pushed",
    )
    visitor.token()


def test_a_token_refused_for_its_age_is_replaced_at_once_and_the_page_stays(
    visitor: Visitor, app: RunningApp
) -> None:
    page = visitor.page
    pushed = _pushed(page)
    page.clock.install()
    visitor.sign_in_by_form("admin@acme.test")
    served: list[str] = []

    def age_the_first(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        if not served:
            body["jwt"] = expired(body["jwt"], app.folder)
        served.append(body["jwt"])
        route.fulfill(response=answer, body=json.dumps(body))

    page.route("**/sessions/*/tokens*", age_the_first)
    page.evaluate(
        """() => { window.gone = 0; new MutationObserver(() => {
            window.gone += !document.querySelector('#tinybird-token');
        }).observe(document.body, { childList: true, subtree: true }); }"""
    )
    page.clock.fast_forward("00:50")

    wait_until(
        lambda: page.evaluate("1") == 1 and len(served) > 1 and served[1] in pushed,
        what="no fresh token followed the refusal",
    )
    assert served[0] in pushed
    visitor.token()
    assert page.evaluate("window.gone") == 0


def test_data_of_now_is_live_for_a_clock_of_yesterday(browser: Browser, app: RunningApp) -> None:
    """Date and nothing else is shifted: the browser's monotonic clock and timers go on."""
    context = browser.new_context()
    visitor = Visitor(context, app.origin, app.backend)
    context.add_init_script(
        """{ const Real = Date; const by = -86_400_000;
        window.Date = class extends Real {
          constructor(...given) { given.length ? super(...given) : super(Real.now() + by); }
          static now() { return Real.now() + by; }
        }; }"""
    )
    visitor.sign_in_by_form("admin@acme.test")
    visitor.open("/dashboard")

    expect(visitor.page.locator("#live-status")).to_contain_text("Live")
    assert visitor.faults == []
    context.close()
