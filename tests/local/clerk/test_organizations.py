"""Organizations: creation, profile, members, permissions."""

import pytest

from clerk_tinybird_app.local.clerk.seed import (
    ACME_ADMIN_ID,
    ACME_ID,
    ACME_MEMBER_ID,
    GLOBEX_ADMIN_ID,
    GLOBEX_ID,
)
from tests.local.clerk.browser import ADMIN, GLOBEX_ADMIN, MEMBER, SOLO, Browser, error

ACME = f"/organizations/{ACME_ID}"
GLOBEX = f"/organizations/{GLOBEX_ID}"
FORBIDDEN = (403, "missing_permission", None)
UNKNOWN = (404, "resource_not_found", None)
LAST_ADMIN = (422, "organization_minimum_permissions_needed", None)


def test_who_founds_an_organization_is_its_admin(browser: Browser) -> None:
    browser.sign_in(SOLO)
    founded = browser.post("/organizations", name="Initech & Sons", slug="initech").json()
    organization = founded["response"]
    assert (organization["name"], organization["slug"]) == ("Initech & Sons", "initech")
    assert organization["members_count"] == 1
    (membership,) = founded["client"]["sessions"][0]["user"]["organization_memberships"]
    assert membership["role"] == "org:admin"

    browser.switch(organization["id"])
    assert browser.claims()["o"]["per"] == "manage,read"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Initech & Sons", "initech-sons"),
        ("  Ünïcode  GmbH ", "n-code-gmbh"),
        ("Acme", "acme-2"),
        ("日本", "organization"),
    ],
)
def test_a_slug_is_derived_from_the_name_when_none_is_given(
    browser: Browser, name: str, slug: str
) -> None:
    browser.sign_in(SOLO)
    assert browser.post("/organizations", name=name).json()["response"]["slug"] == slug


@pytest.mark.parametrize(
    ("form", "code", "field"),
    [
        ({}, "form_param_nil", "name"),
        ({"name": "  "}, "form_param_nil", "name"),
        ({"name": "x" * 257}, "form_param_max_length_exceeded__name", "name"),
        ({"name": "Another", "slug": "acme"}, "form_identifier_exists", "slug"),
        ({"name": "Another", "slug": "Not A Slug"}, "form_param_format_invalid", "slug"),
        ({"name": "Another", "slug": "-edge"}, "form_param_format_invalid", "slug"),
    ],
)
def test_an_organization_needs_a_name_and_a_free_slug(
    browser: Browser, form: dict[str, str], code: str, field: str
) -> None:
    browser.sign_in(SOLO)
    assert error(browser.post("/organizations", **form)) == (422, code, field)


