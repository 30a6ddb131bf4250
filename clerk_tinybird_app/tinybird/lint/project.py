"""The lint itself."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from clerk_tinybird_app.tinybird.lint.finding import Finding, Level
from clerk_tinybird_app.tinybird.lint.pipe import pipe_findings
from clerk_tinybird_app.tinybird.lint.reading import Reading
from clerk_tinybird_app.tinybird.policy import Policy
from clerk_tinybird_app.tinybird.project import SINK, Pipe, Project


def lint(project: Project, policy: Policy) -> tuple[Finding, ...]:
    """Hold every pipe that a token of any kind of session may read to what the policy promises.

    Args:
        project: A project that could be read.
        policy: Who may read what.

    Returns:
        The findings, worst first; none above ``NOTE`` for a project that keeps tenants apart.

    Raises:
        PolicyError: The policy does not fix the tenant's parameter for every pipe.
    """
    found: list[Finding] = []
    reading = Reading(project, policy.tenant)
    for name, fixed in policy.fixed.items():
        pipe = project.pipes.get(name)
        if pipe is None:
            found.append(_missing(name))
        else:
            found += pipe_findings(project, pipe, policy.tenant, fixed, reading)
            found += _differing(pipe, policy, fixed)
    found += _not_allowed(project.pipes.values(), policy.fixed.keys())
    found += _not_run(project.pipes.values())
    return tuple(sorted(set(found), key=lambda one: (-one.level, one.file, one.line, one.problem)))


def _missing(name: str) -> Finding:
    return Finding(
        level=Level.ERROR,
        file=Path("endpoints") / f"{name}.pipe",
        line=1,
        problem=f"Tokens allow the pipe '{name}', which the project does not have.",
        advice="Add this file, or take the name out of the policy.",
    )


def _differing(pipe: Pipe, policy: Policy, fixed: Iterable[str]) -> Iterator[Finding]:
    """Note parameters that only some kinds of session may not choose."""
    for kind in policy.kinds:
        for scope in policy.scopes(kind.session()):
            more = sorted(scope.fixed_params.keys() - set(fixed))
            if scope.resource == pipe.name and more:
                yield Finding(
                    level=Level.NOTE,
                    file=pipe.path,
                    line=1,
                    problem=f"Only some tokens fix {', '.join(more)} for this pipe, among them "
                    f"those of {kind.name}; with the others a request may choose.",
                    advice="Make sure that whoever has such a token may.",
                )


def _not_run(pipes: Iterable[Pipe]) -> Iterator[Finding]:
    for pipe in pipes:
        for node in pipe.nodes:
            if node.type == SINK:
                yield Finding(
                    level=Level.NOTE,
                    file=pipe.path,
                    line=node.line,
                    problem="Tinybird runs this sink, the embedded one does not: on this machine, "
                    f"'{pipe.name}' writes nothing.",
                    advice="Try it with Tinybird itself.",
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
                advice="If users should, add it to the policy.",
            )
