"""Finds pipes and nodes that read from each other in a circle."""

import re
from collections.abc import Iterator, Mapping

from clerk_tinybird_app.local.tinybird.project.node_text import visible
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe
from clerk_tinybird_app.tinybird.project import Node, ProjectError

_Place = tuple[CompiledPipe, Node]
_Key = tuple[str, str]


def circles(pipes: Mapping[str, CompiledPipe]) -> Iterator[ProjectError]:
    """Yield a mistake for each circle, on the line that closes it."""
    done: set[_Key] = set()
    for pipe in pipes.values():
        for node in pipe.pipe.nodes:
            yield from _from((pipe, node), pipes, {}, done)


def _from(
    place: _Place, pipes: Mapping[str, CompiledPipe], way: dict[_Key, str], done: set[_Key]
) -> Iterator[ProjectError]:
    """Yield the circles that a node leads into, but for those found before.

    Args:
        place: The node.
        pipes: All pipes.
        way: The nodes that lead to it, in order, each with its name for people.
        done: The nodes that were looked at.
    """
    pipe, node = place
    if _key(place) in done:
        return
    done.add(_key(place))
    way = {**way, _key(place): f"{pipe.pipe.name}.{node.name}"}
    for name, following in _followed(pipe, node, pipes):
        key = _key(following)
        if key in way:
            names = list(way.values())[list(way).index(key) :]
            circle = " -> ".join((*names, names[0]))
            text = f"Circular reference: {circle}."
            yield ProjectError(pipe.pipe.path, _line(node, name), text)
        else:
            yield from _from(following, pipes, way, done)


def _followed(
    pipe: CompiledPipe, node: Node, pipes: Mapping[str, CompiledPipe]
) -> Iterator[tuple[str, _Place]]:
    own = {each.name: each for each in pipe.pipe.nodes}
    for name in sorted(pipe.uses[node.name]):
        if name in own:
            yield name, (pipe, own[name])
        elif name in pipes:
            yield name, (pipes[name], pipes[name].pipe.endpoint)


def _key(place: _Place) -> _Key:
    pipe, node = place
    return pipe.pipe.name, node.name


def _line(node: Node, name: str) -> int:
    """Return the file's line on which a node names what it reads from."""
    found = re.search(rf"\b{re.escape(name)}\b", visible(node.sql))
    return node.line + (node.sql.count("\n", 0, found.start()) if found else 0)
