"""The embedded Clerk instance: its names, its limits, and its roles and permissions.

There are two roles and one feature, ``requests``. Clerk's components use the system permissions of
a role (``org:sys_...``). As with Clerk, these are never in a token.
"""

from dataclasses import dataclass
from typing import Final

ISSUER: Final = "https://clerk.localhost.test"
"""The ``iss`` of its session tokens. Nothing is fetched from this address."""

PUBLISHABLE_KEY: Final = "pk_test_Y2xlcmsubG9jYWxob3N0LnRlc3Qk"
"""``pk_test_`` and base64 of the host and ``$``. For this host the SDK uses no dev browser."""

EMAIL_CODE: Final = "424242"
"""The code of every e-mail, as in Clerk's test mode. No e-mail is sent."""

TOKEN_LIFETIME_SECONDS: Final = 60
SESSION_LIFETIME_MS: Final = 7 * 24 * 60 * 60 * 1000

CLIENT_COOKIE: Final = "__client"
CLIENT_COOKIE_SECONDS: Final = 365 * 24 * 60 * 60

MIN_PASSWORD_LENGTH: Final = 8
MAX_PASSWORD_LENGTH: Final = 72
MAX_NAME_LENGTH: Final = 256


SYSTEM_PREFIX: Final = "org:sys_"


@dataclass(frozen=True)
class Role:
    """One role of the instance; ``permissions`` are in the order of the tokens."""

    key: str
    name: str
    description: str
    permissions: tuple[str, ...]


ADMIN: Final = Role(
    key="org:admin",
    name="Admin",
    description="Manages the organization and its members",
    permissions=(
        "org:requests:manage",
        "org:requests:read",
        "org:sys_profile:manage",
        "org:sys_profile:delete",
        "org:sys_memberships:read",
        "org:sys_memberships:manage",
        "org:sys_domains:read",
        "org:sys_domains:manage",
    ),
)
MEMBER: Final = Role(
    key="org:member",
    name="Member",
    description="Reads the organization's requests",
    permissions=("org:requests:read", "org:sys_memberships:read"),
)
ROLES: Final = {role.key: role for role in (ADMIN, MEMBER)}


@dataclass(frozen=True)
class Grants:
    """The custom permissions of a role in the format of claims v2.

    Attributes:
        features: The value of ``fea``, such as ``o:requests``.
        permissions: The value of ``o.per``: all verbs, such as ``manage,read``.
        masks: The value of ``o.fpm``: the verbs of each feature as bits, the lowest first.
    """

    features: str
    permissions: str
    masks: str


def grants_of(role: Role) -> Grants:
    """Encode ``role`` so that Clerk's decoder (``jwtPayloadParser``) returns the same order."""
    custom = [p.split(":") for p in role.permissions if not p.startswith(SYSTEM_PREFIX)]
    features = list(dict.fromkeys(feature for _, feature, _ in custom))
    verbs = list(dict.fromkeys(verb for _, _, verb in custom))
    held = {(feature, verb) for _, feature, verb in custom}
    masks = (sum(1 << i for i, verb in enumerate(verbs) if (f, verb) in held) for f in features)
    return Grants(
        features=",".join(f"o:{feature}" for feature in features),
        permissions=",".join(verbs),
        masks=",".join(map(str, masks)),
    )
