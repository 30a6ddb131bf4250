"""Clerk's own account pages against the embedded Clerk."""

import re

from playwright.sync_api import Page, expect

from tests.e2e.visitor import Visitor, fixed_params
from tests.running_app import RunningApp


def test_a_new_organization_is_a_new_tenant_with_its_maker_as_admin(
    visitor: Visitor, page: Page, app: RunningApp
) -> None:
    old = visitor.sign_in("solo@example.test")

    name = page.get_by_label("Name", exact=True)
    visitor.choose("organizationSwitcher", "createOrganization", name)
    name.fill("Initech")
    page.get_by_role("button", name="Create organization").click()

    fixed = fixed_params(visitor.wait_for_another_token(old), app.signing_key)
    assert fixed["tenant_id"].startswith("org_")
    assert fixed["org_permission"] == "manage"
    chain = page.locator("dl.chain dd")
    expect(chain.filter(has_text=re.compile("^initech$"))).to_be_visible()
    expect(chain.filter(has_text=re.compile("^admin$"))).to_be_visible()


def test_the_members_of_an_organization_are_listed(visitor: Visitor, page: Page) -> None:
    visitor.sign_in("admin@globex.test")

    visitor.manage("organization")
    page.get_by_role("button", name="Members").click()

    members = page.locator(".cl-membersPageRoot, .cl-organizationProfile-root")
    expect(members.first).to_contain_text("admin@globex.test")
    expect(members.first).to_contain_text("admin@acme.test")


def test_a_name_can_be_changed_and_is_kept(visitor: Visitor, page: Page) -> None:
    visitor.sign_in("member@acme.test")

    visitor.manage("account")
    page.get_by_role("button", name=re.compile("Update profile")).click()
    page.get_by_label("First name").fill("Grace")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".cl-profileSection__profile")).to_contain_text("Grace")

    page.reload()
    visitor.token()
    assert page.evaluate("window.Clerk.user.firstName") == "Grace"
