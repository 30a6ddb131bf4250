"""The tokens of the break-in attempts are as described."""

import jwt
import pytest

from clerk_tinybird_app.tinybird.break_in import altered, expired
from tests.sessions import NOW, POLICY, TENANT, minted, signed_in, workspace


def test_an_altered_token_names_the_other_tenant_and_keeps_header_and_signature() -> None:
    genuine = minted(signed_in(), workspace(), now=NOW).value

    forged = altered(genuine, TENANT, "org_other")

    claims = jwt.decode(forged, options={"verify_signature": False})
    assert {s["fixed_params"][TENANT] for s in claims["scopes"]} == {"org_other"}
    assert forged.split(".")[0::2] == genuine.split(".")[0::2]
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(forged, workspace().signing_key, algorithms=["HS256"])


def test_an_expired_token_is_genuine_but_for_its_time() -> None:
    token = expired(signed_in(), POLICY.scopes(signed_in()), workspace(), now=NOW)

    claims = jwt.decode(
        token,
        workspace().signing_key,
        algorithms=["HS256"],
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["exp"] == NOW - 300
