"""The session that is made of a genuine token."""

from collections.abc import Callable
from typing import Any

import pytest

from clerk_tinybird_app.clerk.errors import ClerkError
from clerk_tinybird_app.clerk.keys import JwksKeys, PemKey
from clerk_tinybird_app.clerk.session import ClerkSession, Organization
from clerk_tinybird_app.clerk.verifier import SessionVerifier
from tests.clerk.conftest import verifier_with
from tests.clerk.tokens import (
    ACME,
    ISSUER,
    MISSING,
    NOW,
    ORIGIN,
    changed,
    pem,
    sign,
    token_with,
    token_with_header,
    v1_token_with,
)

Verify = Callable[[Any], ClerkSession]


def test_a_version_2_token_becomes_a_session(verify: Verify) -> None:
    assert verify(sign()) == ClerkSession(
        user_id="user_ada",
        session_id="sess_1",
        expires_at=NOW + 50,
        issued_at=NOW - 10,
        organization=Organization(id="org_acme", slug="acme", role="org:admin"),
        permissions=("org:posts:read", "org:posts:write", "org:reports:read"),
        impersonator=None,
    )


def test_a_version_1_token_becomes_a_session(verify: Verify) -> None:
    assert verify(v1_token_with()) == ClerkSession(
        user_id="user_ada",
        session_id="sess_1",
        expires_at=NOW + 50,
        issued_at=NOW - 10,
        organization=Organization(id="org_acme", slug="acme", role="org:admin"),
        permissions=("org:posts:read", "org:posts:write"),
        impersonator=None,
    )


V1_WITHOUT = dict.fromkeys(("org_id", "org_role", "org_slug", "org_permissions"), MISSING)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(lambda: token_with(o=MISSING), id="version 2"),
        pytest.param(lambda: token_with(o=MISSING, fea=MISSING), id="version 2, no features"),
        pytest.param(lambda: v1_token_with(**V1_WITHOUT), id="version 1"),
        pytest.param(lambda: v1_token_with(**V1_WITHOUT, v=1), id="version 1, said so"),
    ],
)
def test_without_an_active_organization_there_is_none(
    verify: Verify, token: Callable[[], str]
) -> None:
    session = verify(token())

    assert session.organization is None
    assert session.permissions == ()


def test_an_organization_without_permissions_has_none(verify: Verify) -> None:
    organization = changed(ACME, {"per": MISSING, "fpm": MISSING})

    assert verify(token_with(o=organization)).permissions == ()
    assert verify(v1_token_with(org_permissions=MISSING)).permissions == ()


@pytest.mark.parametrize("slug", [MISSING, None, ""], ids=["missing", "null", "empty"])
def test_an_organization_without_a_slug_has_an_empty_one(verify: Verify, slug: Any) -> None:
    expected = Organization(id="org_acme", slug="", role="org:admin")

    assert verify(token_with(o=changed(ACME, {"slg": slug}))).organization == expected
    assert verify(v1_token_with(org_slug=slug)).organization == expected


def test_a_version_1_role_without_its_prefix_gets_it(verify: Verify) -> None:
    organization = verify(v1_token_with(org_role="admin")).organization

    assert organization is not None
    assert organization.role == "org:admin"


def test_a_version_1_session_may_say_that_it_is_active(verify: Verify) -> None:
    assert verify(v1_token_with(sts="active")).user_id == "user_ada"


def test_an_impersonator_is_recorded(verify: Verify) -> None:
    actor = {"sub": "user_support", "iss": "https://dashboard.clerk.com"}

    assert verify(token_with(act=actor)).impersonator == "user_support"
    assert verify(v1_token_with(act=actor)).impersonator == "user_support"


@pytest.mark.parametrize(
    "fields",
    [
        {"typ": MISSING},
        {"typ": "jwt"},
        {"cat": MISSING},
        {"cat": "cl_I7d4PD111III"},
        {"kid": MISSING},
        {"jku": "https://evil.example/jwks.json", "x5u": 7, "jwk": {"kty": "oct"}, "x5c": []},
    ],
    ids=repr,
)
def test_a_header_that_leaves_no_doubt_is_accepted(verify: Verify, fields: dict[str, Any]) -> None:
    assert verify(token_with_header(**fields)).user_id == "user_ada"


@pytest.mark.parametrize("claims", [{"nbf": NOW + 5}, {"iat": NOW + 5}, {"exp": NOW + 1}], ids=repr)
def test_clerks_clock_may_be_five_seconds_ahead_and_a_token_lives_to_its_last_second(
    verify: Verify, claims: dict[str, int]
) -> None:
    assert verify(token_with(**claims)).user_id == "user_ada"


def test_a_session_is_current_until_its_expiry_and_no_longer(verify: Verify) -> None:
    session = verify(sign())

    assert session.is_current(NOW)
    assert session.is_current(session.expires_at - 0.1)
    assert not session.is_current(session.expires_at)
    assert not session.is_current(session.expires_at + 1000)


@pytest.mark.anyio
async def test_the_key_is_the_one_that_the_token_names(keys: JwksKeys, key_server: Any) -> None:
    key_server.publish("ins_test", "ins_other")
    verifier = verifier_with(keys)

    assert (await verifier.verify(sign())).user_id == "user_ada"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kid": "ins_other"}, "session_signature"),
        ({"kid": "ins_unknown"}, "session_key"),
        ({"kid": MISSING}, "session_key"),
    ],
    ids=["kid of another key", "kid of no key", "no kid"],
)
async def test_a_token_that_names_another_key_is_refused(
    keys: JwksKeys, key_server: Any, fields: dict[str, Any], code: str
) -> None:
    key_server.publish("ins_test", "ins_other")

    with pytest.raises(ClerkError) as caught:
        await verifier_with(keys).verify(token_with_header(**fields))

    assert caught.value.code == code


@pytest.mark.parametrize(
    "arguments",
    [
        {"issuer": ""},
        {"authorized_parties": []},
        {"authorized_parties": [""]},
        {"authorized_parties": ORIGIN},
    ],
    ids=repr,
)
def test_a_verifier_that_would_check_nothing_is_not_made(arguments: dict[str, Any]) -> None:
    sound: dict[str, Any] = {
        "issuer": ISSUER,
        "authorized_parties": [ORIGIN],
        "keys": PemKey(pem()),
    }

    with pytest.raises(ValueError, match=r"issuer|authorized part"):
        SessionVerifier(**(sound | arguments))
