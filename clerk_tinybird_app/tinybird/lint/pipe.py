"""The rules that one pipe is held to."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from clerk_tinybird_app.tinybird.lint.finding import Finding, Level
from clerk_tinybird_app.tinybird.lint.flow import Step, steps
from clerk_tinybird_app.tinybird.lint.reading import Reading
from clerk_tinybird_app.tinybird.lint.relation import Read, Relation
from clerk_tinybird_app.tinybird.policy import Tenant
from clerk_tinybird_app.tinybird.project import Pipe, Project
from clerk_tinybird_app.tinybird.sql.statements import malformed


def pipe_findings(
    project: Project, pipe: Pipe, tenant: Tenant, fixed: Iterable[str], reading: Reading
) -> list[Finding]:
    """Return what is wrong with a pipe that tokens allow.

    Args:
        project: Where the nodes and pipes that it selects from are found.
        pipe: An endpoint.
        tenant: How tenants are named.
        fixed: The names of the parameters that every token fixes for it.
        reading: Judges the project's queries.
    """
    found = steps(project, pipe)
    if refused := [finding for step in found for finding in _malformed(step)]:
        return refused
    findings = [*_not_asked(pipe), *_tenant(reading.endpoint(pipe), found, pipe, tenant)]
    for name in sorted({tenant.parameter, *fixed}):
        findings += _defaults(found, name, tenant)
        if name != tenant.parameter:
            findings += _optional(found, name)
    return findings


def _malformed(step: Step) -> Iterator[Finding]:
    if error := malformed(step.node):
        line = step.node.line + (error.line or 1) - 1
        yield _error(
            step.pipe.path, line, error.message, "Mend the template; Tinybird cannot run it either."
        )


def _not_asked(pipe: Pipe) -> Iterator[Finding]:
    if not pipe.is_endpoint:
        yield _error(
            pipe.path,
            pipe.endpoint.line,
            "Tokens allow this pipe, but it is no endpoint: Tinybird answers nothing for it.",
            "Add TYPE endpoint after the node that answers.",
        )


def _tenant(answer: Relation, found: list[Step], pipe: Pipe, tenant: Tenant) -> Iterator[Finding]:
    """Yield why an answer may show other tenants' rows: the nearest cause that can be told."""
    for read in answer.reads:
        if read.target:
            yield _lost(read, tenant)
    answer = replace(answer, reads=frozenset(one for one in answer.reads if not one.target))
    name = tenant.parameter
    users = [step for step in found if name in step.parameters]
    is_open = any(read.has_tenants for read in answer.reads)
    if is_open and not users:
        yield _error(
            pipe.path,
            pipe.endpoint.line,
            f"The pipe never uses {name}: every tenant's token reads the same rows.",
            _required(tenant),
        )
        return
    if any(step.parameters[name].has_default for step in users):
        return  # A finding of its own; what else is open shows once it is gone.
    is_required = not users or any(step.requires(name) for step in users)
    if not is_required and (is_open or answer.doubts):
        yield _left_out(users[0], name, _required(tenant))
        return
    for doubt in answer.doubts:
        yield Finding(
            level=Level.WARNING,
            file=doubt.place.file,
            line=doubt.place.line,
            problem=f"Cannot judge the node '{doubt.place.node}': {doubt.reason}.",
            advice=f"Write it more plainly, or make sure yourself: {_required(tenant)}",
        )
    for read in answer.reads:
        yield _unfiltered(read, tenant)


def _optional(found: list[Step], name: str) -> Iterator[Finding]:
    """Yield the fail-open trap for a parameter that no node requires, and note conditions."""
    users = [step for step in found if name in step.parameters]
    if not users or any(step.requires(name) for step in users):
        return
    trap = next((step for step in users if name in step.trapped), None)
    if trap is not None and not trap.parameters[name].has_default:
        yield _left_out(trap, name, f"Write {_value(name)} outside any {{% if %}}.")
    elif all(step.parameters[name].is_conditional for step in users):
        yield Finding(
            level=Level.NOTE,
            file=users[0].pipe.path,
            line=users[0].line_of(name),
            problem=f"{name} decides within a condition; without it the other branch is taken.",
            advice="Make sure that the branch without it shows less, not more.",
        )


def _defaults(found: list[Step], name: str, tenant: Tenant) -> Iterator[Finding]:
    for step in found:
        if name in step.parameters and step.parameters[name].has_default:
            is_tenant = name == tenant.parameter
            yield _error(
                step.pipe.path,
                step.line_of(name),
                f"{name} has a default: where a token lacks it, the pipe answers the rows of the "
                "default instead of an error.",
                _required(tenant) if is_tenant else f"Write {_value(name)}, without a default.",
            )


def _left_out(step: Step, name: str, advice: str) -> Finding:
    return _error(
        step.pipe.path,
        step.line_of(name),
        f"{name} can be left out: within a condition or a comment, in defined() or without a type "
        "it is no error when it is missing or null; the filter is then left out, and the pipe "
        "answers everyone's rows.",
        advice,
    )


def _unfiltered(read: Read, tenant: Tenant) -> Finding:
    return Finding(
        level=Level.ERROR if read.has_tenants else Level.WARNING,
        file=read.place.file,
        line=read.place.line,
        problem=f"The node '{read.place.node}' reads {read.what} without {tenant.parameter}, and "
        "nothing on the way to the answer keeps it to one tenant.",
        advice=_required(tenant)
        if read.has_tenants
        else f"It has no column {tenant.column}. If its rows have tenants: {_required(tenant)}",
    )


def _lost(read: Read, tenant: Tenant) -> Finding:
    column, target = tenant.column, read.target
    return Finding(
        level=Level.ERROR if read.has_tenants else Level.WARNING,
        file=read.place.file,
        line=read.place.line,
        problem=f"The node '{read.place.node}' fills '{target}' with rows of {read.what} without "
        f"their {column}: a pipe that reads '{target}' cannot keep tenants apart.",
        advice=f"Give '{target}' the column {column}, and let this node select it, and group by it "
        "where it groups.",
    )


def _value(name: str) -> str:
    """Return how a template writes a parameter that is compared with ``=``.

    ``String()`` alone escapes every ``%`` in it, which is right for a ``LIKE`` only.
    """
    return f"{{{{ sql_unescape(String({name}), '%') }}}}"


def _required(tenant: Tenant) -> str:
    return (
        f"Write WHERE {tenant.column} = {_value(tenant.parameter)} AND ... where it is read, "
        "outside any {% if %} and without a default."
    )


def _error(file: Path, line: int, problem: str, advice: str) -> Finding:
    return Finding(level=Level.ERROR, file=file, line=line, problem=problem, advice=advice)
