"""The session token: its signature, its claims, and the permissions Clerk's decoder finds in it."""

from typing import Any

import httpx
import jwt
import pytest
from jwt.types import Options

from clerk_tinybird_app.local.clerk.instance import ADMIN as ADMIN_ROLE
from clerk_tinybird_app.local.clerk.instance import Role, grants_of
from clerk_tinybird_app.local.clerk.seed import ACME_ADMIN_ID, ACME_ID, GLOBEX_ID
from tests.clock import Clock
from tests.local.clerk.browser import ADMIN, APP, EXPORTED, MEMBER, SOLO, Browser


def decoded_permissions(claims: dict[str, Any]) -> list[str]:
    """Decode permissions as the SDK's ``jwtPayloadParser`` does."""
    features = [
        entry.split(":")[1] for entry in claims["fea"].split(",") if "o" in entry.split(":")[0]
    ]
    verbs = claims["o"]["per"].split(",")
    masks = [int(mask) for mask in claims["o"]["fpm"].split(",")]
    return [
        f"org:{feature}:{verb}"
        for feature, mask in zip(features, masks, strict=True)
        for bit, verb in enumerate(verbs)
        if mask >> bit & 1
    ]


def test_an_admin_of_acme_has_exactly_these_claims(browser: Browser, clock: Clock) -> None:
    browser.sign_in(ADMIN)
    clock.now += 150
    now = int(clock.now)
    assert browser.claims() == {
        "v": 2,
        "iss": "https://clerk.localhost.test",
        "sub": ACME_ADMIN_ID,
        "sid": browser.session_id,
        "sts": "active",
        "azp": APP,
        "iat": now,
        "nbf": now - 10,
        "exp": now + 60,
        "fva": [2, -1],
        "fea": "o:requests",
        "o": {"id": ACME_ID, "slg": "acme", "rol": "admin", "per": "manage,read", "fpm": "3"},
    }


@pytest.mark.parametrize(
    ("email", "organization", "permissions"),
    [
        (ADMIN, ACME_ID, ["org:requests:manage", "org:requests:read"]),
        (ADMIN, GLOBEX_ID, ["org:requests:read"]),
        (MEMBER, ACME_ID, ["org:requests:read"]),
    ],
)
def test_the_sdk_decodes_each_roles_permissions_in_order(
    browser: Browser, email: str, organization: str, permissions: list[str]
) -> None:
    browser.sign_in(email)
    assert decoded_permissions(browser.claims(organization_id=organization)) == permissions


def test_without_an_organization_there_are_no_organization_claims(browser: Browser) -> None:
    browser.sign_in(SOLO)
    assert browser.claims().keys().isdisjoint({"o", "fea"})


def test_the_token_names_its_key_and_the_key_set_has_it(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    token = browser.token().json()["jwt"]
    (key,) = browser.send("GET", "/.well-known/jwks.json").json()["keys"]
    header = jwt.get_unverified_header(token)
    assert header == {"alg": "RS256", "typ": "JWT", "kid": key["kid"]}
    assert key.keys() == {"kty", "use", "alg", "kid", "n", "e"}
    options: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    assert jwt.decode(token, jwt.PyJWK(key), algorithms=["RS256"], options=options)


def test_the_authorized_party_is_the_page_that_asked(browser: Browser) -> None:
    browser.sign_in(ADMIN)
    browser.origin = EXPORTED
    assert browser.claims()["azp"] == EXPORTED
    (session,) = browser.client()["sessions"]
    assert browser.read(session["last_active_token"]["jwt"])["azp"] == EXPORTED


def test_every_reply_that_carries_a_token_forbids_caching(browser: Browser) -> None:
    replies: list[httpx.Response] = [
        browser.sign_in(ADMIN),
        browser.token(),
        browser.get("/client"),
    ]
    assert {reply.headers["cache-control"] for reply in replies} == {"no-store"}


def test_system_permissions_never_reach_a_token() -> None:
    assert any("sys_" in permission for permission in ADMIN_ROLE.permissions)
    assert "sys_" not in str(grants_of(ADMIN_ROLE))


def test_several_features_are_encoded_as_the_sdk_decodes_them() -> None:
    permissions = (
        "org:dashboards:read",
        "org:dashboards:manage",
        "org:exports:create",
        "org:posts:read",
    )
    grants = grants_of(Role("org:x", "X", "", permissions))
    assert (grants.features, grants.permissions, grants.masks) == (
        "o:dashboards,o:exports,o:posts",
        "read,manage,create",
        "3,4,1",
    )
