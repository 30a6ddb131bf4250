"""The lint itself."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from clerk_tinybird_app.tinybird.lint.finding import Finding, Level
from clerk_tinybird_app.tinybird.lint.pipe import pipe_findings
from clerk_tinybird_app.tinybird.policy import Scope
from clerk_tinybird_app.tinybird.project import Pipe, Project


def lint(project: Project, scopes: Iterable[Scope]) -> tuple[Finding, ...]:
    """Hold every pipe that a token may read to the parameters that the token fixes.

    Args:
        project: A project that could be read.
        scopes: What the token of any session allows.

    Returns:
        The findings, worst first; none above ``NOTE`` for a project that keeps tenants apart.
    """
    found: list[Finding] = []
    allowed = {scope.resource: scope.fixed_params for scope in scopes}
    for name, fixed in allowed.items():
        pipe = project.pipes.get(name)
        found += [_missing(name)] if pipe is None else pipe_findings(project, pipe, fixed)
    found += _not_allowed(project.pipes.values(), allowed.keys())
    found += _not_run(project.pipes.values())
    return tuple(sorted(set(found), key=lambda one: (-one.level, one.file, one.line)))


def _missing(name: str) -> Finding:
    return Finding(
        level=Level.ERROR,
        file=Path("endpoints") / f"{name}.pipe",
        line=1,
        problem=f"Tokens allow the pipe '{name}', which the project does not have.",
        advice="Add this file, or take the name out of PIPES in the policy.",
    )


def _not_run(pipes: Iterable[Pipe]) -> Iterator[Finding]:
    for pipe in pipes:
        for node in pipe.nodes:
            if node.runs_by_itself:
                yield Finding(
                    level=Level.NOTE,
                    file=pipe.path,
                    line=node.line,
                    problem=f"Tinybird runs this pipe of TYPE {node.type}, the embedded one does "
                    f"not: on this machine, '{node.target or pipe.name}' gets no rows from it.",
                    advice="For local work, send rows to the target itself, or give it a fixture.",
                )


def _not_allowed(pipes: Iterable[Pipe], allowed: Iterable[str]) -> Iterator[Finding]:
    known = frozenset(allowed)
    for pipe in pipes:
        if pipe.is_endpoint and pipe.name not in known:
            yield Finding(
                level=Level.NOTE,
                file=pipe.path,
                line=1,
                problem=f"No token allows the endpoint '{pipe.name}', so no user can read it.",
                advice="If users should, add it to PIPES in the policy.",
            )
