"""What a JWT must say, and be, to grant anything."""

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from clerk_tinybird_app.local.tinybird.access import claims
from clerk_tinybird_app.local.tinybird.access.claims import Caller
from clerk_tinybird_app.local.tinybird.errors import ApiError

KEY = "p.an-admin-token-that-is-long-enough-for-hs256-and-for-hs512-too-as-it-is"
WORKSPACE = "8f3c-workspace"
NOW = 1_900_000_000.0
SCOPE = {"type": "PIPES:READ", "resource": "pages", "fixed_params": {"tenant": "a"}}
GOOD: dict[str, Any] = {
    "workspace_id": WORKSPACE,
    "name": "someone",
    "exp": NOW + 60,
    "scopes": [SCOPE],
}
MISSING = object()
PAGES_ID = claims.resource_id(WORKSPACE, "pipe", "pages")


def read(token: str) -> Caller:
    return claims.read(token, signing_key=KEY, workspace_id=WORKSPACE, now=NOW)


def signed(headers: dict[str, Any] | None = None, **changes: Any) -> str:
    payload = {k: v for k, v in {**GOOD, **changes}.items() if v is not MISSING}
    return jwt.encode(payload, KEY, algorithm="HS256", headers=headers)


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def refusal(token: str) -> ApiError:
    with pytest.raises(ApiError) as caught:
        read(token)
    return caught.value


def test_a_good_token_grants_its_pipe_with_the_fixed_parameters() -> None:
    caller = read(signed(limits={"rps": 5}))
    assert caller.fixed_params("pages") == {"tenant": "a"}
    assert (caller.name, caller.rps, caller.is_admin) == ("someone", 5, False)


def test_a_scope_may_name_the_pipe_by_its_id() -> None:
    caller = read(signed(scopes=[{**SCOPE, "resource": PAGES_ID}]))
    assert caller.fixed_params("pages") == {"tenant": "a"}


def test_a_pipe_named_both_ways_is_refused() -> None:
    caller = read(signed(scopes=[SCOPE, {**SCOPE, "resource": PAGES_ID, "fixed_params": {}}]))
    with pytest.raises(ApiError):
        caller.fixed_params("pages")


def test_rps_of_zero_or_less_is_no_limit() -> None:
    assert read(signed(limits={"rps": -3})).rps == 0


@pytest.mark.parametrize("claim", ["workspace_id", "name", "exp", "scopes"])
def test_a_token_without_a_required_claim_is_refused(claim: str) -> None:
    error = refusal(signed(**dict[str, Any]({claim: MISSING})))
    assert error.status == 403
    assert f"'{claim}'" in error.message


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": str(NOW + 60)},
        {"exp": True},
        {"exp": None},
        {"nbf": "soon"},
        {"nbf": NOW + 5},
        {"name": 5},
        {"name": ""},
        {"workspace_id": [WORKSPACE]},
        {"scopes": []},
        {"scopes": {}},
        {"scopes": ["PIPES:READ"]},
        {"scopes": [{**SCOPE, "type": "ADMIN"}]},
        {"scopes": [{**SCOPE, "resource": None}]},
        {"scopes": [{**SCOPE, "resource": "*"}, {"type": "PIPES:READ"}]},
        {"scopes": [{**SCOPE, "fixed_params": None}]},
        {"scopes": [{**SCOPE, "fixed_params": [["tenant", "a"]]}]},
        {"scopes": [SCOPE, {**SCOPE, "fixed_params": {"tenant": "b"}}]},
        {"scopes": [{"type": "DATASOURCES:READ", "resource": "visits", "filter": ""}]},
        {"limits": {"rps": "10"}},
        {"limits": {"rps": 1.5}},
        {"limits": None},
    ],
)
def test_a_claim_of_the_wrong_kind_is_refused(changes: dict[str, Any]) -> None:
    assert refusal(signed(**changes)).status == 403


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity"])
def test_a_time_that_is_no_finite_number_is_refused(claim: str, number: str) -> None:
    payload = json.dumps({**GOOD, claim: "here"}).replace('"here"', number)
    assert refusal(signed_text(payload)).status == 403


def test_the_time_of_issue_must_be_a_number_and_nothing_more() -> None:
    assert refusal(signed(iat="now")).status == 403
    assert read(signed(iat=NOW + 60)).name == "someone"


@pytest.mark.parametrize(("now", "holds"), [(-5, False), (0, True), (59, True), (60, False)])
def test_what_a_token_grants_holds_from_its_start_until_it_expires(now: int, holds: bool) -> None:
    assert read(signed(nbf=NOW)).holds_at(NOW + now) is holds


def test_a_token_is_refused_from_the_second_it_expires() -> None:
    assert refusal(signed(exp=NOW)).message.endswith("Token has expired")


def test_another_workspaces_token_is_refused() -> None:
    assert "another workspace" in refusal(signed(workspace_id="other")).message


def test_another_keys_token_is_refused_before_its_claims_are_read() -> None:
    token = jwt.encode({**GOOD, "exp": 1}, "p.another-admin-token-long-enough-for-it", "HS256")
    assert refusal(token).message.endswith("Invalid signature")


def unsigned() -> str:
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(GOOD)}."


def rsa_signed() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(GOOD, key, algorithm="RS256")


def with_two_names() -> str:
    return signed_text(json.dumps(GOOD)[:-1] + ', "name": "other"}')


def signed_text(payload: str) -> str:
    head, body = part({"alg": "HS256"}), base64.urlsafe_b64encode(payload.encode()).rstrip(b"=")
    signing = f"{head}.{body.decode()}"
    algorithm = jwt.get_algorithm_by_name("HS256")
    signature = algorithm.sign(signing.encode(), algorithm.prepare_key(KEY))
    return f"{signing}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "token",
    [
        unsigned(),
        rsa_signed(),
        with_two_names(),
        jwt.encode(GOOD, KEY, algorithm="HS512"),
        signed({"crit": ["exp"]}),
        signed({"typ": "at+jwt"}),
        signed({"typ": 5}),
        signed() + "=",
        signed() + ".",
        signed().replace(".", "..", 1),
        "é" + signed(),
        "",
        "..",
        "a.b.c",
        signed(name="x" * 100_000),
    ],
)
def test_what_is_no_token_of_ours_is_malformed_and_never_repeated(token: str) -> None:
    error = refusal(token)
    assert error.status == 403
    assert error.message == "invalid authentication token. Invalid token b'...'"
