"""Sessions: use, switching organizations, ends, and what other browsers see of them."""

from collections.abc import Callable

import pytest

from clerk_tinybird_app.local.clerk import EmbeddedClerk
from clerk_tinybird_app.local.clerk.seed import ACME_ID, GLOBEX_ID
from tests.clock import Clock
from tests.local.clerk.browser import ADMIN, GLOBEX_ADMIN, MEMBER, SOLO, Browser, error

DAY = 24 * 60 * 60
DEAD = (401, "authentication_invalid", None)


def assert_dead(browser: Browser, session_id: str | None) -> None:
    """Every request of the session is refused with 401, and the client shows no session."""
    path = f"/client/sessions/{session_id}"
    query = {"_clerk_session_id": session_id or ""}
    assert error(browser.post(f"{path}/tokens")) == DEAD
    assert error(browser.post(f"{path}/touch")) == DEAD
    assert error(browser.post(f"{path}/remove")) == DEAD
    assert error(browser.get(path)) == DEAD
    assert error(browser.get("/me", **query)) == DEAD
    assert error(browser.get("/me/sessions/active", **query)) == DEAD
    assert (browser.client() or {"sessions": []})["sessions"] == []


def test_an_organization_is_switched_and_left_for_the_personal_account(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    assert browser.claims()["o"]["id"] == ACME_ID

    switched = browser.switch(GLOBEX_ID).json()["response"]
    assert switched["last_active_organization_id"] == GLOBEX_ID
    claims = browser.read(switched["last_active_token"]["jwt"])
    assert (claims["o"]["slg"], claims["o"]["rol"]) == ("globex", "member")

    assert browser.switch("").json()["response"]["last_active_organization_id"] is None
    assert "o" not in browser.claims()


def test_a_touch_without_an_organization_keeps_the_one_that_is_active(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    reply = browser.post(f"/client/sessions/{browser.session_id}/touch", intent="focus")
    assert reply.json()["response"]["last_active_organization_id"] == ACME_ID


def test_nobody_switches_to_an_organization_of_others(browser: Browser) -> None:
    browser.sign_in(MEMBER)
    code = "organization_not_found_or_unauthorized"
    assert error(browser.switch(GLOBEX_ID)) == (404, code, None)
    assert error(browser.switch("org_nowhere")) == (404, code, None)
    assert browser.claims()["o"]["id"] == ACME_ID


def test_no_token_for_an_organization_of_others(browser: Browser) -> None:
    browser.sign_in(SOLO)
    assert error(browser.token(organization_id=ACME_ID)) == DEAD
    assert "o" not in browser.claims(organization_id="")


def test_a_token_may_be_asked_for_another_organization_of_ones_own(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    assert browser.claims(organization_id=GLOBEX_ID)["o"]["id"] == GLOBEX_ID
    assert "o" not in browser.claims(organization_id="")
    assert browser.claims()["o"]["id"] == ACME_ID


def test_who_is_removed_from_the_active_organization_is_out_at_once(
    browser: Browser, other_browser: Browser
) -> None:
    browser.sign_in(ADMIN)
    other_browser.sign_in(MEMBER)
    member_id = other_browser.get("/me").json()["response"]["id"]
    browser.call("DELETE", f"/organizations/{ACME_ID}/memberships/{member_id}")

    assert error(other_browser.token(organization_id=ACME_ID)) == DEAD
    assert "o" not in other_browser.claims()
    focused = other_browser.post(
        f"/client/sessions/{other_browser.session_id}/touch",
        active_organization_id=ACME_ID,
        intent="focus",
    )
    assert focused.json()["response"]["last_active_organization_id"] is None


@pytest.mark.parametrize("way", ["end", "remove"])
def test_sign_out_ends_the_session_for_every_tab(browser: Browser, way: str) -> None:
    browser.sign_in(ADMIN)
    closed = browser.post(f"/client/sessions/{browser.session_id}/{way}")
    assert closed.json()["response"]["status"] == {"end": "ended", "remove": "removed"}[way]
    assert closed.json()["response"]["last_active_token"] is None
    assert closed.json()["client"]["sessions"] == []
    assert_dead(browser, browser.session_id)


def test_sign_out_of_everything_answers_with_the_empty_client(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    reply = browser.call("DELETE", "/client/sessions").json()
    assert reply["response"]["sessions"] == []
    assert reply["client"]["last_active_session_id"] is None
    assert_dead(browser, browser.session_id)


def test_deleting_the_client_ends_its_sessions(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    assert browser.call("DELETE", "/client").json() == {"response": None, "client": None}
    assert_dead(browser, browser.session_id)


def test_who_signed_out_can_sign_in_again(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    first = browser.session_id
    browser.call("DELETE", "/client/sessions")
    browser.sign_in(SOLO)
    assert browser.session_id != first
    (session,) = browser.client()["sessions"]
    assert session["public_user_data"]["identifier"] == SOLO


def test_browsers_are_independent_of_each_other(browser: Browser, other_browser: Browser) -> None:
    browser.sign_in(ADMIN)
    assert other_browser.client() is None
    other_browser.sign_in(GLOBEX_ADMIN)
    browser.call("DELETE", "/client/sessions")
    assert len(other_browser.client()["sessions"]) == 1
    assert other_browser.claims()["o"]["id"] == GLOBEX_ID


def test_the_same_user_may_be_in_different_organizations_on_two_browsers(
    browser: Browser, other_browser: Browser
) -> None:
    browser.sign_in(ADMIN)
    other_browser.sign_in(ADMIN)
    other_browser.switch(GLOBEX_ID)
    assert browser.claims()["o"]["id"] == ACME_ID
    assert other_browser.claims()["o"]["id"] == GLOBEX_ID


def test_a_session_of_another_browser_is_no_use(browser: Browser, other_browser: Browser) -> None:
    browser.sign_in(ADMIN)
    other_browser.sign_in(SOLO)
    path = f"/client/sessions/{browser.session_id}"
    theirs = {"_clerk_session_id": browser.session_id or ""}

    assert error(other_browser.post(f"{path}/tokens")) == DEAD
    assert error(other_browser.post(f"{path}/touch")) == DEAD
    assert error(other_browser.post(f"{path}/end")) == DEAD
    assert error(other_browser.get("/me", **theirs)) == DEAD
    assert browser.token().status_code == 200


def test_a_session_id_without_its_cookie_is_no_use(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    browser.cookies.clear()
    assert_dead(browser, browser.session_id)


def test_a_revoked_session_is_dead(browser: Browser, clerk: EmbeddedClerk) -> None:
    browser.sign_in(ADMIN)
    assert clerk.revoke_sessions(ADMIN) == 1
    assert_dead(browser, browser.session_id)
    assert clerk.revoke_sessions("nobody@nowhere.test") == 0


def test_a_session_ends_after_seven_days(browser: Browser, clock: Clock) -> None:
    browser.sign_in(ADMIN)
    clock.now += 7 * DAY - 1
    assert browser.token().status_code == 200
    clock.now += 1
    assert_dead(browser, browser.session_id)
    assert browser.sign_in(ADMIN).status_code == 200


def test_a_clock_set_back_signs_nobody_out(browser: Browser, clock: Clock) -> None:
    browser.sign_in(ADMIN)
    clock.now -= 2 * DAY
    assert browser.token().status_code == 200
    assert len(browser.client()["sessions"]) == 1


def test_a_restarted_backend_signs_nobody_out(
    browser: Browser, clerk: EmbeddedClerk, start: Callable[[], EmbeddedClerk]
) -> None:
    browser.sign_in(ADMIN)
    browser.switch(GLOBEX_ID)
    before = browser.token().json()["jwt"]
    clerk.close()

    browser.visit(start(), browser.cookies)
    assert browser.read(before)["sid"] == browser.session_id
    assert browser.claims()["o"]["id"] == GLOBEX_ID
    assert browser.client()["last_active_session_id"] == browser.session_id


def test_without_a_named_session_the_active_one_acts(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    browser.session_id = None
    assert browser.get("/me").json()["response"]["primary_email_address_id"]


def test_there_are_no_token_templates(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    reply = browser.post(f"/client/sessions/{browser.session_id}/tokens/tinybird")
    assert error(reply) == (404, "resource_not_found", None)
    assert "tinybird" in reply.json()["errors"][0]["long_message"]