def test_an_admin_renames_the_organization(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    renamed = browser.call("PATCH", ACME, name="Acme Two", slug="acme-two").json()["response"]
    assert (renamed["name"], renamed["slug"]) == ("Acme Two", "acme-two")
    assert browser.claims()["o"]["slg"] == "acme-two"
    kept = browser.call("PATCH", ACME, name="Acme").json()["response"]
    assert kept["slug"] == "acme-two"
    assert error(browser.call("PATCH", ACME, name=" "))[1:] == ("form_param_nil", "name")
    assert error(browser.call("PATCH", ACME, slug="globex"))[1:] == (
        "form_identifier_exists",
        "slug",
    )


def test_members_are_listed_searched_and_paged(browser: Browser) -> None:
    browser.sign_in(MEMBER)
    path = f"{ACME}/memberships"

    def found(**query: str) -> tuple[list[str], int]:
        page = browser.get(path, **query).json()["response"]
        names = [each["public_user_data"]["identifier"] for each in page["data"]]
        return names, page["total_count"]

    assert found(paginated="true", limit="10", offset="0") == ([ADMIN, MEMBER], 2)
    assert found(limit="1", offset="1") == ([MEMBER], 2)
    assert found(query="WEBER") == ([MEMBER], 1)
    assert found(role="org:admin") == ([ADMIN], 1)
    assert error(browser.get(path, limit="many"))[0] == 400


def test_a_membership_shows_what_the_components_need(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    first, _ = browser.get(f"{ACME}/memberships").json()["response"]["data"]
    assert first["role_name"] == "Admin"
    assert first["permissions"][0] == "org:requests:manage"
    assert "org:sys_memberships:manage" in first["permissions"]
    assert first["public_user_data"]["first_name"] == "Maya"
    assert "password_hash" not in str(first)


def test_roles_are_listed_with_their_permissions(browser: Browser) -> None:
    browser.sign_in(MEMBER)
    page = browser.get(f"{ACME}/roles").json()["response"]
    assert [role["key"] for role in page["data"]] == ["org:admin", "org:member"]
    kinds = {p["key"]: p["type"] for p in page["data"][0]["permissions"]}
    assert kinds["org:requests:manage"] == "user"
    assert kinds["org:sys_profile:manage"] == "system"


def test_an_admin_makes_another_admin_and_then_may_leave(
    browser: Browser, other_browser: Browser
) -> None:
    browser.sign_in(ADMIN)
    other_browser.sign_in(MEMBER)
    assert other_browser.claims()["o"]["rol"] == "member"
    promoted = browser.call("PATCH", f"{ACME}/memberships/{ACME_MEMBER_ID}", role="org:admin")
    assert promoted.json()["response"]["role"] == "org:admin"
    assert other_browser.claims()["o"]["rol"] == "admin"

    left = browser.call("DELETE", f"/me/organization_memberships/{ACME_ID}").json()
    assert left["response"]["deleted"] is True
    assert left["client"]["sessions"][0]["last_active_organization_id"] is None
    assert error(browser.get(ACME)) == UNKNOWN


def test_the_last_admin_stays_admin(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    own = f"{ACME}/memberships/{ACME_ADMIN_ID}"
    assert error(browser.call("PATCH", own, role="org:member")) == LAST_ADMIN
    assert error(browser.call("DELETE", own)) == LAST_ADMIN
    assert error(browser.call("DELETE", f"/me/organization_memberships/{ACME_ID}")) == LAST_ADMIN
    assert browser.claims()["o"]["rol"] == "admin"


def test_an_admin_removes_a_member(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    removed = browser.call("DELETE", f"{ACME}/memberships/{ACME_MEMBER_ID}").json()
    assert removed["response"]["public_user_data"]["identifier"] == MEMBER
    assert browser.get(ACME).json()["response"]["members_count"] == 1
    again = browser.call("DELETE", f"{ACME}/memberships/{ACME_MEMBER_ID}")
    assert error(again) == UNKNOWN


def test_a_member_may_remove_nobody_but_themselves(browser: Browser) -> None:
    browser.sign_in(MEMBER)
    assert error(browser.call("DELETE", f"{ACME}/memberships/{ACME_ADMIN_ID}")) == FORBIDDEN
    assert browser.call("DELETE", f"{ACME}/memberships/{ACME_MEMBER_ID}").status_code == 200
    assert "o" not in browser.claims()


@pytest.mark.parametrize(
    ("method", "path", "form"),
    [
        ("PATCH", ACME, {"name": "Mine"}),
        ("DELETE", ACME, {}),
        ("PATCH", f"{ACME}/memberships/{ACME_MEMBER_ID}", {"role": "org:admin"}),
        ("PATCH", f"{ACME}/memberships/{ACME_ADMIN_ID}", {"role": "org:member"}),
        ("DELETE", f"{ACME}/memberships/{ACME_ADMIN_ID}", {}),
        ("POST", f"{ACME}/invitations", {"email_address": "a@b.test", "role": "org:member"}),
        ("POST", f"{ACME}/invitations/bulk", {"email_address": "a@b.test"}),
        ("PUT", f"{ACME}/logo", {}),
    ],
)
def test_a_member_may_not_do_what_admins_do_and_others_not_even_know(
    browser: Browser, other_browser: Browser, method: str, path: str, form: dict[str, str]
) -> None:
    browser.sign_in(MEMBER)
    assert error(browser.call(method, path, **form)) == FORBIDDEN
    other_browser.sign_in(GLOBEX_ADMIN)
    assert error(other_browser.call(method, path, **form)) == UNKNOWN


@pytest.mark.parametrize(
    "path", ["", "/memberships", "/roles", "/invitations", "/domains", "/membership_requests"]
)
def test_nobody_reads_an_organization_of_others(browser: Browser, path: str) -> None:
    browser.sign_in(MEMBER)
    assert error(browser.get(f"{GLOBEX}{path}")) == UNKNOWN
    assert browser.get(f"{ACME}{path}").status_code == 200


def test_a_member_of_two_organizations_has_each_role_only_where_it_holds(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    assert error(browser.call("PATCH", GLOBEX, name="Mine")) == FORBIDDEN
    path = f"{GLOBEX}/memberships/{GLOBEX_ADMIN_ID}"
    assert error(browser.call("DELETE", path)) == FORBIDDEN
    assert browser.call("PATCH", ACME, name="Still mine").status_code == 200


@pytest.mark.parametrize("role", ["org:owner", "admin", ""])
def test_there_are_no_other_roles(browser: Browser, role: str) -> None:
    browser.sign_in(ADMIN)
    reply = browser.call("PATCH", f"{ACME}/memberships/{ACME_MEMBER_ID}", role=role)
    assert error(reply)[::2] == (422, "role")


def test_an_admin_deletes_the_organization_and_its_members_are_out(
    browser: Browser, other_browser: Browser
) -> None:
    browser.sign_in(ADMIN)
    other_browser.sign_in(MEMBER)
    deleted = browser.call("DELETE", ACME).json()
    assert deleted["response"] == {"object": "organization", "id": ACME_ID, "deleted": True}
    memberships = deleted["client"]["sessions"][0]["user"]["organization_memberships"]
    assert [each["organization"]["slug"] for each in memberships] == ["globex"]
    assert "o" not in other_browser.claims()
    assert browser.post("/organizations", name="Acme", slug="acme").status_code == 200


def test_inviting_says_that_no_email_is_sent(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    form = {"email_address": "new@example.com", "role": "org:member"}
    for path in (f"{ACME}/invitations", f"{ACME}/invitations/bulk"):
        reply = browser.post(path, **form)
        assert error(reply) == (400, "not_supported_by_embedded_clerk", None)
        assert "no e-mail" in reply.json()["errors"][0]["long_message"]
    assert browser.get(f"{ACME}/invitations").json()["response"] == {"data": [], "total_count": 0}


def test_a_logo_is_refused_and_its_removal_agreed_to(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    assert error(browser.call("PUT", f"{ACME}/logo"))[1] == "not_supported_by_embedded_clerk"
    assert browser.call("DELETE", f"{ACME}/logo").json()["response"]["id"] == ACME_ID
