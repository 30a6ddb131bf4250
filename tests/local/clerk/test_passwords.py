"""Stored passwords."""

import pytest

from clerk_tinybird_app.local.clerk.passwords import hash_password, verify_password

REAL_COST = 2**14


def test_a_password_is_hashed_at_its_real_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clerk_tinybird_app.local.clerk.passwords.COST", REAL_COST)
    stored = hash_password("secret")
    assert stored.startswith(f"scrypt${REAL_COST}$8$")
    assert verify_password("secret", stored)
    assert not verify_password("Secret", stored)


def test_equal_passwords_have_different_hashes() -> None:
    assert hash_password("secret") != hash_password("secret")


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "secret",
        "plain$1$1$x$secret",
        "scrypt$x$8$AA==$AA==",
        "scrypt$2$8$AA==$not base64",
        "$$$$",
    ],
)
def test_a_damaged_hash_matches_no_password(stored: str) -> None:
    assert not verify_password("secret", stored)
