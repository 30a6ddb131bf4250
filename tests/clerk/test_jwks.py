"""Which published keys may verify a session token."""

import json
from typing import Any

import pytest

from clerk_tinybird_app.clerk.keys import UnusableKeySetError, parse_jwks
from tests.clerk.tokens import KID, MISSING, encode, jwk, number, private_key

MODULUS = private_key(KID).public_key().public_numbers().n


def key_set(*keys: Any) -> bytes:
    return json.dumps({"keys": keys}).encode()


def test_a_signing_key_is_found_by_its_kid() -> None:
    keys = parse_jwks(key_set(jwk("a"), jwk("b")))

    assert keys.keys() == {"a", "b"}
    assert keys["a"].public_numbers() == private_key("a").public_key().public_numbers()


@pytest.mark.parametrize(
    "changes",
    [
        {"use": MISSING},
        {"alg": MISSING},
        {"key_ops": ["verify"]},
        {"key_ops": ["sign", "verify"]},
        {"x5c": ["rubbish"], "x5t": "rubbish", "ext": True},
    ],
    ids=repr,
)
def test_a_key_may_leave_out_what_it_is_for(changes: dict[str, Any]) -> None:
    assert parse_jwks(key_set(jwk(**changes))).keys() == {KID}


UNFIT: dict[str, dict[str, Any]] = {
    "kty oct": {"kty": "oct", "k": "c2VjcmV0"},
    "kty oct, RSA members": {"kty": "oct"},
    "kty EC": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    "kty in small letters": {"kty": "rsa"},
    "no kty": {"kty": MISSING},
    "use enc": {"use": "enc"},
    "use null": {"use": None},
    "alg RS512": {"alg": "RS512"},
    "alg PS256": {"alg": "PS256"},
    "alg HS256": {"alg": "HS256"},
    "alg null": {"alg": None},
    "key_ops encrypt": {"key_ops": ["encrypt"]},
    "key_ops empty": {"key_ops": []},
    "key_ops a text": {"key_ops": "verify"},
    "key_ops null": {"key_ops": None},
    "no kid": {"kid": MISSING},
    "kid empty": {"kid": ""},
    "kid a number": {"kid": 7},
    "no n": {"n": MISSING},
    "no e": {"e": MISSING},
    "n a number": {"n": 7},
    "n padded": {"n": number(MODULUS) + "=="},
    "n in plain base64": {"n": number(MODULUS)[:-4] + "+/Aw"},
    "n with a line break": {"n": number(MODULUS) + "\n"},
    "n not ASCII": {"n": "\u0410" + number(MODULUS)[1:]},
    "n a lone surrogate": {"n": "\ud800" + number(MODULUS)[1:]},
    "n not canonical": {"n": encode(MODULUS.to_bytes(256, "big") + b"\x01")[:-1] + "R"},
    "n of 1024 bits": {"n": number(MODULUS >> 1024 | 1)},
    "n of 2047 bits": {"n": number(MODULUS >> 1 | 1)},
    "n of 16384 bits": {"n": number(MODULUS << 14336 | 1)},
    "n even": {"n": number(MODULUS + 1)},
    "n zero": {"n": "AA"},
    "e zero": {"e": "AA"},
    "e one": {"e": "AQ"},
    "e even": {"e": number(65536)},
    "e as large as n": {"e": number(MODULUS)},
    "private exponent": {"d": "AQAB"},
    "private prime": {"p": "AQAB"},
    "private primes": {"oth": []},
    "symmetric key": {"k": "c2VjcmV0"},
}


@pytest.mark.parametrize("changes", UNFIT.values(), ids=UNFIT)
def test_an_unfit_key_is_left_out(changes: dict[str, Any]) -> None:
    assert parse_jwks(key_set(jwk(**changes), jwk("sound"))).keys() == {"sound"}


@pytest.mark.parametrize("key", [None, 7, "RSA", [], {}], ids=repr)
def test_what_is_no_key_at_all_is_left_out(key: Any) -> None:
    assert parse_jwks(key_set(key, jwk("sound"))).keys() == {"sound"}


def test_a_kid_of_two_keys_names_neither() -> None:
    keys = parse_jwks(key_set(jwk("a"), {**jwk("b"), "kid": "a"}, jwk("c")))

    assert keys.keys() == {"c"}


def test_a_kid_may_be_shared_with_a_key_of_another_kind() -> None:
    keys = parse_jwks(key_set(jwk("a"), jwk("a", use="enc")))

    assert keys.keys() == {"a"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="HTML"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"{}", id="no keys"),
        pytest.param(b'{"keys":{}}', id="keys an object"),
        pytest.param(b'{"keys":[]}', id="an empty set"),
        pytest.param(b'{"keys":[],"keys":[]}', id="keys twice"),
        pytest.param(key_set(jwk(use="enc")), id="no signing key"),
        pytest.param(b"[" * 100_000, id="deeply nested"),
        pytest.param(b'\xff\xfe{"keys":[]}', id="no UTF-8"),
    ],
)
def test_a_key_set_that_cannot_be_used_is_refused(body: bytes) -> None:
    with pytest.raises(UnusableKeySetError):
        parse_jwks(body)
