"""The rules that one pipe is held to."""

from collections.abc import Iterable, Iterator
from typing import Final

from clerk_tinybird_app.tinybird.lint.finding import Finding, Level
from clerk_tinybird_app.tinybird.lint.flow import Flow, Step
from clerk_tinybird_app.tinybird.project import DataSource, Pipe, Project
from clerk_tinybird_app.tinybird.template import TemplateError

TENANT: Final = "tenant_id"
"""The parameter, and the column, that keeps tenants apart: every pipe must require it."""

USER: Final = "user_id"
"""The parameter that keeps users apart: a pipe that uses it must require it."""


def pipe_findings(project: Project, pipe: Pipe, fixed: Iterable[str]) -> list[Finding]:
    """Return what is wrong with a pipe that tokens allow.

    Args:
        project: Where the nodes and pipes that it selects from are found.
        pipe: An endpoint.
        fixed: The names of the parameters that tokens fix for it.
    """
    flow, names = Flow(project, pipe), frozenset(fixed)
    steps = list(flow.steps.values())
    malformed = [finding for step in steps for finding in _malformed(step)]
    if malformed:
        return malformed
    found = [*_not_asked(pipe), *_chosen(flow.end, names), *_tenant(flow)]
    if any(USER in step.parameters for step in steps):
        found += _optional(steps, USER)
    for name in sorted(names):
        found += _defaults(steps, name)
        found += _maybe(steps, name)
    return found


def _malformed(step: Step) -> Iterator[Finding]:
    try:
        _ = step.parameters
    except TemplateError as error:
        line = step.node.line + (error.line or 1) - 1
        yield _error(step, line, error.message, "Mend the template; Tinybird cannot run it either.")


def _not_asked(pipe: Pipe) -> Iterator[Finding]:
    if not pipe.is_endpoint:
        step = Step(pipe, pipe.endpoint)
        yield _error(
            step,
            step.node.line,
            "Tokens allow this pipe, but it is no endpoint: Tinybird answers nothing for it.",
            "Add TYPE endpoint after the node that answers.",
        )


def _chosen(end: Step, fixed: frozenset[str]) -> Iterator[Finding]:
    if TENANT not in fixed:
        yield _error(
            end,
            end.node.line,
            f"Tokens do not fix {TENANT} for this pipe, so a request can choose the tenant.",
            f"Put {TENANT} into fixed_params in the policy.",
        )


def _tenant(flow: Flow) -> Iterator[Finding]:
    steps = list(flow.steps.values())
    if not any(TENANT in step.parameters for step in steps):
        yield _error(
            flow.end,
            flow.end.node.line,
            f"The pipe never uses {TENANT}: every tenant's token reads the same rows.",
            _required(TENANT),
        )
        return
    if list(_defaults(steps, TENANT)):
        return  # A finding of its own; what else is open shows once it is gone.
    optional = list(_optional(steps, TENANT))
    if optional:
        yield from optional
        return
    for step, source in flow.unguarded(TENANT):
        yield _unguarded(step, source)


def _optional(steps: list[Step], name: str) -> Iterator[Finding]:
    """Yield the fail-open trap, for a parameter that no node requires."""
    if any(step.requires(name) for step in steps):
        return
    step = next(step for step in steps if name in step.parameters)
    if step.parameters[name].has_default:
        return  # A finding of its own.
    yield _error(
        step,
        step.line_of(name),
        f"{name} can be left out: within a condition or a comment, in defined() or without a type "
        "it is no error when it is missing or null; the filter is then left out, and the pipe "
        "answers everyone's rows.",
        _required(name),
    )


def _defaults(steps: list[Step], name: str) -> Iterator[Finding]:
    for step in steps:
        if name in step.parameters and step.parameters[name].has_default:
            yield _error(
                step,
                step.line_of(name),
                f"{name} has a default: where a token lacks it, the pipe answers the rows of the "
                "default instead of an error.",
                _required(name),
            )


def _maybe(steps: list[Step], name: str) -> Iterator[Finding]:
    """Note the other parameters of the token that are only looked at within conditions."""
    used = [step for step in steps if name in step.parameters]
    is_optional = used and all(step.parameters[name].is_conditional for step in used)
    if name not in (TENANT, USER) and is_optional:
        yield Finding(
            level=Level.NOTE,
            file=used[0].pipe.path,
            line=used[0].line_of(name),
            problem=f"{name} decides within a condition; without it the other branch is taken.",
            advice="Make sure that the branch without it shows less, not more.",
        )


def _unguarded(step: Step, source: DataSource | None) -> Finding:
    line = step.node.line
    if source is None:
        what = "a table that the request chooses"
    else:
        what = f"the data source '{source.name}'"
    is_tenants = source is not None and any(column.name == TENANT for column in source.columns)
    return Finding(
        level=Level.ERROR if is_tenants else Level.WARNING,
        file=step.pipe.path,
        line=line,
        problem=f"The node '{step.node.name}' reads {what} without {TENANT}, and no node on the "
        "way to the answer requires it either.",
        advice=_required(TENANT)
        if is_tenants
        else f"If its rows have tenants: {_required(TENANT)}",
    )


def _required(name: str) -> str:
    return (
        f"Write WHERE {name} = {{{{ String({name}) }}}}, outside any {{% if %}} and without a "
        "default."
    )


def _error(step: Step, line: int, problem: str, advice: str) -> Finding:
    return Finding(
        level=Level.ERROR, file=step.pipe.path, line=line, problem=problem, advice=advice
    )
