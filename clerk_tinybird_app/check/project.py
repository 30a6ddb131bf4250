"""The lint of the project's folder, as outcomes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from clerk_tinybird_app.check.outcome import Level, Outcome, failed, ok
from clerk_tinybird_app.tinybird import lint
from clerk_tinybird_app.tinybird.policy import Policy
from clerk_tinybird_app.tinybird.project import ProjectError, load_project

PROJECT: Final = "project"

_LEVELS: Final = {
    lint.Level.NOTE: Level.NOTE,
    lint.Level.WARNING: Level.WARNING,
    lint.Level.ERROR: Level.FAILED,
}


def project_outcomes(folder: Path, policy: Policy) -> Iterator[Outcome]:
    """Hold the project in ``folder`` to what the policy promises."""
    try:
        findings = lint.lint(load_project(folder), policy)
    except ProjectError as error:
        place = f"{(folder / error.file).as_posix()}:{error.line}"
        yield failed(PROJECT, f"{place}: {error.message}", "Tinybird cannot read it either.")
        return
    for finding in findings:
        place = f"{folder.as_posix()}/{finding.place}"
        text = f"{place}: {finding.problem}"
        yield Outcome(_LEVELS[finding.level], PROJECT, text, finding.advice)
    if all(finding.level is lint.Level.NOTE for finding in findings):
        yield ok(PROJECT, f"all {len(policy.pipes)} pipes of the policy filter by the tenant")
