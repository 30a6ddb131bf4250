"""Every token that must be refused, and why; all are signed with the right key but for (*)."""

import hmac
import re
from collections.abc import Callable
from typing import Any

import pytest

from clerk_tinybird_app.clerk.errors import (
    ClerkError,
    SessionAzpError,
    SessionClaimsError,
    SessionExpiredError,
    SessionNotYetValidError,
)
from clerk_tinybird_app.clerk.jws import MAX_TOKEN_LENGTH
from tests.clerk.tokens import (
    ACME,
    CLAIMS,
    HEADER,
    ISSUER,
    MISSING,
    NOW,
    ORIGIN,
    as_bytes,
    encode,
    jwk,
    pem,
    private_key,
    sign,
    sign_input,
    token_with,
    token_with_header,
    v1_token_with,
)

Verify = Callable[[Any], Any]


def refusal(verify: Verify, token: Any) -> ClerkError:
    with pytest.raises(ClerkError) as caught:
        verify(token)
    return caught.value


CLAIM_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "expired, to the second": ({"exp": NOW}, "session_expired"),
    "expired within the leeway of nbf": ({"exp": NOW - 4}, "session_expired"),
    "expired long ago": ({"exp": NOW - 86_400}, "session_expired"),
    "nbf in the future": ({"nbf": NOW + 6}, "session_not_yet_valid"),
    "iat in the future": ({"iat": NOW + 6}, "session_not_yet_valid"),
    "foreign iss": ({"iss": "https://clerk.evil.example"}, "session_issuer"),
    "iss with a slash more": ({"iss": ISSUER + "/"}, "session_issuer"),
    "iss in capitals": ({"iss": ISSUER.upper()}, "session_issuer"),
    "iss over http": ({"iss": "http://clerk.example.com"}, "session_issuer"),
    "foreign azp": ({"azp": "https://evil.example"}, "session_azp"),
    "azp that begins as ours": ({"azp": ORIGIN + ".evil.example"}, "session_azp"),
    "azp that is a part of ours": ({"azp": "https://app.example"}, "session_azp"),
    "azp over http": ({"azp": "http://app.example.com"}, "session_azp"),
    "sts pending": ({"sts": "pending"}, "session_pending"),
    "template token": ({"sid": MISSING, "sts": MISSING, "v": MISSING}, "session_kind"),
    "no sid": ({"sid": MISSING}, "session_kind"),
}


@pytest.mark.parametrize(("claims", "code"), CLAIM_ROWS.values(), ids=CLAIM_ROWS)
def test_a_token_with_this_claim_is_refused(
    verify: Verify, claims: dict[str, Any], code: str
) -> None:
    assert refusal(verify, token_with(**claims)).code == code


BAD_TEXTS: list[Any] = [MISSING, None, "", " ", 7, True, ["a"], {"a": 1}, "a b", "a\n", "a\ud800"]
BAD_TIMES: list[Any] = [
    *(MISSING, None, "1800000000", True, float(NOW), 1e300, 0, -1),
    *(NOW * 1000, 10**30, [NOW]),
]
SPOILT: list[tuple[str, Any]] = [
    *((name, value) for name in ("exp", "iat", "nbf") for value in BAD_TIMES),
    *((name, value) for name in ("iss", "azp", "sub") for value in BAD_TEXTS),
    *(("sid", value) for value in BAD_TEXTS if value is not MISSING),
    *(("sts", value) for value in (MISSING, None, "", "ended", "ACTIVE", True, ["active"])),
    *(("v", value) for value in (None, 0, 3, "2", 2.0, True, [2])),
    *(("fea", value) for value in (None, 7, ["o:posts"], "posts", "o:posts,reports", "o:a\nb")),
    *(("o", value) for value in (None, "org_acme", [], [ACME], 7, False)),
    *(("act", value) for value in (None, "user_eve", list[str](), 7)),
]


@pytest.mark.parametrize(("claim", "value"), SPOILT, ids=lambda value: repr(value)[:24])
def test_a_claim_that_is_missing_or_wrongly_typed_is_refused_by_name(
    verify: Verify, claim: str, value: Any
) -> None:
    error = refusal(verify, token_with(**{claim: value}))

    assert error.code == "session_claims"
    assert isinstance(error, SessionClaimsError)
    assert error.claim == claim


