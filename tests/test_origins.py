"""What is said of pages that were opened at an address that is not the app's own."""

import pytest

from clerk_tinybird_app.serving.origins import stranger

OWN = ("https://app.example.com", "https://example.com:8443")


@pytest.mark.parametrize("origin", OWN)
def test_the_apps_own_pages_are_no_strangers(origin: str) -> None:
    assert stranger(origin, OWN) is None


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        ("http://app.example.com", "Redirect http to https"),
        ("https://app.example.com:444", "the app knows https://app.example.com alone"),
        ("https://example.com", "Put the address that users see into CLERK_AUTHORIZED_PARTIES"),
        ("https://www.example.com", "If it is yours, add it to CLERK_AUTHORIZED_PARTIES"),
        ("null", "an origin that is no address"),
        ("https://evil.example\r\nforged", "none of the app's own origins"),
        ("", "an origin that is no address"),
    ],
)
def test_a_stranger_is_told_with_what_to_do(origin: str, words: str) -> None:
    said = stranger(origin, OWN)

    assert said is not None
    assert words in said
    assert said.isprintable()
