"""The products that this repository ships, loaded as the app loads them, and asked as it asks."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from clerk_tinybird_app import products
from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.clerk.session_kinds import SessionKind
from clerk_tinybird_app.dashboard.declaration import Records
from clerk_tinybird_app.products import Product
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.tinybird.pipe_request import fields_of
from clerk_tinybird_app.tinybird.project import Project, load_project
from clerk_tinybird_app.tinybird.token import TinybirdToken, Workspace
from tests.local.tinybird.process import Tinybird

ROOT: Final = Path(__file__).parents[2]

CHOICES: Final = {
    "demo": {"APP_PRODUCT": Settings.app_product, "TINYBIRD_PROJECT": Settings.tinybird_project},
    "email": {
        "APP_PRODUCT": "examples.email",
        "TINYBIRD_PROJECT": "examples/email/tinybird",
    },
}
"""Name -> the variables that choose the product."""

FOR_ADMINS: Final[dict[str, set[str]]] = {"demo": set(), "email": {"senders"}}
"""Name -> the pipes that admins may read beside what everybody may."""

Row = dict[str, Any]


def shipped(name: str) -> Product:
    """Return a product that is shipped; its project is found from the top of the repository."""
    return products.load(Settings.from_environ(CHOICES[name]))


def parameters_of(product: Product) -> dict[str, frozenset[str]]:
    """Return pipe -> the parameters that a request may set, as the product's files say."""
    project = load_project(product.project)
    return {
        pipe: frozenset(each.name for each in fields_of(project, pipe, without=fixed))
        for pipe, fixed in product.policy.fixed.items()
    }


@dataclass(frozen=True)
class Answer:
    """What a pipe answered.

    Attributes:
        columns: The columns' names.
        rows: Their values.
    """

    columns: tuple[str, ...]
    rows: list[Row]


@dataclass(frozen=True)
class Shipped:
    """A product whose project is served.

    Attributes:
        name: One of ``CHOICES``.
        product: The product.
        tinybird: What serves its project.
    """

    name: str
    product: Product
    tinybird: Tinybird

    @cached_property
    def project(self) -> Project:
        """The product's Tinybird project, as its files say."""
        return load_project(self.product.project)

    @cached_property
    def fixtures(self) -> list[Row]:
        """The rows that the project's own tests are held to."""
        (file,) = (self.product.project / "fixtures").glob("*.ndjson")
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

    @property
    def tenants(self) -> list[str]:
        """The tenants of the fixtures' rows."""
        return list(dict.fromkeys(row[self.product.policy.tenant.column] for row in self.fixtures))

    def rows_of(self, tenant: str, *, as_tenant: str, user: str) -> Iterable[Row]:
        """Yield the fixtures' rows of a tenant as those of another one's only user."""
        column = self.product.policy.tenant.column
        for row in self.fixtures:
            if row[column] == tenant:
                own = {"user_id": user} if "user_id" in row else {}
                yield row | own | {column: as_tenant}

    def add(self, rows: Iterable[Row]) -> None:
        """Append rows to the product's data source."""
        self.tinybird.add(*rows, name=self.product.words.event_source)

    @cached_property
    def moment(self) -> str:
        """The column that says when a row happened."""
        panels = self.product.dashboard.all_panels
        (at,) = {panel.at for panel in panels if isinstance(panel, Records)}
        return at

    @cached_property
    def period(self) -> dict[str, str]:
        """A period with all of the fixtures' rows in it."""
        board = self.product.dashboard
        times = sorted(row[self.moment] for row in self.fixtures)
        return {board.start: f"{times[0][:10]} 00:00:00", board.end: f"{times[-1][:10]} 23:59:59"}

    def session(self, kind: SessionKind, tenant: str) -> ClerkSession:
        """Return a session of this kind that belongs to a tenant."""
        return kind.session(user_id=tenant, organization_id=tenant)

    def token(self, session: ClerkSession) -> str:
        """Return the Tinybird token that the policy gives a session."""
        place = Workspace(
            api_url=str(self.tinybird.http.base_url),
            workspace_id=self.tinybird.workspace_id,
            signing_key=self.tinybird.key,
            # No test is about the limit.
            rps=0,
        )
        scopes = self.product.policy.scopes(session)
        return TinybirdToken.mint(session, scopes, place, now=time.time()).value

    def ask(self, pipe: str, session: ClerkSession, parameters: Mapping[str, str]) -> Answer:
        """Return what a pipe answers a session."""
        answer = self.tinybird.post(
            f"/v0/pipes/{pipe}.json", self.token(session), data=dict(parameters)
        )
        assert answer.status_code == 200, f"{pipe}: {answer.text}"
        found = answer.json()
        return Answer(tuple(each["name"] for each in found["meta"]), found["data"])
