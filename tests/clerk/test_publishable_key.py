"""What a publishable key says about its instance."""

import base64

import pytest

from clerk_tinybird_app.clerk.publishable_key import PublishableKey


def key(decoded: str, prefix: str = "pk_test_") -> str:
    return prefix + base64.b64encode(decoded.encode()).decode()


def test_a_test_key_names_its_instance() -> None:
    parsed = PublishableKey.parse("pk_test_Y2xlcmsubG9jYWxob3N0LnRlc3Qk")

    assert parsed.value == "pk_test_Y2xlcmsubG9jYWxob3N0LnRlc3Qk"
    assert parsed.host == "clerk.localhost.test"
    assert not parsed.is_live
    assert parsed.issuer == "https://clerk.localhost.test"
    assert parsed.jwks_url == "https://clerk.localhost.test/.well-known/jwks.json"


def test_a_live_key_is_live() -> None:
    assert PublishableKey.parse(key("clerk.example.com$", "pk_live_")).is_live


@pytest.mark.parametrize("host", ["a.clerk.accounts.dev", "ab.clerk.accounts.dev", "x.y"])
def test_padding_may_be_there_or_not(host: str) -> None:
    padded = key(f"{host}$")

    assert PublishableKey.parse(padded).host == host
    assert PublishableKey.parse(padded.rstrip("=")).host == host


# Clerk's own values: packages/shared/src/__tests__/keys.spec.ts in clerk/javascript.
@pytest.mark.parametrize(
    ("value", "suffix"),
    [
        ("pk_live_ZmFrZS1jbGVyay10ZXN0LmNsZXJrLmFjY291bnRzLmRldiQ=", "qReyu04C"),
        ("pk_test_Y2xlcmsuY2xlcmsuZGV2JA", "QvfNY2dr"),
        ("pk_test_ZW5vdWdoLWFscGFjYS04Mi5jbGVyay5hY2NvdW50cy5sY2xjbGVyay5jb20k", "jtYvyt_H"),
        ("pk_test_eHh4eHh4LXhhYWFhYS1hYS5jbGVyay5hY2NvdW50cy5sY2xjbGVyay5jb20k", "tZJdb-5s"),
    ],
)
def test_the_cookie_suffix_is_the_one_of_clerks_sdk(value: str, suffix: str) -> None:
    assert PublishableKey.parse(value).cookie_suffix == suffix


WRONG = {
    "empty": "",
    "secret key": "sk_test_" + "a" * 40,
    "prefix alone": "pk_test_",
    "another prefix": key("clerk.example.com$", "pk_prod_"),
    "no base64": "pk_test_!!!",
    "no dollar": key("clerk.example.com"),
    "two dollars": key("clerk.example.com$$"),
    "nothing but a dollar": key("$"),
    "no dot": key("localhost$"),
    "a port": key("clerk.example.com:8443$"),
    "a path": key("clerk.example.com/evil$"),
    "a user": key("clerk.example.com@evil.example$"),
    "a line break": key("clerk.example.com\n$"),
    "an empty label": key("clerk..com$"),
    "a dash first": key("-clerk.example.com$"),
    "no ASCII": key("cl\u00e9rk.example.com$"),
    "a letter that only looks like k": key("cler\u212a.example.com$"),
    "a no-break space before it": "\xa0" + key("clerk.example.com$"),
    "a line break behind it": key("clerk.example.com$") + "\n",
    "letters of full width": key("clerk.example.com$", "\uff50\uff4b_test_"),
    "a remark behind it": key("clerk.example.com$") + " # mine",
    "three paddings": "pk_test_Y2xlcmsuZXhhbXBsZS5jb20k===",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_anything_else_is_refused_with_help_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="CLERK_PUBLISHABLE_KEY") as caught:
        PublishableKey.parse(text)

    assert "pk_test_" in str(caught.value)
    assert "Dashboard" in str(caught.value)
    assert text in ("", "pk_test_") or text not in str(caught.value)
    assert caught.value.__context__ is None
