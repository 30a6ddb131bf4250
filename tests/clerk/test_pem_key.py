"""A key from the settings, in the formats that people write it in."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from clerk_tinybird_app.clerk.keys import PemKey
from tests.clerk.tokens import pem, private_key

SPELLINGS = {
    "as it is": pem(),
    "backslash n": pem().replace("\n", "\\n"),
    "line breaks of Windows": pem().replace("\n", "\r\n"),
    "no line breaks": pem().replace("\n", ""),
    "spaces for line breaks": pem().replace("\n", " "),
    "space around it": f"\n  {pem()}\n",
}


@pytest.mark.anyio
@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
async def test_a_key_is_read_however_its_lines_are_broken(text: str) -> None:
    key = await PemKey(text).get("any")

    assert key.public_numbers() == private_key().public_key().public_numbers()


@pytest.mark.anyio
async def test_the_key_is_parsed_once_and_asks_for_no_name() -> None:
    keys = PemKey(pem())

    assert await keys.get(None) is await keys.get("ins_other")


def spki(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_pem() -> str:
    return (
        private_key()
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode()
        .replace("PRIVATE", "PUBLIC")
    )


WRONG = {
    "empty": "",
    "a secret key": "sk_test_abc",
    "header alone": "-----BEGIN PUBLIC KEY-----",
    "nothing between": "-----BEGIN PUBLIC KEY-----\n\n-----END PUBLIC KEY-----",
    "no base64": "-----BEGIN PUBLIC KEY-----\n!!!\n-----END PUBLIC KEY-----",
    "no key": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
    "two keys": pem() + pem(private_key("evil")),
    "a remark behind it": pem() + "# mine",
    "cut off": pem()[:200] + "\n-----END PUBLIC KEY-----",
    "1024 bits": spki(private_key("short", 1024)),
    "elliptic curve": spki(ec.generate_private_key(ec.SECP256R1())),
    "private key": private_pem(),
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_anything_else_is_refused_with_help_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="CLERK_JWT_KEY") as caught:
        PemKey(text)

    assert "Dashboard" in str(caught.value)
    assert not text or text not in str(caught.value) or text.startswith("-----BEGIN PUBLIC KEY")
    assert caught.value.__suppress_context__
