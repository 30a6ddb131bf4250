"""The minted token, as Tinybird will read it."""

import jwt
import pytest

from clerk_tinybird_app.clerk.session import Organization
from clerk_tinybird_app.tinybird.token import TinybirdToken, decode, heartbeat_seconds
from tests.sessions import NOW, PIPES, POLICY, TENANT, minted, signed_in, workspace

ACME = Organization(id="org_acme", slug="acme", role="org:admin")
GLOBEX = Organization(id="org_globex", slug="globex", role="org:member")


def _claims(token: TinybirdToken, key: str) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(
        token.value, key, algorithms=["HS256"], options={"verify_exp": False, "verify_iat": False}
    )
    return claims


def test_a_token_carries_the_claims_of_the_guide_signed_with_hs256() -> None:
    place = workspace()

    token = minted(signed_in(organization=ACME), place, now=NOW + 0.9)

    assert jwt.get_unverified_header(token.value) == {"alg": "HS256", "typ": "JWT"}
    assert _claims(token, place.signing_key) == {
        "workspace_id": place.workspace_id,
        "name": "frontend_jwt_user_user_ada",
        "iat": NOW,
        "exp": NOW + 900,
        "scopes": [
            {
                "type": "PIPES:READ",
                "resource": pipe,
                "fixed_params": {"who": "user_ada", "may": "", TENANT: "org_acme"},
            }
            for pipe in PIPES
        ],
        "limits": {"rps": 10},
    }


def test_life_and_rate_are_configurable() -> None:
    place = workspace(token_ttl=60, rps=3)

    claims = minted(signed_in(), place, now=NOW).claims

    assert claims["exp"] - claims["iat"] == 60
    assert claims["limits"] == {"rps": 3}


def test_two_users_of_one_tenant_do_not_share_a_rate_limit() -> None:
    names = {
        minted(signed_in(user_id=user, organization=ACME), workspace(), now=NOW).name
        for user in ("user_ada", "user_grace")
    }

    assert len(names) == 2


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (720, True), (721, False), (901, False)])
def test_a_token_is_fresh_until_less_than_a_fifth_of_its_life_is_left(
    age: int, fresh: bool
) -> None:
    token = minted(signed_in(), workspace(), now=NOW)

    assert token.is_fresh(NOW + age) is fresh


@pytest.mark.parametrize("ttl", [1, 10, 60, 200, 900, 86_400])
def test_a_heartbeat_always_falls_into_the_time_to_mint_again(ttl: int) -> None:
    beat = heartbeat_seconds(ttl)
    token = minted(signed_in(), workspace(token_ttl=ttl), now=NOW)

    beats = [NOW + beat * count for count in range(1, int(ttl / beat))]
    assert sum(not token.is_fresh(at) for at in beats) >= 1


def test_a_token_fits_the_same_session_again_and_no_other() -> None:
    session = signed_in(organization=ACME, permissions=("org:requests:manage",))
    token = minted(session, workspace(), now=NOW)

    renewed = signed_in(
        organization=ACME, permissions=("org:requests:manage",), expires_at=NOW + 105
    )
    assert token.is_made_for(renewed, POLICY.scopes(renewed))
    for other in (
        signed_in(user_id="user_grace", organization=ACME, permissions=session.permissions),
        signed_in(organization=GLOBEX, permissions=session.permissions),
        signed_in(organization=ACME, permissions=("org:requests:read",)),
        signed_in(),
    ):
        assert not token.is_made_for(other, POLICY.scopes(other))


def test_decoding_shows_an_expired_token_too() -> None:
    place = workspace()
    token = minted(signed_in(), place, now=NOW - 10_000)

    assert decode(token.value, place) == token.claims


def test_decoding_refuses_a_token_of_another_workspace() -> None:
    token = minted(signed_in(), workspace(), now=NOW)
    elsewhere = workspace(signing_key="p.another-admin-token-of-some-length")

    with pytest.raises(jwt.InvalidSignatureError):
        decode(token.value, elsewhere)


def test_neither_token_nor_key_shows_in_a_repr() -> None:
    place = workspace()
    token = minted(signed_in(), place, now=NOW)

    assert token.value not in repr(token)
    assert place.signing_key not in repr(place)