SPOILT_PARTS: list[tuple[str, str, Any]] = [
    *(("o", name, value) for name in ("id", "rol") for value in BAD_TEXTS),
    *(("o", "slg", value) for value in (" ", 7, True, ["a"], "a b", "a\n")),
    *(("o", name, value) for name in ("per", "fpm") for value in (None, 3, ["read"], "a\nb")),
    *(("act", "sub", value) for value in BAD_TEXTS),
]


@pytest.mark.parametrize(
    ("claim", "part", "value"), SPOILT_PARTS, ids=lambda value: repr(value)[:24]
)
def test_a_part_of_a_claim_that_is_wrong_is_refused_by_name(
    verify: Verify, claim: str, part: str, value: Any
) -> None:
    whole = {"o": ACME, "act": {"sub": "user_eve"}}[claim]
    spoilt = {name: v for name, v in (whole | {part: value}).items() if v is not MISSING}

    error = refusal(verify, token_with(**{claim: spoilt}))

    assert isinstance(error, SessionClaimsError)
    assert error.claim == f"{claim}.{part}"


V1_SPOILT: dict[str, tuple[dict[str, Any], str]] = {
    "organization null": ({"org_id": None}, "org_id"),
    "organization empty": ({"org_id": ""}, "org_id"),
    "role without organization": ({"org_id": MISSING}, "org_id"),
    "organization without role": ({"org_role": MISSING}, "org_role"),
    "role a number": ({"org_role": 7}, "org_role"),
    "role a bare prefix": ({"org_role": "org:"}, "org_role"),
    "slug a number": ({"org_slug": 7}, "org_slug"),
    "slug alone": ({"org_id": MISSING, "org_role": MISSING}, "org_role"),
    "permissions a text": ({"org_permissions": "org:posts:read"}, "org_permissions"),
    "permissions null": ({"org_permissions": None}, "org_permissions"),
    "permissions numbers": ({"org_permissions": [1]}, "org_permissions"),
    "the organization of version 2": ({"o": ACME}, "o"),
    "sts of a wrong type": ({"sts": True}, "sts"),
}


@pytest.mark.parametrize(("claims", "claim"), V1_SPOILT.values(), ids=V1_SPOILT)
def test_a_version_1_token_with_this_claim_is_refused_by_name(
    verify: Verify, claims: dict[str, Any], claim: str
) -> None:
    error = refusal(verify, v1_token_with(**claims))

    assert isinstance(error, SessionClaimsError)
    assert error.claim == claim


def test_a_pending_version_1_session_is_refused(verify: Verify) -> None:
    assert refusal(verify, v1_token_with(sts="pending")).code == "session_pending"


HEADER_ROWS: dict[str, tuple[dict[str, Any], str]] = {
    "no alg": ({"alg": MISSING}, "session_algorithm"),
    "alg none": ({"alg": "none"}, "session_algorithm"),
    "alg in small letters": ({"alg": "rs256"}, "session_algorithm"),
    "alg RS512": ({"alg": "RS512"}, "session_algorithm"),
    "alg PS256": ({"alg": "PS256"}, "session_algorithm"),
    "alg a list": ({"alg": ["RS256"]}, "session_algorithm"),
    "typ at+jwt": ({"typ": "at+jwt"}, "session_kind"),
    "typ null": ({"typ": None}, "session_kind"),
    "typ a list": ({"typ": ["JWT"]}, "session_kind"),
    "category JWT template": ({"cat": "cl_B7d4PD222AAA"}, "session_kind"),
    "category machine": ({"cat": "cl_B7d4PD333AAA"}, "session_kind"),
    "category null": ({"cat": None}, "session_kind"),
    "category a list": ({"cat": ["cl_B7d4PD111AAA"]}, "session_kind"),
    "unknown crit": ({"crit": ["exp"]}, "session_malformed"),
    "crit empty": ({"crit": []}, "session_malformed"),
    "kid empty": ({"kid": ""}, "session_malformed"),
    "kid a number": ({"kid": 7}, "session_malformed"),
}


@pytest.mark.parametrize(("fields", "code"), HEADER_ROWS.values(), ids=HEADER_ROWS)
def test_a_token_with_this_header_is_refused(
    verify: Verify, fields: dict[str, Any], code: str
) -> None:
    assert refusal(verify, token_with_header(**fields)).code == code


