"""How version 2 of Clerk's session token packs an organization's permissions.

The source is Clerk's own JavaScript, `packages/shared/src/jwtPayloadParser.ts` and
`splitByScope` in `authorization.ts`, both in the repository clerk/javascript. Clerk's Python
package differs: it counts the user's features too, and so shifts the permissions.
"""

import re
from typing import Final

_ORGANIZATION_SCOPES: Final = frozenset({"o", "ou", "uo"})

# 600 digits hold some 2,000 permissions, and Python never refuses to read as few.
_MASK: Final = re.compile(r"[0-9]{1,600}")


def is_feature_list(fea: str) -> bool:
    """Say whether every entry of the claim `fea` has a scope, as in "o:posts,u:darkmode"."""
    return not fea or all(":" in entry for entry in fea.split(","))


def decode_permissions(fea: str, per: str, fpm: str) -> tuple[str, ...]:
    """Unpack the permissions in the active organization.

    Args:
        fea: The features with their scopes, such as "o:posts,u:darkmode,uo:reports".
        per: The names of permissions, such as "read,write".
        fpm: For each feature of the organization a decimal number, whose lowest bit stands for
            the first name in `per`, such as "3,1".

    Returns:
        Such as ("org:posts:read", "org:posts:write", "org:reports:read"). A number that is none
        grants nothing, nor does a list of features with an entry that has no scope.
    """
    if not per or not fpm or not is_feature_list(fea):
        return ()
    names = [name.strip(" ") for name in per.split(",")]
    masks = [_mask(number.strip(" ")) for number in fpm.split(",")]
    return tuple(
        f"org:{feature}:{name}"
        for feature, mask in zip(_organization_features(fea), masks, strict=False)
        for bit, name in enumerate(names[: mask.bit_length()])
        if mask >> bit & 1
    )


def _organization_features(fea: str) -> list[str]:
    entries = (entry.strip(" ").partition(":") for entry in fea.split(","))
    return [feature for scope, _, feature in entries if scope in _ORGANIZATION_SCOPES]


def _mask(number: str) -> int:
    return int(number) if _MASK.fullmatch(number) else 0
