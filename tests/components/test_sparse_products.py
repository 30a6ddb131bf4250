"""The pages of a product that declares little."""

from clerk_tinybird_app import products
from clerk_tinybird_app.clerk.session_kinds import alone, member_of
from clerk_tinybird_app.components.welcome import decoded_token
from clerk_tinybird_app.dashboard.declaration import Figures
from clerk_tinybird_app.pages.dashboard import all_shown
from clerk_tinybird_app.tinybird.policy import Policy, Scope, Tenant

KINDS = (member_of("org:admin"), alone())
TENANT = Tenant(parameter="tenant_id", column="tenant_id")


def test_a_page_may_have_key_figures_alone() -> None:
    panels = products.current().dashboard.panels
    figures = [each for each in panels if isinstance(each, Figures)]

    assert len(all_shown(figures).children) == len(figures) == 1


def test_an_example_of_a_token_is_shown_where_anybody_may_read() -> None:
    scope = Scope("visits", {"tenant_id": "org_2RwC6…"})
    policy = Policy(TENANT, lambda session: "org_2RwC6…", lambda session: [scope], KINDS)

    assert len(decoded_token(policy)) == 1


def test_no_example_of_a_token_is_shown_where_nobody_may_read() -> None:
    for kinds in ((), KINDS):
        assert decoded_token(Policy(TENANT, lambda session: "org", lambda session: [], kinds)) == []
