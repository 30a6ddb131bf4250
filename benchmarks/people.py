"""More people of the seeded organizations, so that many dashboards are open at once.

A Tinybird token's rate is counted per user, so each dashboard has a user of its own.
"""

import sqlite3
import time
from itertools import cycle
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local.clerk import EmbeddedClerk
from clerk_tinybird_app.local.clerk.instance import MEMBER
from clerk_tinybird_app.local.clerk.seed import ORGANIZATIONS
from clerk_tinybird_app.local.clerk.store import accounts
from clerk_tinybird_app.local.clerk.store.database import Database

_DATABASE: Final = "clerk.sqlite3"
_MILLISECONDS: Final = 1_000
# No password has this hash: these people sign in through ``EmbeddedClerk.issue`` alone.
_NO_PASSWORD: Final = ""


class People:
    """People of the organizations in turn, added as they are needed; a context that lets go.

    Args:
        folder: The ``.local`` folder of an app that has started.
        origin: The page their session tokens are for.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        self._database = Database(folder / _DATABASE, _never)
        self._clerk = EmbeddedClerk(folder, origins=(origin,))

    def __enter__(self) -> "People":
        return self

    def __exit__(self, *_: object) -> None:
        self._clerk.close()
        self._database.close()

    def session_tokens(self, count: int) -> list[str]:
        """Sign ``count`` people in, each in their organization; a token lives for a minute."""
        people = [
            (_email(number), organization)
            for number, organization in zip(range(count), cycle(ORGANIZATIONS), strict=False)
        ]
        with self._database.transaction(write=True) as db:
            for email, organization in people:
                if accounts.user_by_email(db, email) is None:
                    _add(db, email, organization.id)
        return [self._clerk.issue(email, organization.slug) for email, organization in people]


def _email(number: int) -> str:
    return f"dashboard-{number}@bench.test"


def _add(db: sqlite3.Connection, email: str, organization_id: str) -> None:
    now = int(time.time() * _MILLISECONDS)
    user = accounts.add_user(
        db, email=email, password_hash=_NO_PASSWORD, first_name=None, last_name=None, now=now
    )
    accounts.add_membership(db, organization_id, user.id, MEMBER.key, now)


def _never(db: sqlite3.Connection) -> None:
    raise ValueError("the app has made the database long ago")
