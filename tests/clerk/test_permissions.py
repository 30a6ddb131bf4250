"""The packed permissions of version 2, against Clerk's own JavaScript."""

import pytest

from clerk_tinybird_app.clerk.claims import decode_permissions

# The first four rows were worked by running the npm function; the rest are the cases that
# packages/shared/src/__tests__/jwtPayloadParser.spec.ts in clerk/javascript names.
ROWS = [
    (
        "o:posts,o:reports",
        "read,write,delete",
        "7,1",
        "posts:read posts:write posts:delete reports:read",
    ),
    (
        "o:dashboards,o:exports,o:posts",
        "read,manage,create",
        "3,4,1",
        "dashboards:read dashboards:manage exports:create posts:read",
    ),
    (
        "u:darkmode,o:posts,uo:reports",
        "read,write",
        "2,3",
        "posts:write reports:read reports:write",
    ),
    ("o:posts,o:reports", "read", "0,9", "reports:read"),
    ("ou:members,u:other", "read,manage", "3,0", "members:read members:manage"),
    ("o:a,o:b,o:c", "manage,read,update", "6,0,3", "a:read a:update c:manage c:read"),
    ("o:a,o:b", "read", "1", "a:read"),
    ("o:a", "read", "1,1", "a:read"),
    ("u:a,u:b", "read", "1,1", ""),
    ("o:a, o:b", " read , write ", " 1, 2 ", "a:read b:write"),
    ("o:a:b", "read", "1", "a:b:read"),
    ("x:a,O:b,org:c", "read", "1,1,1", ""),
    ("", "read", "1", ""),
    ("o:a", "", "1", ""),
    ("o:a", "read", "", ""),
    ("o:a", "read", "0", ""),
    ("o:a", "read", "2", ""),
    ("o:a,b,o:c", "read", "1,1,1", ""),
    ("o", "read", "1", ""),
]


@pytest.mark.parametrize(("fea", "per", "fpm", "expected"), ROWS)
def test_permissions_are_decoded_as_clerk_does(fea: str, per: str, fpm: str, expected: str) -> None:
    assert decode_permissions(fea, per, fpm) == tuple(f"org:{name}" for name in expected.split())


@pytest.mark.parametrize(
    "mask", ["1invalid", "-1", "+1", "1.5", "0x1", "1_1", "1e0", "NaN", "\u0661", "9" * 5000]
)
def test_a_mask_that_is_no_number_grants_nothing_and_shifts_nothing(mask: str) -> None:
    assert decode_permissions("o:a,o:b", "read", f"{mask},1") == ("org:b:read",)


def test_a_mask_above_53_bits_is_exact() -> None:
    names = [f"p{index}" for index in range(54)]

    granted = decode_permissions("o:a", ",".join(names), str(2**53 + 1))

    assert granted == ("org:a:p0", "org:a:p53")