def unsigned(algorithm: str) -> str:
    header = encode(as_bytes(HEADER | {"alg": algorithm}))
    return f"{header}.{encode(as_bytes(CLAIMS))}"


def hs256_keyed_with_the_public_key() -> str:
    signing_input = unsigned("HS256")
    digest = hmac.digest(pem().encode(), signing_input.encode(), "sha256")
    return f"{signing_input}.{encode(digest)}"


def with_a_key_of_its_own() -> str:
    return sign(header=HEADER | {"jwk": jwk("evil")}, key=private_key("evil"))


def with_a_key_elsewhere() -> str:
    url = "https://evil.example/jwks.json"
    return sign(header=HEADER | {"jku": url, "x5u": url}, key=private_key("evil"))


def deeply_nested() -> bytes:
    return b'{"a":' * 2000 + b"1" + b"}" * 2000


def non_canonical(token: str) -> str:
    """The same signature with other unused bits in its last character."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + alphabet[alphabet.index(token[-1]) + 1]


def payload(text: str) -> str:
    body = as_bytes(CLAIMS).removesuffix(b"}")
    return sign(body + text.encode() + b"}")


FORGED: dict[str, tuple[Callable[[], Any], str]] = {
    "wrong key (*)": (lambda: sign(key=private_key("evil")), "session_signature"),
    "a key of its own in jwk (*)": (with_a_key_of_its_own, "session_signature"),
    "a key elsewhere in jku and x5u (*)": (with_a_key_elsewhere, "session_signature"),
    "signature of another token (*)": (
        lambda: f"{unsigned('RS256')}.{token_with(sub='user_eve').split('.')[2]}",
        "session_signature",
    ),
    "signature of one byte (*)": (lambda: unsigned("RS256") + ".AA", "session_signature"),
    "alg none, no signature (*)": (lambda: unsigned("none") + ".", "session_malformed"),
    "alg none, some signature (*)": (lambda: unsigned("none") + ".AA", "session_algorithm"),
    "HS256 keyed with the public key (*)": (hs256_keyed_with_the_public_key, "session_algorithm"),
    "empty": (lambda: "", "session_missing"),
    "whitespace": (lambda: "  \n", "session_malformed"),
    "a.b.c": (lambda: "a.b.c", "session_malformed"),
    "None": (lambda: None, "session_malformed"),
    "bytes": (lambda: sign().encode(), "session_malformed"),
    "one part": (lambda: "eyJhbGciOiJSUzI1NiJ9", "session_malformed"),
    "two parts": (lambda: unsigned("RS256"), "session_malformed"),
    "four parts": (lambda: sign() + ".AA", "session_malformed"),
    "five parts": (lambda: f"{sign()}.AA.AA", "session_malformed"),
    "empty header": (lambda: "." + sign().partition(".")[2], "session_malformed"),
    "empty payload": (lambda: sign_input(f"{encode(as_bytes(HEADER))}."), "session_malformed"),
    "100 KB": (lambda: token_with(padding="x" * 100_000), "session_malformed"),
    "space before": (lambda: " " + sign(), "session_malformed"),
    "line break after": (lambda: sign() + "\n", "session_malformed"),
    "padded signature": (lambda: sign() + "==", "session_malformed"),
    "another spelling of the signature": (lambda: non_canonical(sign()), "session_malformed"),
    "plain base64": (lambda: sign()[:-4] + "+/AA", "session_malformed"),
    "not ASCII": (lambda: sign()[:-1] + "\u0410", "session_malformed"),
    "lone surrogate": (lambda: sign()[:-1] + "\ud800", "session_malformed"),
    "header a list": (lambda: sign(header=b'["RS256"]'), "session_malformed"),
    "header no JSON": (lambda: sign(header=b"RS256"), "session_malformed"),
    "header no UTF-8": (lambda: sign(header=b'{"alg":"RS256","x":"\xff"}'), "session_malformed"),
    "header in UTF-16": (
        lambda: sign(header=as_bytes(HEADER).decode().encode("utf-16")),
        "session_malformed",
    ),
    "header with alg twice": (
        lambda: sign(header=b'{"alg":"none","alg":"RS256"}'),
        "session_malformed",
    ),
    "header with kid twice": (
        lambda: sign(header=b'{"kid":"a","kid":"ins_test","alg":"RS256"}'),
        "session_malformed",
    ),
    "header deeply nested": (lambda: sign(header=deeply_nested()), "session_malformed"),
    "payload deeply nested": (lambda: sign(deeply_nested()), "session_malformed"),
    "payload a list": (lambda: sign(b"[]"), "session_malformed"),
    "payload null": (lambda: sign(b"null"), "session_malformed"),
    "payload no JSON": (lambda: sign(b"{"), "session_malformed"),
    "payload no UTF-8": (lambda: sign(b'{"a":"\xff"}'), "session_malformed"),
    "payload padded": (
        lambda: sign_input(f"{encode(as_bytes(HEADER))}.{encode(b'{}')}=="),
        "session_malformed",
    ),
    "sub twice": (lambda: payload(',"sub":"user_eve"'), "session_malformed"),
    "organization id twice": (
        lambda: sign(as_bytes(CLAIMS).replace(b'"slg": "acme"', b'"id": "org_globex"')),
        "session_malformed",
    ),
    "NaN": (lambda: payload(',"x":NaN'), "session_malformed"),
    "Infinity": (lambda: payload(',"x":-Infinity'), "session_malformed"),
    "a number of 5,000 digits": (lambda: payload(',"x":' + "9" * 5000), "session_malformed"),
    "exp beyond any float": (
        lambda: sign(as_bytes(CLAIMS).replace(b'"exp": ', b'"exp": 9e999, "was": ')),
        "session_claims",
    ),
    "two documents": (lambda: sign(as_bytes(CLAIMS) * 2), "session_malformed"),
}


@pytest.mark.parametrize(("make", "code"), FORGED.values(), ids=FORGED)
def test_this_token_is_refused(verify: Verify, make: Callable[[], Any], code: str) -> None:
    assert refusal(verify, make()).code == code


def test_a_token_is_measured_before_anything_else_is_looked_at(verify: Verify) -> None:
    longest = "." * MAX_TOKEN_LENGTH
    genuine = token_with(padding="x" * MAX_TOKEN_LENGTH)

    assert refusal(verify, longest).code == "session_malformed"
    assert refusal(verify, genuine).code == "session_malformed"
    assert verify(token_with(padding="x" * (MAX_TOKEN_LENGTH // 2))).user_id == "user_ada"


def test_a_wrong_signature_is_found_before_a_wrong_claim(verify: Verify) -> None:
    stale = sign(CLAIMS | {"exp": NOW - 100}, key=private_key("evil"))
    garbage = sign(b"no JSON", key=private_key("evil"))

    assert refusal(verify, stale).code == "session_signature"
    assert refusal(verify, garbage).code == "session_signature"


def test_an_expired_token_says_since_when(verify: Verify) -> None:
    error = refusal(verify, token_with(exp=NOW - 60))

    assert isinstance(error, SessionExpiredError)
    assert error.expired_at == NOW - 60


def test_a_token_from_the_future_says_how_far_the_clock_is_behind(verify: Verify) -> None:
    error = refusal(verify, token_with(iat=NOW + 30, nbf=NOW + 90))

    assert isinstance(error, SessionNotYetValidError)
    assert error.behind == 90
    assert "This server's clock is at least 90 seconds behind Clerk's" in str(error)


def test_a_foreign_origin_is_told_how_to_become_ours(verify: Verify) -> None:
    error = refusal(verify, token_with(azp="https://new.example.com"))

    assert isinstance(error, SessionAzpError)
    assert error.azp == "https://new.example.com"
    assert "https://new.example.com" in str(error)
    assert "CLERK_AUTHORIZED_PARTIES" in str(error)


@pytest.mark.parametrize("make", [make for make, _ in FORGED.values()], ids=FORGED)
def test_no_refusal_repeats_what_was_sent(verify: Verify, make: Callable[[], Any]) -> None:
    error: BaseException | None = refusal(verify, make())

    while error is not None:
        held = [getattr(error, name, "") for name in ("args", "doc", "object")]
        assert not re.search("eyJ|user_ada|alg", f"{error} {held}")
        error = error.__context__
