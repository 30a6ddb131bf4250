"""A workspace: its id, its key, its database, and the project it serves at the moment."""

import hashlib
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from clerk_tinybird_app.local.tinybird.access.static_tokens import (
    StaticToken,
    new_token,
    static_tokens,
)
from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.errors import bad_request, not_found
from clerk_tinybird_app.local.tinybird.project import schema
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe
from clerk_tinybird_app.local.tinybird.project.project_check import Checked, check
from clerk_tinybird_app.local.tinybird.project.unfed import Unfed, datasources_of, unfed
from clerk_tinybird_app.tinybird.project import (
    DataSource,
    Project,
    ProjectError,
    ProjectMistakes,
)

_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True)
class Served:
    """A project as it is served: all of it compiled.

    Attributes:
        datasources: By name.
        pipes: By name.
        tokens: The data files' tokens, by value.
        unserved: For the name of everything else in the project, the mistake that is why.
        unfed: The data sources that a pipe would fill which does not run here.
        reads_unfed: For each pipe that reads any of those, their names.
    """

    datasources: Mapping[str, DataSource]
    pipes: Mapping[str, CompiledPipe]
    tokens: Mapping[str, StaticToken] = field(repr=False)
    unserved: Mapping[str, ProjectError]
    unfed: Mapping[str, Unfed]
    reads_unfed: Mapping[str, frozenset[str]]

    @property
    def is_whole(self) -> bool:
        """Tell whether this is a project without a mistake."""
        return bool(self.datasources or self.pipes) and not self.unserved

    def require(self, name: str) -> None:
        """Pass but for the name of something that a mistake keeps from being served.

        Raises:
            ApiError: 400, with the mistake.
        """
        if mistake := self.unserved.get(name):
            raise bad_request(f"[Error] '{name}' is not served. {mistake}")


_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})
_NOTHING: Final = Served(
    datasources=_EMPTY,
    pipes=_EMPTY,
    tokens=_EMPTY,
    unserved=_EMPTY,
    unfed=_EMPTY,
    reads_unfed=_EMPTY,
)


class Outcome(NamedTuple):
    """What came of serving a project: the data sources with other tables, and what was found."""

    changed: list[str]
    checked: Checked


@dataclass(eq=False)
class LocalWorkspace:
    """One workspace; its rows are in a database of its own.

    Its admin token, which signs its JWTs, is the signing key. What it has ``served`` is replaced
    whole when the project changes.
    """

    id: str
    name: str
    signing_key: str = field(repr=False)
    served: Served = _NOTHING
    _applying: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def new(cls, name: str) -> "LocalWorkspace":
        """Return a workspace with a new id and key."""
        made = str(uuid.uuid4())
        return cls(made, name, new_token(made, made))

    @property
    def database(self) -> str:
        """The database of its rows; the landing database stands beside it."""
        return f"w_{self.id.replace('-', '')}"

    def resource_id(self, *names: str) -> str:
        """Return the id of one of its pipes, nodes or data sources; the same after each start."""
        digest = hashlib.sha256("\n".join((self.id, *names)).encode()).hexdigest()
        return f"t_{digest[:32]}"

    def pipe(self, name_or_id: str) -> CompiledPipe:
        """Return a pipe.

        Raises:
            ApiError: 404, there is none; 400, it has a mistake.
        """
        served = self.served
        if found := self._named("pipe", name_or_id, served.pipes, served):
            return found
        raise not_found(f"The pipe '{name_or_id}' does not exist")

    def datasource(self, name_or_id: str) -> DataSource:
        """Return a data source.

        Raises:
            ApiError: 404, there is none; 400, it has a mistake.
        """
        served = self.served
        if found := self._named("datasource", name_or_id, served.datasources, served):
            return found
        raise not_found(f"Data Source '{name_or_id}' not found")

    def _named(
        self, kind: str, name_or_id: str, found: Mapping[str, _T], served: Served
    ) -> _T | None:
        """Return what is served under a name or an id; None: there is no such thing."""
        if one := found.get(name_or_id):
            return one
        for name in (*found, *served.unserved):
            if name_or_id in (name, self.resource_id(kind, name)):
                served.require(name)
                return found[name]
        return None

    def serve(self, project: Project, writer: Writer, *, despite_mistakes: bool = False) -> Outcome:
        """Serve ``project`` from now on, its tables brought up to date first.

        ``despite_mistakes`` is to serve what has none, when something else has.

        Raises:
            ProjectMistakes: It has some; nothing is changed.
        """
        with self._applying:
            checked = check(project, writer, self.database)
            if checked.mistakes and not despite_mistakes:
                raise ProjectMistakes(checked.mistakes)
            sources, wanted = checked.datasources.values(), checked.definitions
            changed = writer.run(
                lambda session: schema.apply(session, self.database, sources, wanted)
            )
            tokens = static_tokens(project, workspace_id=self.id, signing_key=self.signing_key)
            targets = unfed(checked.pipes)
            reads = {
                name: datasources_of(pipe.endpoint) & targets.keys()
                for name, pipe in checked.pipes.items()
            }
            self.served = Served(
                datasources=checked.datasources,
                pipes=checked.pipes,
                tokens={token.value: token for token in tokens},
                unserved=checked.unserved,
                unfed=targets,
                reads_unfed={name: found for name, found in reads.items() if found},
            )
            return Outcome(changed, checked)
