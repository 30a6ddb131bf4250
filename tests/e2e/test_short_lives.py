"""Tokens that live for seconds, so that a whole life fits into a test."""

import time

from playwright.sync_api import Browser

from tests.e2e.post_office import TTL
from tests.e2e.visitor import Visitor, claims_of
from tests.running_app import RunningApp, wait_until


def test_the_token_on_screen_never_ends_and_a_laptop_that_slept_gets_a_new_one(
    browser: Browser, post_office: RunningApp
) -> None:
    context = browser.new_context()
    visitor = Visitor(context, post_office.origin, post_office.backend)
    visitor.page.clock.install()
    token = visitor.sign_in("admin@acme.test")

    # Awake: each token is replaced while it is still good.
    for _ in range(2):
        renewed = visitor.wait_for_another_token(token, seconds=TTL + 2)
        assert claims_of(renewed, post_office.signing_key)["iat"] < _end_of(token, post_office)
        token = renewed

    # Asleep: nothing ticks in the browser until the token has ended; then it is suddenly later.
    asleep_at = time.time() + 1
    visitor.page.clock.pause_at(asleep_at)
    token = visitor.token()
    wait_until(lambda: time.time() > _end_of(token, post_office), seconds=TTL + 5, what="its end")
    visitor.page.clock.fast_forward(int(1000 * (time.time() - asleep_at)))
    visitor.page.clock.resume()
    visitor.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    renewed = visitor.wait_for_another_token(token)
    assert _end_of(renewed, post_office) > time.time()
    assert visitor.faults == []
    context.close()


def _end_of(token: str, app: RunningApp) -> int:
    end: int = claims_of(token, app.signing_key, expired=True)["exp"]
    return end
