"""The lint holds a pipe safe only if every way from the data to the answer is filtered."""

from collections.abc import Mapping

import pytest

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.clerk.session_kinds import alone
from clerk_tinybird_app.tinybird.lint import Level, lint
from clerk_tinybird_app.tinybird.policy import Policy, Scope, Tenant
from tests.tinybird.lint.pipes import Case, Verdict, cases, project

FIXED = {"workspace": "ws_1"}


def _whose(session: ClerkSession) -> str:
    return FIXED["workspace"]


POLICY = Policy(
    tenant=Tenant(parameter="workspace", column="workspace_id"),
    tenant_of=_whose,
    granted=lambda session: [Scope("answer", FIXED)],
    kinds=(alone(),),
)

_VERDICTS = {Level.NOTE: Verdict.SAFE, Level.WARNING: Verdict.UNCLEAR, Level.ERROR: Verdict.UNSAFE}
_CASES = list(cases())


def verdict(nodes: Mapping[str, str]) -> Verdict:
    """Return what the lint says of the pipe that these nodes make."""
    found = lint(project(nodes), POLICY)
    return _VERDICTS[max((finding.level for finding in found), default=Level.NOTE)]


@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case.verdict.value}: {case.why}")
def test_each_pipe_of_the_table_is_judged_as_it_says(case: Case) -> None:
    assert verdict(case.nodes) is case.verdict
