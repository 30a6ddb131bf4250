"""The local accounts and organizations, with the same ids on every machine.

The ids are constants, because other local data uses them, such as the rows of these tenants.
"""

import sqlite3
from dataclasses import dataclass
from typing import Final

from clerk_tinybird_app.local.clerk.instance import ADMIN, MEMBER
from clerk_tinybird_app.local.clerk.passwords import hash_password
from clerk_tinybird_app.local.clerk.store import accounts

PASSWORD: Final = "tinybird-demo"

ACME_ID: Final = "org_2RwC6lguZd9HmihUdyYghiIpd6M"
GLOBEX_ID: Final = "org_2FSwcVLLIhtuzmJnSJEazI9DrOl"

ACME_ADMIN_ID: Final = "user_28cBh0D7SkUWxB22rr4sAZ3jnV7"
ACME_MEMBER_ID: Final = "user_264kDFQKIZY3PIzMULPbWQfZdAU"
GLOBEX_ADMIN_ID: Final = "user_2z8Vhee9t4gzS39IR0ATg6CkTT4"
SOLO_ID: Final = "user_2WeSWIRd0dTXWARhnJqUMFqJU0n"


@dataclass(frozen=True)
class SeedOrganization:
    """An organization that exists from the first start."""

    id: str
    name: str
    slug: str


@dataclass(frozen=True)
class Account:
    """A local account; ``roles`` has pairs of organization id and role, the default first."""

    user_id: str
    email: str
    first_name: str
    last_name: str
    description: str
    roles: tuple[tuple[str, str], ...]


ORGANIZATIONS: Final = (
    SeedOrganization(ACME_ID, "Acme", "acme"),
    SeedOrganization(GLOBEX_ID, "Globex", "globex"),
)

ACCOUNTS: Final = (
    Account(
        user_id=ACME_ADMIN_ID,
        email="admin@acme.test",
        first_name="Maya",
        last_name="Lindqvist",
        description="admin of Acme, member of Globex",
        roles=((ACME_ID, ADMIN.key), (GLOBEX_ID, MEMBER.key)),
    ),
    Account(
        user_id=ACME_MEMBER_ID,
        email="member@acme.test",
        first_name="Jonas",
        last_name="Weber",
        description="member of Acme",
        roles=((ACME_ID, MEMBER.key),),
    ),
    Account(
        user_id=GLOBEX_ADMIN_ID,
        email="admin@globex.test",
        first_name="Priya",
        last_name="Raman",
        description="admin of Globex",
        roles=((GLOBEX_ID, ADMIN.key),),
    ),
    Account(
        user_id=SOLO_ID,
        email="solo@example.test",
        first_name="Sam",
        last_name="Okafor",
        description="no organization",
        roles=(),
    ),
)


def seed(db: sqlite3.Connection, now: int) -> None:
    """Fill an empty database with the local organizations and accounts."""
    for organization in ORGANIZATIONS:
        accounts.add_organization(
            db,
            organization_id=organization.id,
            name=organization.name,
            slug=organization.slug,
            now=now,
        )
    for account in ACCOUNTS:
        accounts.add_user(
            db,
            user_id=account.user_id,
            email=account.email,
            password_hash=hash_password(PASSWORD),
            first_name=account.first_name,
            last_name=account.last_name,
            now=now,
        )
        for organization_id, role in account.roles:
            accounts.add_membership(db, organization_id, account.user_id, role, now)
