"""In which places of a request a session token is searched, and in which not."""

import pytest
from starlette.datastructures import Headers

from clerk_tinybird_app.clerk.credentials import session_token
from clerk_tinybird_app.clerk.errors import SessionMalformedError

SUFFIX = "QvfNY2dr"


def headers(*pairs: tuple[str, str]) -> Headers:
    return Headers(raw=[(name.encode(), value.encode("latin-1")) for name, value in pairs])


def bearer(value: str) -> tuple[str, str]:
    return ("authorization", value)


def cookie(value: str) -> tuple[str, str]:
    return ("cookie", value)


# White space for `str.strip`, but not in RFC 9110.
NO_WHITE_SPACE = "\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0"

FOUND: dict[str, tuple[list[tuple[str, str]], str | None]] = {
    "nothing": ([], None),
    "bearer": ([bearer("Bearer a.b.c")], "a.b.c"),
    "bearer in small letters": ([bearer("bearer a.b.c")], "a.b.c"),
    "bearer and more spaces": ([bearer("Bearer   a.b.c")], "a.b.c"),
    "plain cookie": ([cookie("__session=a.b.c")], "a.b.c"),
    "suffixed cookie": ([cookie("__session_QvfNY2dr=a.b.c")], "a.b.c"),
    "cookies of others around it": ([cookie("x=1; __session=a.b.c; y=2")], "a.b.c"),
    "no space between cookies": ([cookie("x=1;__session=a.b.c;y=2")], "a.b.c"),
    "cookies in two headers": ([cookie("x=1"), cookie("__session=a.b.c")], "a.b.c"),
    "one cookie sent twice": ([cookie("__session=a.b.c; __session=a.b.c")], "a.b.c"),
    "bearer before cookies": (
        [cookie("__session=cookie; __session_QvfNY2dr=cookie"), bearer("Bearer header")],
        "header",
    ),
    "suffixed before plain": ([cookie("__session=plain; __session_QvfNY2dr=own")], "own"),
    "suffixed emptied": ([cookie("__session_QvfNY2dr=; __session=plain")], "plain"),
    "plain emptied": ([cookie("__session=")], None),
    "planted before": ([cookie("__session_evil=evil; __session=a.b.c")], "a.b.c"),
    "planted after": ([cookie("__session=a.b.c; __session_evil=evil")], "a.b.c"),
    "planted alone": ([cookie("__session_evil=evil")], None),
    "another instance's suffix": ([cookie("__session_Xv5aG7Vq=evil")], None),
    "a name that ends as ours": ([cookie("x__session=evil")], None),
    "a tab between cookies": ([cookie("x=1;\t__session=a.b.c\t;y=2")], "a.b.c"),
    **{
        f"U+{ord(char):04X} before the name": ([cookie(f"x=1;{char}__session=evil")], None)
        for char in NO_WHITE_SPACE
    },
    **{
        f"U+{ord(char):04X} after the name": ([cookie(f"__session{char}=evil")], None)
        for char in NO_WHITE_SPACE
    },
    **{
        f"U+{ord(char):04X} after the value": (
            [cookie(f"__session=a.b.c{char}")],
            f"a.b.c{char}",
        )
        for char in NO_WHITE_SPACE
    },
    "a name in capitals": ([cookie("__SESSION=evil")], None),
    "a suffix in other letters": ([cookie("__session_qvfny2dr=evil")], None),
    "a name without a value": ([cookie("__session")], None),
    "a value with an equals sign": ([cookie("x=__session=evil")], None),
    "a header of another name": ([("x-authorization", "Bearer evil")], None),
}


@pytest.mark.parametrize(("sent", "token"), FOUND.values(), ids=FOUND)
def test_a_token_is_found_only_where_it_belongs(
    sent: list[tuple[str, str]], token: str | None
) -> None:
    assert session_token(headers(*sent), SUFFIX) == token


REFUSED: dict[str, list[tuple[str, str]]] = {
    "two Authorization headers": [bearer("Bearer a"), bearer("Bearer b")],
    "the same one twice": [bearer("Bearer a"), bearer("Bearer a")],
    "two joined by a proxy": [bearer("Bearer a, Bearer b")],
    "basic": [bearer("Basic dXNlcjpwYXNz")],
    "no scheme": [bearer("a.b.c")],
    "an empty header": [bearer("")],
    "an empty bearer": [bearer("Bearer")],
    "a blank bearer": [bearer("Bearer ")],
    "a tab": [bearer("Bearer\ta.b.c")],
    **{f"U+{ord(char):04X}": [bearer(f"Bearer{char}a.b.c")] for char in NO_WHITE_SPACE},
    **{
        f"U+{ord(char):04X} after the token": [bearer(f"Bearer a.b.c{char}")]
        for char in NO_WHITE_SPACE
    },
    "two tokens": [bearer("Bearer a b")],
    "a scheme that begins as ours": [bearer("BearerX a")],
    "no ASCII": [bearer("Bearer \xe9")],
    "two plain cookies": [cookie("__session=a; __session=b")],
    "two plain cookies in two headers": [cookie("__session=a"), cookie("__session=b")],
    "two suffixed cookies": [cookie("__session_QvfNY2dr=a; __session_QvfNY2dr=b")],
    "one of two emptied": [cookie("__session=; __session=b")],
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_a_doubtful_credential_is_refused(sent: list[tuple[str, str]]) -> None:
    with pytest.raises(SessionMalformedError):
        session_token(headers(*sent), SUFFIX)


@pytest.mark.parametrize(
    "sent", [value for name, value in REFUSED.items() if "cookie" not in name and name != "x"]
)
def test_a_doubtful_header_never_falls_through_to_a_cookie(sent: list[tuple[str, str]]) -> None:
    with pytest.raises(SessionMalformedError):
        session_token(headers(*sent, cookie("__session=a.b.c")), SUFFIX)
