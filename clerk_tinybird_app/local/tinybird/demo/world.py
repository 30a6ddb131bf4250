"""A product's sample and the tenants whose rows are made up: the local accounts, and newcomers."""

import importlib
import itertools
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.clerk.session_kinds import alone, member_of
from clerk_tinybird_app.local.clerk.seed import ACCOUNTS
from clerk_tinybird_app.local.kept_file import keep
from clerk_tinybird_app.sample.timeline import Tenant
from clerk_tinybird_app.sample.vocabulary import Sample


@dataclass(frozen=True)
class World:
    """What is made up.

    The ``file`` is where the product's sample is declared, for whoever has to change it; the
    ``tenants`` are those of the local accounts, the busiest first.
    """

    sample: Sample
    file: str
    tenant_column: str
    tenants: tuple[Tenant, ...]

    @classmethod
    def of(cls, package: str) -> "World":
        """Return the world of a product that has a ``sample.py``, by its package's name."""
        sample, policy = (importlib.import_module(f"{package}.{n}") for n in ("sample", "policy"))
        tenants = _tenants(sample.SAMPLE, policy.tenant)
        file = os.path.relpath(str(sample.__file__))
        return cls(sample.SAMPLE, file, policy.TENANT.column, tenants)

    def newcomer(self, tenant_id: str, user_id: str) -> Tenant:
        """Return a tenant with one user that asks for sample rows."""
        return Tenant(tenant_id, (user_id,), self.sample.newcomer)


def _tenants(sample: Sample, tenant_of: Callable[[ClerkSession], str]) -> tuple[Tenant, ...]:
    """Return the tenants that the local accounts belong to, as the product's policy says."""
    sessions = [
        (place, (member_of(role) if role else alone()).session(account.user_id, organization))
        for account in ACCOUNTS
        for place, (organization, role) in enumerate(account.roles or (("", ""),))
    ]
    users: dict[str, dict[str, None]] = {}
    # Those first whose own place a tenant is, then its guests.
    for _, session in sorted(sessions, key=lambda one: one[0]):
        users.setdefault(tenant_of(session), {})[session.user_id] = None
    paces = itertools.chain([sample.busy], itertools.repeat(sample.quiet))
    return tuple(
        Tenant(tenant, tuple(own), sample.alone if set(own) == {tenant} else next(paces))
        for tenant, own in users.items()
    )


class Newcomers:
    """Tenants that got sample rows, kept beside the data folder for the next start."""

    def __init__(self, data: Path) -> None:
        self._file = data.with_name(f"{data.name}-samples.json")

    def all(self) -> list[tuple[str, str]]:
        """Return tenant's and user's ids, in the order in which they came."""
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            return [(str(tenant_id), str(user_id)) for tenant_id, user_id in kept]
        except (OSError, ValueError, TypeError):
            # Without it, sample traffic stops; nothing else is lost.
            return []

    def keep(self, tenant_id: str, user_id: str) -> None:
        """Remember a tenant; harmless twice."""
        kept = [ids for ids in self.all() if ids[0] != tenant_id]
        keep(self._file, json.dumps([*kept, (tenant_id, user_id)]).encode())
