"""How rows come from the data sources to an endpoint, and past which nodes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from clerk_tinybird_app.tinybird.lint.sources import ANY_TABLE, sources
from clerk_tinybird_app.tinybird.project import DataSource, Node, Pipe, Project
from clerk_tinybird_app.tinybird.template import Parameter, Template


@dataclass(frozen=True)
class Step:
    """One node in a pipe's way from the data to the answer.

    Raises:
        TemplateError: Its template is malformed; when its parameters are first asked for.
    """

    pipe: Pipe
    node: Node

    @property
    def key(self) -> tuple[str, str]:
        """Return what tells it from all other steps."""
        return self.pipe.name, self.node.name

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """Return the node's own parameters by name."""
        found = Template(self.node.sql, is_template=self.node.is_template).parameters
        return {parameter.name: parameter for parameter in found}

    def requires(self, name: str) -> bool:
        """Tell whether leaving the parameter out is always an error here."""
        parameter = self.parameters.get(name)
        return parameter is not None and parameter.is_enforced and not parameter.has_default

    def line_of(self, name: str) -> int:
        """Return the file's line of the parameter's first use, else of the SQL."""
        parameter = self.parameters.get(name)
        return self.node.line + (parameter.line - 1 if parameter else 0)


class Flow:
    """What the endpoint of one pipe reads, directly and through other nodes and pipes."""

    def __init__(self, project: Project, pipe: Pipe) -> None:
        self._project = project
        self.end = Step(pipe, pipe.endpoint)
        self.steps: dict[tuple[str, str], Step] = {}
        self.reads: dict[tuple[str, str], list[Step | DataSource | None]] = {}
        self._follow(self.end)

    def unguarded(self, parameter: str) -> Iterator[tuple[Step, DataSource | None]]:
        """Yield what reaches the answer past no node that requires ``parameter``.

        Yields:
            The node that reads and the data source; None for one that only a request chooses.
        """
        open_steps, seen = [self.end], {self.end.key}
        while open_steps:
            step = open_steps.pop()
            if step.requires(parameter):
                continue
            for read in self.reads[step.key]:
                if not isinstance(read, Step):
                    yield step, read
                elif read.key not in seen:
                    seen.add(read.key)
                    open_steps.append(read)

    def _follow(self, step: Step) -> None:
        if step.key in self.steps:
            return
        self.steps[step.key] = step
        found = [self._found(step, name) for name in sorted(sources(step.node.sql))]
        self.reads[step.key] = reads = [read for known in found for read in known]
        for read in reads:
            if isinstance(read, Step):
                self._follow(read)

    def _found(self, step: Step, name: str) -> list[Step | DataSource | None]:
        """Return what a table's name stands for: nothing for ClickHouse's own tables."""
        if name == ANY_TABLE:
            return [None]
        nodes = {node.name: node for node in step.pipe.nodes}
        if name in nodes and name != step.node.name:
            return [Step(step.pipe, nodes[name])]
        if name in self._project.pipes:
            pipe = self._project.pipes[name]
            return [Step(pipe, pipe.endpoint)]
        source = self._project.datasources.get(name)
        return [] if source is None else [source]
