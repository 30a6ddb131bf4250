"""The contents of a project's files, and the errors for mistakes in them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ENDPOINT: Final = "endpoint"
MATERIALIZED: Final = "materialized"
COPY: Final = "copy"
SINK: Final = "sink"
STANDARD: Final = ""

TARGETS: Final = {MATERIALIZED: "DATASOURCE", COPY: "TARGET_DATASOURCE"}
"""By a node's type, the instruction that names the data source that gets its rows."""

Tokens = tuple[tuple[str, str], ...]
"""Pairs of a token's name and what it may do: ``READ`` or ``APPEND``."""


class ProjectError(ValueError):
    """A mistake in one file of a project, and what to do about it.

    Attributes:
        file: The file, relative to the project's folder.
        line: The line of the mistake, from 1.
        message: One or two sentences for the person who edits the file.
    """

    def __init__(self, file: Path, line: int, message: str) -> None:
        super().__init__(f"{file.as_posix()}:{line}: {message}")
        self.file = file
        self.line = line
        self.message = message


class ProjectMistakes(ValueError):  # noqa: N818 - it is what a project has
    """All mistakes of a project that were found.

    Attributes:
        mistakes: At least one, in the order of files and lines.
    """

    def __init__(self, mistakes: Iterable[ProjectError]) -> None:
        self.mistakes = tuple(sorted(mistakes, key=lambda one: (one.file, one.line)))
        super().__init__("\n".join(map(str, self.mistakes)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a data source.

    Attributes:
        name: The name, without backticks.
        type: The ClickHouse type as written, such as ``LowCardinality(String)``.
        json_path: The place of the value in a JSON row, such as ``$.user.id``; None: its name.
        default: The SQL expression after ``DEFAULT``, or None.
        codec: The compression, such as ``ZSTD(1)``, or None.
        line: The line of the file with its name, from 1.
    """

    name: str
    type: str
    json_path: str | None = None
    default: str | None = None
    codec: str | None = None
    line: int = field(default=1, compare=False)

    @property
    def is_nullable(self) -> bool:
        """True when a value can be null; elements of an array do not count."""
        return "Nullable(" in self.type.split("Array(")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """A ``.datasource`` file.

    Attributes:
        name: The file's name without its ending.
        description: The text after ``DESCRIPTION``, "" without one.
        columns: At least one.
        engine: The table engine, ``MergeTree`` unless the file says otherwise.
        engine_settings: Every ``ENGINE_...`` instruction that is not empty, by its full name.
        tokens: Tokens the file grants access to this data source.
        path: Relative to the project's folder.
        indexes: The lines under ``INDEXES``.
        connector: Every ``KAFKA_...`` and ``IMPORT_...`` instruction by its full name.
        forward_query: The text after ``FORWARD_QUERY``, "" without one.
        lines: The line of each instruction by its full name, from 1.
        index_lines: The line of each of ``indexes``.
        modified: When the file was last changed, in seconds since the epoch.
        text: What the file says.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    engine: str
    engine_settings: Mapping[str, str]
    tokens: Tokens
    path: Path
    indexes: tuple[str, ...] = ()
    connector: Mapping[str, str] = field(default_factory=dict)
    forward_query: str = ""
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)
    index_lines: tuple[int, ...] = field(default=(), compare=False)
    modified: float = field(default=0.0, compare=False)
    text: str = field(default="", compare=False, repr=False)

    def line_of(self, *keywords: str) -> int:
        """Return the line of the first of these instructions that the file has, else 1."""
        return next((self.lines[word] for word in keywords if word in self.lines), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One query of a pipe. Later nodes of the pipe can select from it by its name.

    Attributes:
        name: Unique within the pipe.
        description: The text after ``DESCRIPTION``, "" without one.
        sql: The text of the query, without the ``%`` at its beginning.
        is_template: Whether the SQL began with ``%``.
        line: The line of the file that ``sql`` begins on, from 1.
        type: ``endpoint``, ``materialized``, ``copy``, ``sink``, or "" for none of them.
        settings: The instructions of its type by their full names, such as ``TARGET_DATASOURCE``.
        lines: The line of each of ``settings``, from 1.
    """

    name: str
    description: str
    sql: str
    is_template: bool
    line: int
    type: str = STANDARD
    settings: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict, compare=False)

    @property
    def target(self) -> str:
        """Return the data source that gets its rows, "" for none."""
        return self.settings.get(TARGETS.get(self.type, ""), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipe:
    """A ``.pipe`` file.

    Attributes:
        name: The file's name without its ending.
        description: The text after ``DESCRIPTION`` before the first node, "" without one.
        nodes: At least one, in the file's order.
        tokens: Tokens the file grants access to this pipe.
        path: Relative to the project's folder.
        modified: When the file was last changed, in seconds since the epoch.
        text: What the file says.
    """

    name: str
    description: str
    nodes: tuple[Node, ...]
    tokens: Tokens
    path: Path
    modified: float = field(default=0.0, compare=False)
    text: str = field(default="", compare=False, repr=False)

    @property
    def is_endpoint(self) -> bool:
        """Tell whether the pipe can be queried over HTTP."""
        return self.endpoint.type == ENDPOINT

    @property
    def filling(self) -> Node | None:
        """Return the node whose rows go into a data source; None: there is none."""
        return next((node for node in self.nodes if node.type in TARGETS), None)

    @property
    def endpoint(self) -> Node:
        """Return the node that answers: the one of type ``endpoint``, else the last."""
        return next((node for node in self.nodes if node.type == ENDPOINT), self.nodes[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project's folder.

    Attributes:
        datasources: By name.
        pipes: By name.
        folder: The folder that it was read from.
        mistakes: One for each file that cannot be read, or that has the name of another file.
    """

    datasources: Mapping[str, DataSource]
    pipes: Mapping[str, Pipe]
    folder: Path
    mistakes: tuple[ProjectError, ...] = ()

    @property
    def unreadable(self) -> frozenset[str]:
        """The names of the files with a mistake of their own."""
        return frozenset(mistake.file.stem for mistake in self.mistakes)
