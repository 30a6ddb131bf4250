"""The signed-in user's own profile, password, devices and memberships."""

import pytest
from anyio.from_thread import BlockingPortal

from clerk_tinybird_app.local.clerk import PASSWORD, EmbeddedClerk
from clerk_tinybird_app.local.clerk.seed import ACME_ID
from tests.clock import Clock
from tests.local.clerk.browser import ADMIN, MEMBER, SOLO, Browser, error

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) AppleWebKit/605 Version/17.0 Mobile Safari/604"


def test_names_are_changed_and_emptied(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    changed = browser.call("PATCH", "/me", first_name=" Maja ", last_name="").json()
    assert (changed["response"]["first_name"], changed["response"]["last_name"]) == ("Maja", None)
    assert changed["client"]["sessions"][0]["user"]["first_name"] == "Maja"
    assert browser.call("PATCH", "/me", last_name="Ek").json()["response"]["first_name"] == "Maja"


def test_the_sdk_notices_a_change_by_its_later_time(browser: Browser, clock: Clock) -> None:
    browser.sign_in(ADMIN)
    before = browser.get("/me").json()["response"]["updated_at"]
    clock.now += 1
    after = browser.call("PATCH", "/me", first_name="Maja").json()["response"]["updated_at"]
    assert after == before + 1000


def test_a_password_change_needs_the_current_one(browser: Browser, other_browser: Browser) -> None:
    browser.sign_in(SOLO)
    path = "/me/change_password"
    wrong = browser.post(path, current_password="wrong", new_password="a-new-password")
    assert error(wrong) == (422, "form_password_incorrect", "current_password")
    short = browser.post(path, current_password=PASSWORD, new_password="short")
    assert error(short) == (422, "form_password_length_too_short", "new_password")
    same = browser.post(path, current_password=PASSWORD, new_password=PASSWORD)
    assert error(same) == (422, "form_new_password_matches_current", "new_password")

    done = browser.post(path, current_password=PASSWORD, new_password="a-new-password")
    assert done.status_code == 200
    assert error(other_browser.sign_in(SOLO))[1] == "form_password_incorrect"
    assert other_browser.sign_in(SOLO, "a-new-password").status_code == 200


def test_a_password_change_can_sign_out_other_browsers(
    browser: Browser, other_browser: Browser
) -> None:
    browser.sign_in(SOLO)
    other_browser.sign_in(SOLO)
    browser.post(
        "/me/change_password",
        current_password=PASSWORD,
        new_password="a-new-password",
        sign_out_of_other_sessions="true",
    )
    assert error(other_browser.token())[0] == 401
    assert browser.token().status_code == 200


def test_active_devices_are_listed_and_told_apart(
    browser: Browser, clerk: EmbeddedClerk, portal: BlockingPortal
) -> None:
    phone = Browser(clerk, portal, user_agent=IPHONE)
    browser.sign_in(ADMIN)
    phone.sign_in(ADMIN)
    listed = browser.get("/me/sessions/active").json()
    activities = {each["id"]: each["latest_activity"] for each in listed}
    assert activities.keys() == {browser.session_id, phone.session_id}
    desktop, mobile = activities[browser.session_id], activities[phone.session_id]
    assert (desktop["browser_name"], desktop["device_type"]) == ("Chrome", "Linux")
    assert (mobile["browser_name"], mobile["device_type"]) == ("Safari", "iPhone")
    assert (desktop["is_mobile"], mobile["is_mobile"]) == (False, True)
    assert all(each["last_active_token"] is None for each in listed)


def test_another_device_is_signed_out(browser: Browser, other_browser: Browser) -> None:
    browser.sign_in(ADMIN)
    other_browser.sign_in(ADMIN)
    path = f"/me/sessions/{other_browser.session_id}/revoke"
    revoked = browser.post(path)
    assert revoked.json()["response"]["status"] == "revoked"
    assert error(other_browser.token())[0] == 401
    assert other_browser.client()["sessions"] == []
    assert len(browser.get("/me/sessions/active").json()) == 1
    assert error(browser.post(path)) == (404, "resource_not_found", None)


def test_nobody_revokes_a_session_of_somebody_else(
    browser: Browser, other_browser: Browser
) -> None:
    browser.sign_in(ADMIN)
    other_browser.sign_in(MEMBER)
    reply = browser.post(f"/me/sessions/{other_browser.session_id}/revoke")
    assert error(reply) == (404, "resource_not_found", None)
    assert other_browser.token().status_code == 200


def test_memberships_are_listed_oldest_first_and_paged(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    page = browser.get("/me/organization_memberships").json()["response"]
    assert [each["organization"]["slug"] for each in page["data"]] == ["acme", "globex"]
    page = browser.get("/me/organization_memberships", limit="1", offset="1").json()["response"]
    assert [each["organization"]["slug"] for each in page["data"]] == ["globex"]
    assert page["total_count"] == 2


@pytest.mark.parametrize("kind", ["invitations", "suggestions"])
def test_there_are_no_invitations_and_no_suggestions(browser: Browser, kind: str) -> None:
    browser.sign_in(SOLO)
    reply = browser.get(f"/me/organization_{kind}", status="pending")
    assert reply.json()["response"] == {"data": [], "total_count": 0}


def test_an_organization_one_is_not_in_cannot_be_left(browser: Browser) -> None:
    browser.sign_in(SOLO)
    reply = browser.call("DELETE", f"/me/organization_memberships/{ACME_ID}")
    assert error(reply) == (404, "resource_not_found", None)


def test_a_deleted_account_is_gone_everywhere(browser: Browser, other_browser: Browser) -> None:
    browser.sign_up("brief@example.com")
    other_browser.sign_in("brief@example.com", "a-fine-password")
    founded = browser.post("/organizations", name="Brief", slug="brief").json()["response"]

    gone = browser.call("DELETE", "/me").json()
    assert gone["response"]["deleted"] is True
    assert gone["client"]["sessions"] == []
    assert error(browser.token())[0] == 401
    assert error(other_browser.token())[0] == 401
    assert error(browser.sign_in("brief@example.com"))[1] == "form_identifier_not_found"
    browser.sign_in(SOLO)
    again = browser.post("/organizations", name="Brief", slug="brief").json()["response"]
    assert again["id"] != founded["id"]


def test_an_organization_outlives_a_founder_who_deletes_the_account(
    browser: Browser, other_browser: Browser
) -> None:
    browser.sign_in(ADMIN)
    other_browser.sign_in(MEMBER)
    browser.call("DELETE", "/me")
    assert other_browser.claims()["o"]["id"] == ACME_ID


def test_images_are_refused_and_their_removal_agreed_to(browser: Browser) -> None:
    browser.sign_in(SOLO)
    assert error(browser.post("/me/profile_image"))[1] == "not_supported_by_embedded_clerk"
    assert browser.call("DELETE", "/me/profile_image").json()["response"]["deleted"] is True


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "/me"),
        ("DELETE", "/me"),
        ("POST", "/me/change_password"),
        ("POST", "/me/sessions/sess_x/revoke"),
        ("DELETE", f"/me/organization_memberships/{ACME_ID}"),
        ("POST", "/me/profile_image"),
        ("DELETE", "/me/profile_image"),
        ("POST", "/organizations"),
        ("PATCH", f"/organizations/{ACME_ID}"),
        ("DELETE", f"/organizations/{ACME_ID}"),
        ("DELETE", "/client/sessions"),
        ("POST", "/client/sessions/sess_x/tokens"),
        ("POST", "/client/sessions/sess_x/touch"),
    ],
)
def test_who_is_signed_out_may_do_nothing(browser: Browser, method: str, path: str) -> None:
    assert error(browser.call(method, path, name="x"))[:2] == (401, "authentication_invalid")


@pytest.mark.parametrize(
    "path",
    [
        "/me",
        "/me/sessions/active",
        "/me/organization_memberships",
        "/me/organization_invitations",
        "/client/sessions/sess_x",
        f"/organizations/{ACME_ID}",
        f"/organizations/{ACME_ID}/memberships",
    ],
)
def test_who_is_signed_out_may_read_nothing(browser: Browser, path: str) -> None:
    assert error(browser.get(path))[:2] == (401, "authentication_invalid")
