"""What a session may read."""

import asyncio
import json
from typing import Any

import pytest

from clerk_tinybird_app.clerk.errors import ClerkError
from clerk_tinybird_app.clerk.keys import PemKey
from clerk_tinybird_app.clerk.session import ClerkSession, Organization
from tests.clerk.conftest import verifier_with
from tests.clerk.tokens import CLAIMS, pem, sign
from tests.sessions import PIPES, POLICY, TENANT, signed_in

ACME = Organization(id="org_acme", slug="acme", role="org:admin")


def test_the_tenant_is_the_active_organization() -> None:
    assert POLICY.tenant_of(signed_in(organization=ACME)) == "org_acme"


def test_without_an_organization_the_tenant_is_the_user_alone() -> None:
    assert POLICY.tenant_of(signed_in()) == "user_ada"


@pytest.mark.parametrize(
    ("permissions", "verb"),
    [
        ((), ""),
        (("org:requests:manage", "org:requests:read"), "manage"),
        (("org:dashboards:read",), "read"),
        (("org:sys_memberships:read",), "read"),
    ],
)
def test_the_org_permission_is_the_verb_of_the_first_as_in_the_guide(
    permissions: tuple[str, ...], verb: str
) -> None:
    assert signed_in(organization=ACME, permissions=permissions).permission_verb == verb


def test_every_pipe_is_granted_with_the_parameters_of_the_policy_fixed() -> None:
    session = signed_in(organization=ACME, permissions=("org:requests:manage",))

    scopes = [scope.as_claim() for scope in POLICY.scopes(session)]

    assert [scope["resource"] for scope in scopes] == list(PIPES)
    assert {scope["type"] for scope in scopes} == {"PIPES:READ"}
    assert all(
        scope["fixed_params"] == {"who": "user_ada", "may": "manage", TENANT: "org_acme"}
        for scope in scopes
    )


NOTHING: tuple[Any, ...] = ("", " ", "\t", "\u200b", None, 0, False, [], {})


def _accepted(**changes: Any) -> ClerkSession | None:
    """Return the session of a genuine token with other claims, None when it is refused."""
    token = sign(json.dumps(CLAIMS | changes).encode())
    try:
        return asyncio.run(verifier_with(PemKey(pem())).verify(token))
    except ClerkError:
        return None


def test_whatever_a_token_leaves_empty_no_session_is_granted_an_empty_tenant_or_user() -> None:
    organizations: list[Any] = [
        *NOTHING,
        *({**CLAIMS["o"], name: value} for name in ("id", "slg", "rol") for value in NOTHING),
    ]
    sessions = [_accepted(o=organization) for organization in organizations]
    sessions += [_accepted(sub=user) for user in NOTHING]
    granted = [scope.fixed_params for each in sessions if each for scope in POLICY.scopes(each)]

    # An organization can do without its slug, and without nothing else.
    assert {params[TENANT] for params in granted} == {CLAIMS["o"]["id"]}
    assert {params["who"] for params in granted} == {CLAIMS["sub"]}
