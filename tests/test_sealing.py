"""What is sealed can be read, changed, made up and moved by nobody without the secret."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clerk_tinybird_app.sealing import NotSealedError, Sealer

NAME = "a-name"
VALUE = b"what somebody wants to know, and what somebody would like to be"
OLD, NEW = ("o" * 32), ("n" * 32)


@pytest.fixture(scope="module")
def sealer() -> Sealer:
    return Sealer([OLD])


@settings(max_examples=25)
@given(name=st.text(max_size=20).filter(lambda text: text.isprintable()), value=st.binary())
def test_what_is_sealed_opens_again_and_shows_nothing(
    sealer: Sealer, name: str, value: bytes
) -> None:
    sealed = sealer.seal(name, value)

    assert sealer.open(name, sealed) == value
    assert sealed != sealer.seal(name, value)
    assert len(value) < 4 or value not in sealed


def test_every_bit_counts(sealer: Sealer) -> None:
    sealed = sealer.seal(NAME, VALUE)

    for bit in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NotSealedError):
            sealer.open(NAME, bytes(changed))
    for length in range(len(sealed)):
        with pytest.raises(NotSealedError):
            sealer.open(NAME, sealed[:length])


def test_a_value_opens_under_its_own_name_alone(sealer: Sealer) -> None:
    with pytest.raises(NotSealedError):
        sealer.open("another-name", sealer.seal(NAME, VALUE))


def test_nobody_without_the_secret_can_seal(sealer: Sealer) -> None:
    with pytest.raises(NotSealedError):
        sealer.open(NAME, Sealer([NEW]).seal(NAME, VALUE))
    with pytest.raises(ValueError, match="without a secret"):
        Sealer([])


def test_a_secret_is_changed_while_both_are_known() -> None:
    before, between, after = Sealer([OLD]), Sealer([OLD, NEW]), Sealer([NEW, OLD])

    for seals in (before, between, after):
        for opens in (between, after):
            assert opens.open(NAME, seals.seal(NAME, VALUE)) == VALUE
    with pytest.raises(NotSealedError):
        Sealer([NEW]).open(NAME, before.seal(NAME, VALUE))


def test_a_digest_is_the_same_for_all_who_have_the_secret_and_for_one_purpose(
    sealer: Sealer,
) -> None:
    digest = sealer.digest("tab", b"token")

    assert digest == Sealer([OLD, NEW]).digest("tab", b"token")
    assert digest not in {
        Sealer([NEW]).digest("tab", b"token"),
        sealer.digest("answer", b"token"),
        sealer.digest("tab", b"another token"),
    }
