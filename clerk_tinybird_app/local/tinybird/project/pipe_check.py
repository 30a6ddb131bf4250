"""Finds the mistakes in pipes' SQL that ClickHouse finds, before anybody asks the pipe.

A node is written with values of the right types and with its branches chosen beforehand: all first
ones, all second ones and so on. A fault may come from our choice, as conditions can depend on each
other. So it counts only if every other way to write the text that it is in has it as well; what is
left is for whoever asks.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, product
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local.tinybird.errors import ApiError
from clerk_tinybird_app.local.tinybird.project.analysis import Analyst, Fault, Unknown, piece_of
from clerk_tinybird_app.local.tinybird.project.node_text import (
    NAMES,
    Choices,
    NodeText,
    Placed,
    node_text,
    others,
    placed,
    placeholders,
)
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe, Render
from clerk_tinybird_app.tinybird.project import Node, ProjectError
from clerk_tinybird_app.tinybird.template import Parameter, Template, TemplateError

_MOST_WAYS: Final = 300

_Place = tuple[CompiledPipe, Node]
_Key = tuple[str, str]


@dataclass(frozen=True)
class _Way:
    """How branches are chosen, in a node and in all that it reads from.

    Attributes:
        branch: The one that every ``if`` takes, the last if it has fewer; None: the values choose.
        forced: The branches that some take instead, by node.
        has_others: Whether it is written with other values.
    """

    branch: int | None
    forced: Mapping[_Key, Choices] = field(default_factory=dict)
    has_others: bool = False


@dataclass(frozen=True)
class _Seen:
    """What came of one way to write a node.

    Attributes:
        text: The node's SQL; None when it could not be written.
        fault: What ClickHouse says of it.
    """

    text: Placed | None
    fault: Fault | Unknown | None


_BY_VALUES: Final = _Way(None)


@dataclass(frozen=True)
class Found:
    """What is wrong with pipes.

    Attributes:
        mistakes: Faults that no value can mend.
        doubts: What is wrong here and may be right elsewhere.
    """

    mistakes: tuple[ProjectError, ...]
    doubts: tuple[ProjectError, ...]


def check(pipes: Iterable[CompiledPipe], folder: Path, database: str) -> Found:
    """Have ClickHouse analyse every node of every pipe, without running any.

    Args:
        pipes: With each, all pipes that it reads from; none in a circle.
        folder: The data folder.
        database: Where the project's tables are; they may be empty.
    """
    analyst = Analyst(folder, database)
    try:
        checker = _Checker(analyst)
        for pipe in pipes:
            for node in pipe.pipe.nodes:
                checker.check(pipe, node)
    finally:
        analyst.close()
    return Found(tuple(checker.mistakes), tuple(checker.doubts))


class _Checker:
    def __init__(self, analyst: Analyst) -> None:
        self.mistakes: list[ProjectError] = []
        self.doubts: list[ProjectError] = []
        self._analyst = analyst
        self._checked: set[_Key] = set()
        self._faulty: set[_Key] = set()
        self._texts: dict[_Key, NodeText] = {}
        self._templates: dict[tuple[_Key, str], Template] = {}

    def check(self, pipe: CompiledPipe, node: Node) -> None:
        """Add the certain faults of a node, and of those that it reads from."""
        for place in _chain(pipe, node):
            if _key(*place) not in self._checked:
                self._checked.add(_key(*place))
                self._check(_chain(*place))

    def _check(self, chain: list[_Place]) -> None:
        """Add the faults of the last node of a chain, one a line."""
        if any(_key(*place) in self._faulty for place in chain):
            # They would be told again.
            return
        pipe, node = chain[-1]
        lines = set()
        for way in self._quick_ways(chain):
            seen = self._see(chain, way)
            if seen.text is None or not isinstance(seen.fault, Fault):
                continue
            piece = piece_of(seen.text, seen.fault)
            if piece is None:
                continue
            line = self._text(pipe, node).pieces[piece].line
            if line not in lines and self._is_always_there(chain, seen.fault, piece):
                lines.add(line)
                found = ProjectError(pipe.pipe.path, line, seen.fault.message)
                self._add(found, _key(pipe, node), is_certain=seen.fault.is_certain)

    def _add(self, found: ProjectError, key: _Key, *, is_certain: bool) -> None:
        if is_certain:
            self.mistakes.append(found)
            self._faulty.add(key)
        else:
            self.doubts.append(found)

    def _quick_ways(self, chain: list[_Place]) -> Iterator[_Way]:
        """Yield the few ways that together show almost all text, but for the right first one."""
        values = _values(chain, is_least=True)
        plainly = self._fault(
            chain,
            lambda pipe, node: pipe.templates[node.name].render(values, pipe.context(node)),
        )
        if isinstance(plainly, Fault):
            yield _BY_VALUES
        # With nothing but what is required, conditions do not hold: the last branches are seen.
        most = self._most_branches(chain)
        yield from map(_Way, range(most if isinstance(plainly, Unknown) else most - 1))

    def _is_always_there(self, chain: list[_Place], fault: Fault, piece: int) -> bool:
        """Tell whether no way to write a piece of the last node is without a fault."""
        ways = self._ways_to(chain, piece)
        if fault.is_of_types:
            if any(parameter.type in NAMES for parameter in _parameters(chain)):
                return False
            ways = (replace(way, has_others=other) for way in ways for other in (False, True))
        for way in islice(ways, _MOST_WAYS):
            seen = self._see(chain, way)
            is_reached = seen.text is not None and piece in seen.text.pieces
            if is_reached and not _is_same(seen, fault, piece):
                return False
        return True

    def _ways_to(self, chain: list[_Place], piece: int) -> Iterator[_Way]:
        """Yield ways in which the last node has a piece: all branches together, then each one."""
        own = _key(*chain[-1])
        needed = self._text(*chain[-1]).pieces[piece].within
        bases = range(self._most_branches(chain))
        yield _BY_VALUES
        for base in bases:
            yield _Way(base, {own: needed})
        for place in chain:
            key, text = _key(*place), self._text(*place)
            for choice, branches in enumerate(text.branches):
                for branch, base in product(range(branches), bases):
                    forced = {**text.within[choice], choice: branch}
                    if key == own:
                        forced |= needed
                    yield _Way(base, {own: needed, key: forced})

    def _most_branches(self, chain: list[_Place]) -> int:
        return max(max(self._text(*place).branches, default=1) for place in chain)

    def _see(self, chain: list[_Place], way: _Way) -> _Seen:
        values = _values(chain, is_least=way.branch is None)
        if way.has_others:
            values = others(_parameters(chain))

        def render(pipe: CompiledPipe, node: Node) -> Placed:
            return placed(self._template(pipe, node, way).render(values, pipe.context(node)))

        try:
            text = render(*chain[-1])
        except TemplateError:
            return _Seen(None, Unknown())
        return _Seen(text, self._fault(chain, lambda *place: render(*place).sql))

    def _fault(self, chain: list[_Place], render: Render) -> Fault | Unknown | None:
        pipe, node = chain[-1]
        try:
            query = pipe.query(node, render)
            return self._analyst.fault(query, render(pipe, node))
        except (TemplateError, ApiError):
            return Unknown()

    def _template(self, pipe: CompiledPipe, node: Node, way: _Way) -> Template:
        key, text = _key(pipe, node), self._text(pipe, node)
        written = text.written(_choices(way, key, text))
        if (key, written) not in self._templates:
            made = Template(written, is_template=node.is_template)
            self._templates[key, written] = made
        return self._templates[key, written]

    def _text(self, pipe: CompiledPipe, node: Node) -> NodeText:
        key = _key(pipe, node)
        if key not in self._texts:
            self._texts[key] = node_text(node)
        return self._texts[key]


def _key(pipe: CompiledPipe, node: Node) -> _Key:
    return pipe.pipe.name, node.name


def _chain(pipe: CompiledPipe, node: Node) -> list[_Place]:
    """Return all nodes that a node reads from, each after those that it reads from itself."""
    found: dict[_Key, _Place] = {}
    entered: set[_Key] = set()

    def enter(pipe: CompiledPipe, node: Node) -> None:
        if _key(pipe, node) in entered:
            return
        entered.add(_key(pipe, node))
        own = {each.name: each for each in pipe.pipe.nodes}
        for name in sorted(pipe.uses[node.name]):
            if name in own:
                enter(pipe, own[name])
            else:
                enter(pipe.others[name], pipe.others[name].pipe.endpoint)
        found[_key(pipe, node)] = (pipe, node)

    enter(pipe, node)
    return list(found.values())


def _parameters(chain: list[_Place]) -> list[Parameter]:
    return [each for pipe, node in chain for each in pipe.templates[node.name].parameters]


def _values(chain: list[_Place], *, is_least: bool) -> dict[str, str | int]:
    """Return values for the parameters of all nodes, or for those alone that are required."""
    return placeholders(each for each in _parameters(chain) if each.is_enforced or not is_least)


def _choices(way: _Way, key: _Key, text: NodeText) -> Choices | None:
    if way.branch is None:
        return None
    choices = {number: min(way.branch, most - 1) for number, most in enumerate(text.branches)}
    return {**choices, **way.forced.get(key, {})}


def _is_same(seen: _Seen, fault: Fault, piece: int) -> bool:
    if seen.text is None or not isinstance(seen.fault, Fault):
        return False
    if (seen.fault.name, seen.fault.subject) != (fault.name, fault.subject):
        return False
    if fault.is_of_types and seen.fault.message != fault.message:
        return False
    return not fault.is_syntax or seen.text.piece_at(seen.fault.place) == piece
