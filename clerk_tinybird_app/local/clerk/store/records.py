"""The records of the database as frozen classes; times are milliseconds since the epoch."""

import secrets
import string
from dataclasses import dataclass
from typing import Final

ACTIVE: Final = "active"
_ALPHABET: Final = string.ascii_letters + string.digits
_LENGTH: Final = 27


@dataclass(frozen=True)
class User:
    """A person with one verified e-mail address."""

    id: str
    email_id: str
    email: str
    password_hash: str
    first_name: str | None
    last_name: str | None
    created_at: int
    updated_at: int
    last_sign_in_at: int | None


@dataclass(frozen=True)
class Organization:
    """A tenant."""

    id: str
    name: str
    slug: str
    created_at: int
    updated_at: int
    members_count: int


@dataclass(frozen=True)
class Membership:
    """The membership of a user in an organization."""

    id: str
    role: str
    created_at: int
    updated_at: int
    organization: Organization
    user: User


@dataclass(frozen=True)
class Client:
    """One browser."""

    id: str
    sign_in_id: str | None
    sign_up_id: str | None
    last_active_session_id: str | None
    created_at: int
    updated_at: int


@dataclass(frozen=True)
class Session:
    """A session of a user on one client."""

    id: str
    client_id: str
    user_id: str
    status: str
    organization_id: str | None
    created_at: int
    last_active_at: int
    expire_at: int
    user_agent: str

    def is_live(self, now: int) -> bool:
        """Tell whether it is valid at ``now``."""
        return self.status == ACTIVE and now < self.expire_at


@dataclass(frozen=True)
class SignIn:
    """An attempt to sign in; ``strategy`` is the prepared factor."""

    id: str
    client_id: str
    user_id: str | None
    identifier: str | None
    strategy: str | None
    session_id: str | None
    created_at: int


@dataclass(frozen=True)
class SignUp:
    """An attempt to sign up; ``prepared``: a code was requested; ``verified``: it was right."""

    id: str
    client_id: str
    email: str | None
    password_hash: str | None
    first_name: str | None
    last_name: str | None
    prepared: bool
    verified: bool
    user_id: str | None
    session_id: str | None
    created_at: int


def new_id(prefix: str) -> str:
    """Return a new random id such as ``user_2fQ...`` (160 bits)."""
    return f"{prefix}_{''.join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))}"
