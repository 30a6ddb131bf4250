"""What a query gives, as far as tenants are concerned."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a project something is.

    Attributes:
        file: Relative to the project's folder.
        line: From 1.
        node: The node's name.
    """

    file: Path
    line: int
    node: str


@dataclass(frozen=True, slots=True)
class Read:
    """A read of every tenant's rows, which no query on the way has filtered yet.

    Attributes:
        place: Where it is.
        what: What is read, for people.
        has_tenants: Whether it has the tenant's column, or may have anything.
        columns: The names by which a query around it can still filter it.
        is_mixed: Whether rows may already hold something of other tenants' rows.
        target: The data source that a pipe put the rows into without their tenant, "" for none.
    """

    place: Place
    what: str
    has_tenants: bool = True
    columns: frozenset[str] = frozenset()
    is_mixed: bool = False
    target: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that cannot be judged.

    Attributes:
        place: Where it is.
        reason: Why, as the end of a sentence.
    """

    place: Place
    reason: str


@dataclass(frozen=True)
class Relation:
    """What a query, or a table, gives.

    Attributes:
        reads: The reads that are open, whose rows of every tenant may be in it.
        doubts: What was met on the way.
        names: Its columns' names, None when they cannot be told.
        own: The columns that hold nothing but the asking tenant's own id.
    """

    reads: frozenset[Read] = frozenset()
    doubts: frozenset[Doubt] = frozenset()
    names: tuple[str, ...] | None = None
    own: frozenset[str] = frozenset()

    def may_have(self, name: str) -> bool:
        """Tell whether it may have a column of this name."""
        return self.names is None or name in self.names

    def lost(self) -> "Relation":
        """Return it as a part of something from which no filter can take its rows any more."""
        reads = frozenset(replace(read, columns=frozenset()) for read in self.reads)
        return Relation(reads=reads, doubts=self.doubts)

    def mixed(self) -> "Relation":
        """Return it as something in which a row may tell of others."""
        return replace(self, reads=frozenset(replace(read, is_mixed=True) for read in self.reads))

    def positions(self, columns: frozenset[str]) -> frozenset[int]:
        """Return where columns stand; none when their places cannot be told."""
        names = self.names or ()
        return frozenset(place for place, name in enumerate(names) if name in columns)


NOTHING = Relation(names=())


def either(relations: Iterable[Relation]) -> Relation:
    """Return what is one of several: everything open in any of them is open."""
    found = list(relations)
    if not found:
        return NOTHING
    return Relation(
        reads=frozenset().union(*(one.reads for one in found)),
        doubts=frozenset().union(*(one.doubts for one in found)),
        names=found[0].names if len({one.names for one in found}) == 1 else None,
        own=reduce(frozenset.intersection, (one.own for one in found)),
    )


def united(left: Relation, right: Relation) -> Relation:
    """Return the rows of both, whose columns go together by their places, not by their names."""
    names = left.names or ()

    def moved(read: Read, of: Relation) -> Read:
        kept = of.positions(read.columns) if right.names is not None else frozenset()
        return replace(read, columns=frozenset(names[at] for at in kept if at < len(names)))

    reads = frozenset(moved(read, side) for side in (left, right) for read in side.reads)
    both = left.positions(left.own) & right.positions(right.own)
    return Relation(
        reads=reads,
        doubts=left.doubts | right.doubts,
        names=left.names,
        own=frozenset(names[at] for at in both),
    )
