"""A product of the check's own tests: customers, their hits, and plans that all may know."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.clerk.session_kinds import SessionKind, alone, member_of
from clerk_tinybird_app.dashboard.declaration import Dashboard
from clerk_tinybird_app.products import Product, Words
from clerk_tinybird_app.tinybird.policy import Policy, Scope, Tenant

TENANT = Tenant(parameter="customer_id", column="customer")
MEMBER, ADMIN = member_of("org:member"), member_of("org:admin")
KINDS = (MEMBER, ADMIN, alone())

HITS = """
SCHEMA >
    `at` DateTime `json:$.at`,
    `customer` String `json:$.customer`,
    `person` LowCardinality(String) `json:$.person`,
    `amount` UInt32 `json:$.amount`

ENGINE "MergeTree"
ENGINE_SORTING_KEY "customer, at"
"""
PLANS = """
SCHEMA >
    `plan` String `json:$.plan`,
    `price` UInt32 `json:$.price`

ENGINE "MergeTree"
ENGINE_SORTING_KEY "plan"
"""

OWN = "customer = {{ String(customer_id) }}"
TOTAL = f"SELECT count() AS hits, sum(amount) AS paid FROM hits WHERE {OWN}"
LATEST = f"SELECT at, customer, person, amount FROM hits WHERE {OWN} ORDER BY at DESC LIMIT 20"
SAFE = {"total": TOTAL, "latest": LATEST}


class Scopes:
    """A policy's ``scopes``: some pipes for everybody, some for admins alone."""

    def __init__(self, everybody: tuple[str, ...], admins: tuple[str, ...]) -> None:
        self.everybody = everybody
        self.admins = admins

    def __call__(self, session: ClerkSession) -> Iterator[Scope]:
        fixed = {TENANT.parameter: tenant(session), "person_id": session.user_id}
        granted = self.everybody + (self.admins if session.has_role("org:admin") else ())
        return (Scope(pipe, fixed) for pipe in granted)


def tenant(session: ClerkSession) -> str:
    return session.organization.id if session.organization else session.user_id


def write_project(folder: Path, pipes: Mapping[str, str] = SAFE) -> Path:
    """Write a project with these endpoints; SQL that has its own NODE lines stands as it is."""
    files = {"hits.datasource": HITS, "plans.datasource": PLANS}
    for name, sql in pipes.items():
        files[f"{name}.pipe"] = (
            sql if "NODE" in sql else f"NODE a\nSQL >\n    %\n    {sql}\nTYPE endpoint\n"
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text.lstrip())
    return folder


def product(
    project: Path,
    everybody: tuple[str, ...] = tuple(SAFE),
    admins: tuple[str, ...] = (),
    *,
    kinds: tuple[SessionKind, ...] = KINDS,
    policy: Policy | None = None,
) -> Product:
    own = Policy(tenant=TENANT, tenant_of=tenant, granted=Scopes(everybody, admins), kinds=kinds)
    newest = next(iter((*everybody, *admins, "none")))
    return Product(
        package="tests.check.product",
        policy=policy or own,
        dashboard=Dashboard(
            title="Hits",
            newest=newest,
            panels=(),
        ),
        words=Words(
            name="Hits",
            tagline="",
            welcome="",
            invitation="",
            empty_title="",
            empty_text="",
            event_source="hits",
            event={},
        ),
        sample=None,
        project=project,
    )
