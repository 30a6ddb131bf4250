"""Finds the mistakes in pipes' SQL that ClickHouse finds, before anybody asks the pipe.

A node is written with values of the right types and with its branches chosen beforehand: all first
ones, all second ones and so on. A fault may come from our choice, as conditions can depend on each
other. So it counts only if every other way to write the text that it is in has it as well; what is
left is for whoever asks. What is wrong in some branches alone is told too, but the pipe is served.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice, product
from pathlib import Path
from typing import Final, NamedTuple

from clerk_tinybird_app.local.tinybird.errors import ApiError
from clerk_tinybird_app.local.tinybird.project import node_text, pipe_sql
from clerk_tinybird_app.local.tinybird.project.analysis import Analyst, Fault, Unknown
from clerk_tinybird_app.local.tinybird.project.node_text import Choices, NodeText, Placed
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe, Place, PlaceKey
from clerk_tinybird_app.tinybird.project import ProjectError
from clerk_tinybird_app.tinybird.template import Template, TemplateError

_MOST_WRITINGS: Final = 300
_IN_A_BRANCH: Final = "Only a request that takes this branch is refused."


@dataclass(frozen=True)
class _Writing:
    """A way to write a node and all that it reads from, maybe with other values.

    Every ``if`` takes one ``branch``, the last if it has fewer, or those ``forced`` on its node;
    None: the values choose.
    """

    branch: int | None
    forced: Mapping[PlaceKey, Choices] = field(default_factory=dict)
    has_others: bool = False

    def choices(self, key: PlaceKey, text: NodeText) -> Choices | None:
        """Return the branches that a node takes; None: the values choose."""
        if self.branch is None:
            return None
        choices = {n: min(self.branch, most - 1) for n, most in enumerate(text.branches)}
        return {**choices, **self.forced.get(key, {})}


_BY_VALUES: Final = _Writing(None)


@dataclass(frozen=True)
class _Judged:
    """What ClickHouse says of one way to write a node; the text is empty when it is none."""

    text: Placed
    fault: Fault | Unknown | None

    def has(self, fault: Fault, piece: int) -> bool:
        """Tell whether a fault in a piece is found here too."""
        if not isinstance(self.fault, Fault):
            return False
        if (self.fault.name, self.fault.subject) != (fault.name, fault.subject):
            return False
        if fault.is_of_types and self.fault.message != fault.message:
            return False
        return not fault.is_syntax or self.text.piece_at(self.fault.place) == piece


class Found(NamedTuple):
    """Mistakes that no request can pass by, and doubts: right elsewhere or for some requests."""

    mistakes: list[ProjectError]
    doubts: list[ProjectError]


def check_pipes(pipes: Iterable[CompiledPipe], folder: Path, database: str, found: Found) -> None:
    """Have ClickHouse analyse every node of every pipe, without running any; add to ``found``.

    With each pipe come all those that it reads from, none in a circle. The database has the
    project's tables; they may be empty.
    """
    # Each after what it reads from.
    ends = (place for pipe in pipes for place in pipe.places.values())
    places = {place.key: place for end in ends for place in pipe_sql.chain(end)}
    texts = {key: node_text.node_text(place.node) for key, place in places.items()}
    with closing(Analyst(folder, database)) as analyst:
        checker = _Checker(analyst, found, texts)
        for place in places.values():
            checker.check(pipe_sql.chain(place))


class _Checker:
    def __init__(self, analyst: Analyst, found: Found, texts: Mapping[PlaceKey, NodeText]) -> None:
        self._found = found
        self._analyst = analyst
        self._faulty: set[PlaceKey] = set()
        # For nodes that are wrong in some branches, those of a way past them.
        self._ways: dict[PlaceKey, Choices] = {}
        self._texts = texts
        self._templates: dict[tuple[PlaceKey, str], Template] = {}

    def check(self, places: list[Place]) -> None:
        """Add the faults of the last node of a chain, one a line."""
        if any(place.key in self._faulty for place in places):
            # They would be told again.
            return
        last, told = places[-1], dict[int, Fault]()
        branched = set()
        for writing in self._quick_writings(places):
            judged = self._judge(places, writing)
            fault = judged.fault
            if not isinstance(fault, Fault) or (number := fault.piece_of(judged.text)) is None:
                continue
            piece = self._texts[last.key].pieces[number]
            if piece.line not in told and self._is_always_there(places, fault, number):
                told[piece.line] = fault
                if piece.within and not fault.is_harmful:
                    branched.add(piece.line)
        has_way = bool(branched) and self._has_way(places)
        for line, fault in told.items():
            is_passable = has_way and line in branched
            text = f"{fault.message} {_IN_A_BRANCH}" if is_passable else fault.message
            found = ProjectError(last.pipe.pipe.path, line, text)
            if fault.is_certain and not is_passable:
                self._found.mistakes.append(found)
                self._faulty.add(last.key)
            else:
                self._found.doubts.append(found)

    def _has_way(self, places: list[Place]) -> bool:
        """Tell whether branches can be taken that are without a fault: each faulty one is left."""
        key, text = places[-1].key, self._texts[places[-1].key]
        choices = dict.fromkeys(range(len(text.branches)), 0)
        for _ in range(sum(text.branches) + 1):
            judged = self._judge(places, _Writing(0, {**self._ways, key: choices}))
            fault = judged.fault
            if not isinstance(fault, Fault) or not fault.is_certain:
                self._ways[key] = choices
                return True
            piece = fault.piece_of(judged.text)
            within = text.pieces[piece].within if piece is not None else {}
            # The innermost branch that has another one after it.
            left = [n for n in within if within[n] + 1 < text.branches[n]]
            if not left:
                break
            choices[left[-1]] += 1
        return False

    def _quick_writings(self, places: list[Place]) -> Iterator[_Writing]:
        """Yield the few that together show almost all text, but for the right first one."""
        values = node_text.values_for(
            each for each in pipe_sql.parameters_of(places) if each.is_enforced
        )
        plainly = self._fault(places, lambda place: place.rendered(values))
        if isinstance(plainly, Fault):
            yield _BY_VALUES
        # With nothing but what is required, conditions do not hold: the last branches are seen.
        most = self._most_branches(places)
        yield from map(_Writing, range(most if isinstance(plainly, Unknown) else most - 1))

    def _is_always_there(self, places: list[Place], fault: Fault, piece: int) -> bool:
        """Tell whether no way to write a piece of the last node is without a fault."""
        writings = self._writings_with(places, piece)
        if fault.is_of_types:
            if any(
                parameter.type in node_text.NAMES for parameter in pipe_sql.parameters_of(places)
            ):
                return False
            writings = (replace(w, has_others=other) for w in writings for other in (False, True))
        for writing in islice(writings, _MOST_WRITINGS):
            judged = self._judge(places, writing)
            if piece in judged.text.pieces and not judged.has(fault, piece):
                return False
        return True

    def _writings_with(self, places: list[Place], piece: int) -> Iterator[_Writing]:
        """Yield those that have a piece of the last node: all branches together, then each one."""
        own = places[-1].key
        needed = self._texts[own].pieces[piece].within
        bases = range(self._most_branches(places))
        yield _BY_VALUES
        for base in bases:
            yield _Writing(base, {own: needed})
        for place in places:
            key, text = place.key, self._texts[place.key]
            for choice, branches in enumerate(text.branches):
                for branch, base in product(range(branches), bases):
                    forced = {**text.within[choice], choice: branch}
                    if key == own:
                        forced |= needed
                    yield _Writing(base, {own: needed, key: forced})

    def _most_branches(self, places: list[Place]) -> int:
        return max(max(self._texts[place.key].branches, default=1) for place in places)

    def _judge(self, places: list[Place], writing: _Writing) -> _Judged:
        is_least = writing.branch is None and not writing.has_others
        parameters = (p for p in pipe_sql.parameters_of(places) if p.is_enforced or not is_least)
        values = node_text.values_for(parameters, others=writing.has_others)

        def render(place: Place) -> Placed:
            return node_text.placed(self._template(place, writing).render(values, place.context))

        try:
            text = render(places[-1])
        except TemplateError:
            return _Judged(Placed("", ()), Unknown())
        return _Judged(text, self._fault(places, lambda place: render(place).sql))

    def _fault(self, places: list[Place], render: pipe_sql.Render) -> Fault | Unknown | None:
        try:
            return self._analyst.fault(places[-1].query(render), render(places[-1]))
        except (TemplateError, ApiError):
            return Unknown()

    def _template(self, place: Place, writing: _Writing) -> Template:
        text = self._texts[place.key]
        written = text.written(writing.choices(place.key, text))
        key = place.key, written
        if key not in self._templates:
            self._templates[key] = Template(written, is_template=place.node.is_template)
        return self._templates[key]
