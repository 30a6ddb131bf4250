"""Which nodes an endpoint is made of, and which parameters each of them uses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from clerk_tinybird_app.tinybird.project import Node, Pipe, Project
from clerk_tinybird_app.tinybird.sql.sources import sources
from clerk_tinybird_app.tinybird.sql.statements import malformed
from clerk_tinybird_app.tinybird.sql.values import trapped
from clerk_tinybird_app.tinybird.template import Parameter, Template


@dataclass(frozen=True)
class Step:
    """One node in a pipe's way from the data to the answer.

    Raises:
        TemplateError: Its template is malformed; when its parameters are first asked for.
    """

    pipe: Pipe
    node: Node

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """Return the node's own parameters by name."""
        found = Template(self.node.sql, is_template=self.node.is_template).parameters
        return {parameter.name: parameter for parameter in found}

    @cached_property
    def trapped(self) -> frozenset[str]:
        """Return the parameters that are written only if they are there; of a template."""
        return trapped(self.node.sql)

    def requires(self, name: str) -> bool:
        """Tell whether leaving one of its parameters out is always an error here."""
        parameter = self.parameters[name]
        return parameter.is_enforced and not parameter.has_default

    def line_of(self, name: str) -> int:
        """Return the file's line of the first use of one of its parameters."""
        return self.node.line + self.parameters[name].line - 1


def steps(project: Project, pipe: Pipe) -> list[Step]:
    """Return the endpoint's node and every node that it may read from, in any pipe."""
    found: dict[tuple[str, str], Step] = {}
    waiting = [Step(pipe, pipe.endpoint)]
    while waiting:
        step = waiting.pop()
        if found.setdefault((step.pipe.name, step.node.name), step) is step:
            waiting += _read_by(project, step)
    return list(found.values())


def _read_by(project: Project, step: Step) -> Iterator[Step]:
    if malformed(step.node):
        return  # What it reads from shows once it is mended.
    nodes = {node.name: node for node in step.pipe.nodes}
    for name in sorted(sources(step.node)):
        if name in nodes and name != step.node.name:
            yield Step(step.pipe, nodes[name])
        elif name in project.pipes:
            pipe = project.pipes[name]
            yield Step(pipe, pipe.endpoint)
