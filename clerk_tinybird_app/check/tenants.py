"""Tenants that have rows, found with the workspace's admin token, and sessions made up for them.

Their ids are customers' data: they are asked with, and never printed.
"""

# ruff: noqa: S608 - every name is quoted, and no value stands in a query

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import httpx

from clerk_tinybird_app.check.answers import get, json_object
from clerk_tinybird_app.check.reads import has_column
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.clerk.session_kinds import NOBODY, NOWHERE, SessionKind
from clerk_tinybird_app.tinybird.policy import Policy
from clerk_tinybird_app.tinybird.project import DataSource, Project
from clerk_tinybird_app.tinybird.token import Workspace

MOST_TENANTS: Final = 4
"""As many are asked for at most, until two of them are answered rows, and not the same."""

_LOOKED_AT: Final = 20
"""Of so many tenants, met first, those with the most rows are taken."""

_MOST_SOURCES: Final = 10


@dataclass(frozen=True)
class KnownTenant:
    """A tenant that has rows.

    Attributes:
        id: As it stands in the tenant's column.
        rows: How many there are.
        user: The id of the user with the most of them, "" where no column holds users.
    """

    id: str = field(repr=False)
    rows: int
    user: str = field(default="", repr=False)


@dataclass(frozen=True)
class Found:
    """The tenants with rows, those with the most first, and what could not be looked at.

    Attributes:
        tenants: At most ``MOST_TENANTS``.
        problems: A sentence for each data source whose tenants could not be had.
    """

    tenants: tuple[KnownTenant, ...]
    problems: tuple[str, ...] = ()


async def find_tenants(
    http: httpx.AsyncClient, workspace: Workspace, policy: Policy, project: Project
) -> Found:
    """Look for tenants in the data sources that have the tenant's column; read-only, bounded."""
    column = policy.tenant.column
    sources = [each for each in project.datasources.values() if has_column(each, column)]
    if not sources:
        return Found((), (f"no data source of the project has the column {column}",))
    users = _user_columns(policy, project)
    known: dict[str, KnownTenant] = {}
    problems = []
    for source in sources[:_MOST_SOURCES]:
        query = {"q": _query(source, column, users)}
        answer = await get(http, f"{workspace.api_url}/v0/sql", workspace.signing_key, query)
        rows = json_object(answer).get("data")
        if not isinstance(rows, list):
            # Tinybird's own words could repeat a value.
            why = answer if isinstance(answer, str) else f"HTTP {answer.status_code}"
            problems.append(f"the tenants of {source.name} cannot be had by /v0/sql ({why})")
            continue
        for tenant in _tenants(rows):
            best = known.get(tenant.id)
            if best is None or tenant.rows > best.rows:
                known[tenant.id] = tenant
    ranked = sorted(known.values(), key=lambda tenant: -tenant.rows)
    return Found(tuple(ranked[:MOST_TENANTS]), tuple(problems))


def session_for(policy: Policy, kind: SessionKind, tenant: KnownTenant) -> ClerkSession | None:
    """Return a session of this kind that belongs to ``tenant``; None when none does."""
    for session in _candidates(policy, kind, tenant):
        try:
            if policy.tenant_of(session) == tenant.id and policy.scopes(session):
                return session
        except Exception:  # noqa: BLE001, S112 - a policy may refuse an id that is not Clerk's
            continue
    return None


def _candidates(policy: Policy, kind: SessionKind, tenant: KnownTenant) -> Iterator[ClerkSession]:
    """Yield sessions that may be of the tenant, by how the policy names that of a made-up one."""
    of_nobody = policy.tenant_of(kind.session())
    for marker in (NOWHERE, NOBODY):
        before, is_in, after = of_nobody.partition(marker)
        inner = tenant.id.removeprefix(before).removesuffix(after)
        if is_in and inner:
            is_organization = marker == NOWHERE
            user = (tenant.user or NOBODY) if is_organization else inner
            yield kind.session(user, inner if is_organization else NOWHERE)


def _user_columns(policy: Policy, project: Project) -> frozenset[str]:
    """Return what may hold users' ids: columns named as, or compared with, a user's parameter."""
    parameters = set(_user_parameters(policy))
    if not parameters:
        return frozenset()
    names = "|".join(map(re.escape, parameters))
    compared = re.compile(rf"`?(\w+)`?\s*=\s*\{{\{{[^}}]*\b(?:{names})\b")
    sql = (node.sql for pipe in project.pipes.values() for node in pipe.nodes)
    return frozenset(parameters.union(*map(compared.findall, sql)))


def _user_parameters(policy: Policy) -> Iterator[str]:
    """Yield the fixed parameters that hold the user's id."""
    for kind in policy.kinds:
        for scope in policy.scopes(kind.session()):
            for name, value in scope.fixed_params.items():
                if value == NOBODY and name != policy.tenant.parameter:
                    yield name


def _query(source: DataSource, column: str, users: Iterable[str]) -> str:
    tenant, table = _quoted(column), _quoted(source.name)
    user = next((_quoted(name) for name in sorted(users) if has_column(source, name)), None)
    member = f"topK(1)(toString({user}))[1]" if user else "''"
    return (
        f"SELECT toString({tenant}) AS tenant, count() AS events, {member} AS member FROM {table} "
        f"WHERE {tenant} IN (SELECT DISTINCT {tenant} FROM {table} "
        f"WHERE toString({tenant}) != '' LIMIT {_LOOKED_AT}) "
        f"GROUP BY tenant ORDER BY events DESC LIMIT {MOST_TENANTS} FORMAT JSON"
    )


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def _tenants(rows: list[object]) -> Iterator[KnownTenant]:
    for row in rows:
        if isinstance(row, dict) and row.get("tenant"):
            user = str(row.get("member") or "")
            yield KnownTenant(str(row["tenant"]), int(row.get("events") or 0), user)
