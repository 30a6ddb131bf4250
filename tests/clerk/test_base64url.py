"""Each value has only one accepted spelling, as RFC 7515 requires."""

import pytest

from clerk_tinybird_app.clerk import jws


@pytest.mark.parametrize(
    ("text", "data"),
    [
        # RFC 7515, appendix C
        (b"A-z_4ME", bytes([3, 236, 255, 224, 193])),
        (b"AA", b"\x00"),
        (b"_w", b"\xff"),
        (b"AAA", b"\x00\x00"),
        (b"__8", b"\xff\xff"),
        (b"____", b"\xff\xff\xff"),
        (b"Zm9vYg", b"foob"),
        (b"Zm9vYmE", b"fooba"),
        (b"Zm9vYmFy", b"foobar"),
    ],
)
def test_a_canonical_text_is_decoded(text: bytes, data: bytes) -> None:
    assert jws.decode_base64url(text) == data


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"A", b"AAAAA", b"Zm9vYg==", b"Zm9vYmE=", b"Zm9v=", b"=", b"===="),
        *(b"Zm9v\n", b" Zm9v", b"Zm 9v", b"Zm9v\x00", b"+/AA", b"A.AA", b"\xff\xff\xff\xff"),
        *(b"AB", b"Zm9vYh", b"Zm9vYv", b"AAB", b"Zm9vYmF", b"Zm9vYmH"),
    ],
)
def test_any_other_text_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="strict base64url"):
        jws.decode_base64url(text)
