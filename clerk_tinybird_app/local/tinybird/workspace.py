"""A workspace: its id, its key, its database, and the project it serves at the moment."""

import secrets
import threading
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from clerk_tinybird_app.local.tinybird import rehearsal, schema
from clerk_tinybird_app.local.tinybird.errors import not_found
from clerk_tinybird_app.local.tinybird.ids import resource_id
from clerk_tinybird_app.local.tinybird.pipe_check import check
from clerk_tinybird_app.local.tinybird.pipe_sql import CompiledPipe
from clerk_tinybird_app.local.tinybird.static_tokens import (
    StaticToken,
    static_tokens,
    token_text,
)
from clerk_tinybird_app.local.tinybird.writer import Writer
from clerk_tinybird_app.tinybird.project import DataSource, Project

_KEY_BYTES: Final = 32


@dataclass(frozen=True)
class Served:
    """A project as it is served: all of it compiled.

    Attributes:
        datasources: By name.
        pipes: By name.
        tokens: The data files' tokens, by value.
    """

    datasources: Mapping[str, DataSource] = field(default_factory=lambda: MappingProxyType({}))
    pipes: Mapping[str, CompiledPipe] = field(default_factory=lambda: MappingProxyType({}))
    tokens: Mapping[str, StaticToken] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )


@dataclass(eq=False)
class LocalWorkspace:
    """One workspace; its rows are in a database of its own.

    Attributes:
        id: Its id.
        name: Its name.
        signing_key: Its admin token, which signs its JWTs.
        served: What it answers with; replaced whole when the project changes.
    """

    id: str
    name: str
    signing_key: str = field(repr=False)
    served: Served = field(default_factory=Served)
    _applying: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def new(cls, name: str) -> "LocalWorkspace":
        """Return a workspace with a new id and key."""
        made = str(uuid.uuid4())
        return cls(made, name, token_text(made, made, secrets.token_urlsafe(_KEY_BYTES)))

    @property
    def database(self) -> str:
        """The database of its rows; the landing database stands beside it."""
        return f"w_{self.id.replace('-', '')}"

    def resource_id(self, *names: str) -> str:
        """Return the id of one of its pipes, nodes or data sources."""
        return resource_id(self.id, *names)

    def pipe(self, name_or_id: str) -> CompiledPipe:
        """Return a pipe.

        Raises:
            ApiError: 404, there is none.
        """
        if found := self.served.pipes.get(name_or_id):
            return found
        for name, pipe in self.served.pipes.items():
            if self.resource_id("pipe", name) == name_or_id:
                return pipe
        raise not_found(f"The pipe '{name_or_id}' does not exist")

    def datasource(self, name_or_id: str) -> DataSource:
        """Return a data source.

        Raises:
            ApiError: 404, there is none.
        """
        if found := self.served.datasources.get(name_or_id):
            return found
        for name, source in self.served.datasources.items():
            if self.resource_id("datasource", name) == name_or_id:
                return source
        raise not_found(f"Data Source '{name_or_id}' not found")

    def serve(self, project: Project, writer: Writer) -> schema.Change:
        """Serve ``project`` from now on, its tables brought up to date first.

        Raises:
            ProjectError: It cannot be; what was served before still is.
        """
        with self._applying:
            pipes = CompiledPipe.all_of(project.pipes)
            change = self._bring_up_to_date(project.datasources.values(), pipes, writer)
            tokens = static_tokens(project, workspace_id=self.id, signing_key=self.signing_key)
            self.served = Served(
                datasources=dict(project.datasources),
                pipes=pipes,
                tokens={token.value: token for token in tokens},
            )
            return change

    def _bring_up_to_date(
        self, sources: Collection[DataSource], pipes: Mapping[str, CompiledPipe], writer: Writer
    ) -> schema.Change:
        """Bring the tables to what ``sources`` say, once all of it is found right."""
        try:
            wanted = rehearsal.rehearse(writer, self.database, sources)
            folder = writer.run(rehearsal.data_folder)
            check(pipes, folder, rehearsal.name_beside(self.database))
            return writer.run(lambda session: schema.apply(session, self.database, sources, wanted))
        finally:
            rehearsal.leave(writer, self.database)
