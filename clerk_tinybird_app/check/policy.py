"""The product by its files alone: policy for every kind of session, and project."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from clerk_tinybird_app.check.finding import Finding, Level, failed, ok, warning
from clerk_tinybird_app.clerk.session_kinds import SessionKind
from clerk_tinybird_app.tinybird import lint
from clerk_tinybird_app.tinybird.policy import Policy, PolicyError
from clerk_tinybird_app.tinybird.project import Project

_LEVELS: Final = {
    lint.Level.NOTE: Level.NOTE,
    lint.Level.WARNING: Level.WARNING,
    lint.Level.ERROR: Level.FAILED,
}
_SOMEBODY: Final = ("user_of_another_check", "org_of_another_check")


def hold_policy(policy: Policy) -> tuple[Policy, list[Finding]]:
    """Try the policy with every kind of session.

    Returns:
        The policy with only the kinds that it has scopes for, and what is wrong with the others.
    """
    found: list[Finding] = []
    fit = [kind for kind in policy.kinds if _is_fit(policy, kind, found)]
    if not policy.kinds:
        found.append(
            failed(
                "policy/no-kinds",
                "KINDS_OF_SESSION names no kind of session, so nothing can be tried.",
                "Name every kind that the policy tells apart: member_of(role), alone().",
            )
        )
    held = replace(policy, kinds=tuple(fit))
    if not found:
        found.append(
            ok("policy/held", f"{_count(held.pipes, 'pipe')} for {_count(fit, 'kind')} of session")
        )
    return held, found


def _is_fit(policy: Policy, kind: SessionKind, found: list[Finding]) -> bool:
    session, other = kind.session(), kind.session(*_SOMEBODY)
    try:
        scopes = policy.scopes(session)
        is_alone = policy.tenant_of(session) != policy.tenant_of(other)
    except PolicyError as error:
        text = f"A session of the kind '{kind.name}' gets no token: {error}"
        found.append(failed("policy/refused", text, "Mend scopes() or tenant() of the policy."))
        return False
    except Exception as error:  # noqa: BLE001 - whatever a product's code raises is its finding
        text = f"The policy fails for the kind '{kind.name}': {type(error).__name__}: {error}"
        found.append(failed("policy/raises", text, "Mend scopes() or tenant() of the policy."))
        return False
    if not is_alone:
        text = f"Two users of two organizations, both '{kind.name}', are the same tenant."
        advice = "Let tenant() return the organization's id, or the user's without one."
        found.append(failed("policy/one-tenant", text, advice))
        return False
    if not scopes:
        text = f"A session of the kind '{kind.name}' may read nothing."
        advice = (
            "If that is meant, all is well: its token opens no pipe, and its dashboard is empty."
        )
        found.append(warning("policy/grants-nothing", text, advice))
    return bool(scopes)


def unreadable(project: Project) -> Finding | None:
    """Return why a project cannot be read, None when it can."""
    if not project.folder.is_dir():
        return failed(
            "project/unreadable",
            f"there is no folder {project.folder.as_posix()}",
            "Set TINYBIRD_PROJECT to the folder of the product's Tinybird project.",
        )
    for mistake in project.mistakes:
        place = f"{(project.folder / mistake.file).as_posix()}:{mistake.line}"
        text = f"{place}: {mistake.message}"
        return failed("project/unreadable", text, "Tinybird cannot read it either.")
    return None


def project_findings(project: Project, policy: Policy) -> Iterator[Finding]:
    """Hold every pipe that any kind of session may read to the tenant that its tokens fix."""
    yield from _tenant_column(project, policy)
    findings = lint.lint(project, policy)
    for finding in findings:
        text = f"{project.folder.as_posix()}/{finding.place}: {finding.problem}"
        yield Finding(_LEVELS[finding.level], "project/lint", text, finding.advice)
    if policy.pipes and all(finding.level is lint.Level.NOTE for finding in findings):
        count = _count(policy.pipes, "pipe")
        yield ok("project/requires-tenant", f"held to the tenant by their SQL: {count}")


def _tenant_column(project: Project, policy: Policy) -> Iterator[Finding]:
    """Say that the tenant's column is in no data source, so that no row would be anybody's."""
    column = policy.tenant.column
    sources = project.datasources.values()
    if not sources or any(each.name == column for source in sources for each in source.columns):
        return
    yield failed(
        "policy/tenant-column",
        f"No data source of the project has the tenant's column '{column}'.",
        "Let TENANT of the policy name the column that says whose a row is.",
    )


def _count(things: tuple[object, ...] | list[SessionKind], noun: str) -> str:
    return f"{len(things)} {noun}" if len(things) == 1 else f"{len(things)} {noun}s"
