"""Tenants of one's own that joined the story, such as a new organization without rows."""

import json
import os
import secrets
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local.tinybird.demo.story import Tenant

_REGIONS: Final = ("eu-west-1", "us-east-1")
_PER_SECOND: Final = 0.03
"""About 85,000 requests in two months: enough for every chart, and there within seconds."""


class SampleTenants:
    """The tenants that got sample traffic, kept so that it goes on after a restart.

    Args:
        data: The data folder; the file stands beside it, ``<its name>-samples.json``.
    """

    def __init__(self, data: Path) -> None:
        self._file = data.with_name(f"{data.name}-samples.json")

    def all(self) -> list[Tenant]:
        """Return the tenants, in the order in which they joined."""
        return [sample_tenant(*ids) for ids in self._read()]

    def keep(self, tenant_id: str, user_id: str) -> None:
        """Remember a tenant; harmless twice."""
        kept = [ids for ids in self._read() if ids[0] != tenant_id]
        draft = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps([*kept, (tenant_id, user_id)]), encoding="utf-8")
        os.replace(draft, self._file)

    def _read(self) -> list[tuple[str, str]]:
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            return [(str(tenant_id), str(user_id)) for tenant_id, user_id in kept]
        except (OSError, ValueError, TypeError):
            # Without it, sample traffic stops; nothing else is lost.
            return []


def sample_tenant(tenant_id: str, user_id: str) -> Tenant:
    """Return a small tenant with one user."""
    return Tenant(
        tenant_id, (user_id,), _REGIONS, per_second=_PER_SECOND, growth=2, incident_hours=48
    )
