"""Properties that hold for every input, tested with many inputs."""

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clerk_tinybird_app.clerk.claims import decode_permissions
from clerk_tinybird_app.clerk.errors import ClerkError
from clerk_tinybird_app.clerk.keys import PemKey
from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.clerk.session import ClerkSession
from tests.clerk.conftest import verifier_with
from tests.clerk.tokens import CLAIMS, HEADER, V1_CLAIMS, encode, pem, sign

# The machines that run this are shared and slow: only the result counts.
relaxed = settings(deadline=None)

GENUINE = sign()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def verdict(token: Any) -> ClerkSession | None:
    """Return the session, or None for a refusal; any other error fails the test."""
    try:
        return asyncio.run(verifier_with(PemKey(pem())).verify(token))
    except ClerkError:
        return None


def test_the_genuine_token_is_accepted() -> None:
    assert verdict(GENUINE) is not None


@relaxed
@given(st.integers(0, len(GENUINE) - 1), st.characters() | st.sampled_from("ABw_-.="))
def test_one_character_changed_is_refused(position: int, character: str) -> None:
    token = GENUINE[:position] + character + GENUINE[position + 1 :]

    assert token == GENUINE or verdict(token) is None


@relaxed
@given(st.integers(0, len(GENUINE)), st.text(min_size=1, max_size=4))
def test_characters_inserted_are_refused(position: int, text: str) -> None:
    assert verdict(GENUINE[:position] + text + GENUINE[position:]) is None


@relaxed
@given(st.integers(0, len(GENUINE) - 1), st.integers(1, 8))
def test_characters_left_out_are_refused(position: int, length: int) -> None:
    assert verdict(GENUINE[:position] + GENUINE[position + length :]) is None


@relaxed
@given(st.lists(st.sampled_from(GENUINE.split(".")), max_size=5))
def test_parts_in_any_other_order_are_refused(parts: list[str]) -> None:
    token = ".".join(parts)

    assert token == GENUINE or verdict(token) is None


@relaxed
@given(st.text() | st.binary() | st.none() | st.integers() | st.lists(st.text()))
def test_anything_that_is_no_token_is_refused(token: Any) -> None:
    assert verdict(token) is None


@relaxed
@given(st.binary(min_size=1), st.binary(min_size=1), st.binary(min_size=1))
def test_any_bytes_in_the_shape_of_a_token_are_refused(
    header: bytes, payload: bytes, signature: bytes
) -> None:
    assert verdict(f"{encode(header)}.{encode(payload)}.{encode(signature)}") is None


@relaxed
@given(st.dictionaries(st.sampled_from([*HEADER, "crit", "jwk", "b64", "zip"]), JSON))
def test_no_header_ends_in_another_error(fields: dict[str, Any]) -> None:
    verdict(sign(header=json.dumps(HEADER | fields).encode()))


@relaxed
@given(
    st.sampled_from([CLAIMS, V1_CLAIMS]),
    st.dictionaries(st.sampled_from(sorted({*CLAIMS, *V1_CLAIMS, "act"})), JSON, min_size=1),
)
def test_no_claim_ends_in_another_error(claims: dict[str, Any], changes: dict[str, Any]) -> None:
    session = verdict(sign(json.dumps(claims | changes).encode()))

    # The session has exactly the claims that were not changed.
    if session is not None and "sub" not in changes:
        assert session.user_id == claims["sub"]


@relaxed
@given(st.binary(max_size=200))
def test_no_payload_ends_in_another_error(payload: bytes) -> None:
    assert verdict(sign(payload or b" ")) is None


LISTS = st.text(alphabet="ou:ab,0123 -\u0661", max_size=40) | st.text()


@relaxed
@given(LISTS, LISTS, LISTS)
def test_permissions_are_never_invented(fea: str, per: str, fpm: str) -> None:
    entries = [entry.strip().partition(":") for entry in fea.split(",")]
    names = [name.strip() for name in per.split(",")]
    conceivable = {
        f"org:{feature}:{name}"
        for scope, _, feature in entries
        if scope in {"o", "ou", "uo"}
        for name in names
    }

    assert set(decode_permissions(fea, per, fpm)) <= conceivable


WORD = st.text(alphabet="abcxyz_", min_size=1, max_size=6)


@relaxed
@given(
    st.dictionaries(WORD, st.tuples(st.sampled_from(["o", "ou", "uo", "u"]), st.sets(WORD))),
    st.lists(WORD, min_size=1, unique=True),
)
def test_permissions_survive_being_packed(
    features: dict[str, tuple[str, set[str]]], names: list[str]
) -> None:
    ours = {name: verbs for name, (scope, verbs) in features.items() if scope != "u"}
    masks = [sum(1 << i for i, n in enumerate(names) if n in verbs) for verbs in ours.values()]
    packed = (
        ",".join(f"{scope}:{name}" for name, (scope, _) in features.items()),
        ",".join(names),
        ",".join(map(str, masks)),
    )

    assert decode_permissions(*packed) == tuple(
        f"org:{feature}:{name}"
        for feature, verbs in ours.items()
        for name in names
        if name in verbs
    )


@relaxed
@given(st.text() | st.text().map(lambda text: "pk_test_" + text))
def test_a_publishable_key_is_read_or_refused(text: str) -> None:
    try:
        host = PublishableKey.parse(text).host
    except ValueError:
        return
    assert "." in host
