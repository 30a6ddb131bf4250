"""What a pipe reads, by the words of its SQL, and values for its parameters.

A word too many makes a pipe look as if it read more: then it is held to more, never to less.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from clerk_tinybird_app.tinybird.project import COPY, DataSource, Pipe, Project
from clerk_tinybird_app.tinybird.template import Parameter, Template, TemplateError

_WORD: Final = re.compile(r"\w+")
_NUMBER: Final = re.compile(r"U?Int\d*|Integer|Float\d*|Boolean")
_BEGIN: Final = re.compile(r"start|from|since|begin|after", re.IGNORECASE)
_PERIOD: Final = timedelta(days=30)
_DATES: Final = {"Date": "%Y-%m-%d", "DateTime": "%Y-%m-%d %H:%M:%S"}
_DATES["DateTime64"] = f"{_DATES['DateTime']}.000"


@dataclass(frozen=True)
class Reads:
    """What one pipe reads, through other pipes as well.

    Attributes:
        pipes: Itself, the pipes it selects from, and those that fill what it reads.
        sources: The data sources.
        words: Every word of their SQL.
    """

    pipes: tuple[Pipe, ...]
    sources: tuple[DataSource, ...]
    words: frozenset[str]

    def has_column(self, name: str) -> bool:
        """Tell whether any of the data sources has a column of that name."""
        return any(has_column(source, name) for source in self.sources)

    @property
    def parameters(self) -> Iterator[Parameter]:
        """Each parameter of its templates; a malformed one is the lint's finding."""
        for pipe in self.pipes:
            for node in pipe.nodes:
                try:
                    yield from Template(node.sql, is_template=node.is_template).parameters
                except TemplateError:
                    continue


def has_column(source: DataSource, name: str) -> bool:
    """Tell whether the data source has a column of that name."""
    return any(column.name == name for column in source.columns)


def reads_of(project: Project, name: str) -> Reads | None:
    """Return what the pipe reads; None when the project does not have it."""
    if name not in project.pipes:
        return None
    pipes: dict[str, Pipe] = {}
    sources: dict[str, DataSource] = {}
    words: set[str] = set()
    waiting = [name]
    while waiting:
        pipe = project.pipes[waiting.pop()]
        if pipe.name in pipes:
            continue
        pipes[pipe.name] = pipe
        own = {word for node in pipe.nodes for word in _WORD.findall(node.sql)}
        words |= own
        found = project.datasources.keys() & own
        sources |= {each: project.datasources[each] for each in found}
        waiting += [*(project.pipes.keys() & own), *_fillers(project, found)]
    return Reads(tuple(pipes.values()), tuple(sources.values()), frozenset(words))


def _fillers(project: Project, sources: set[str]) -> list[str]:
    """Return the copy pipes that fill one of the data sources."""
    return [
        pipe.name
        for pipe in project.pipes.values()
        if any(node.type == COPY and node.target in sources for node in pipe.nodes)
    ]


def filled_in(reads: Reads | None, fixed: frozenset[str], now: float) -> dict[str, str]:
    """Return a value for every parameter that is required and not fixed, where one is to be had.

    Args:
        reads: What the pipe reads; None for a pipe that is not in the project.
        fixed: The parameters that the token fixes.
        now: Seconds since the epoch: the end of a period that a pipe asks for.
    """
    values = {
        parameter.name: _value(parameter, now)
        for parameter in (reads.parameters if reads else ())
        if parameter.is_enforced and not parameter.has_default and parameter.name not in fixed
    }
    return {name: value for name, value in values.items() if value}


def _value(parameter: Parameter, now: float) -> str:
    """Return a value of the parameter's own, else one of its type, "" for a text of any kind."""
    said = [*(parameter.enum or ()), parameter.example]
    kind = parameter.type or ""
    if first := next((str(each) for each in said if each not in (None, "")), ""):
        return first
    if kind in _DATES:
        is_begin = _BEGIN.search(parameter.name)
        moment = datetime.fromtimestamp(now, UTC) - (_PERIOD if is_begin else timedelta())
        return moment.strftime(_DATES[kind])
    return "1" if _NUMBER.fullmatch(kind) else ""
