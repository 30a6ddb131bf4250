"""A workspace: its id, its key, its database, and the project it serves at the moment."""

import threading
import uuid
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from clerk_tinybird_app.local.tinybird.access import static_tokens
from clerk_tinybird_app.local.tinybird.access.claims import Caller, resource_id
from clerk_tinybird_app.local.tinybird.access.static_tokens import StaticToken
from clerk_tinybird_app.local.tinybird.engine.writer import Writer
from clerk_tinybird_app.local.tinybird.errors import not_found
from clerk_tinybird_app.local.tinybird.project import materialized
from clerk_tinybird_app.local.tinybird.project.pipe_sql import CompiledPipe
from clerk_tinybird_app.local.tinybird.project.project_check import Checked, check
from clerk_tinybird_app.tinybird.project import DataSource, Project, ProjectMistakes


def time_text(seconds: float) -> str:
    """Return a time, in seconds since the epoch, as the API writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


@dataclass(eq=False)
class LocalWorkspace:
    """One workspace; its rows are in a database of its own.

    Its admin token, which signs its JWTs, is the signing key. What it has ``served`` is replaced
    whole when the project changes, and just before it the data files' ``tokens``, by value.

    As long as the process lives it keeps its latest jobs and its variables, as the API describes
    them, the variables' values by name, which are secrets, and by value the tokens that were made;
    also its deployments, the one that serves and one that waits, with the project ``staged`` then,
    how many were ``deployed``, and whether one is under way.
    Of its copy pipes, those ``paused`` do not run by themselves.
    """

    id: str
    name: str
    signing_key: str = field(repr=False)
    served: Checked = field(default_factory=Checked, repr=False)
    tokens: Mapping[str, StaticToken] = field(default_factory=dict, repr=False)
    jobs: deque[dict[str, Any]] = field(default_factory=partial(deque, maxlen=100), repr=False)
    variables: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    made_tokens: dict[str, StaticToken] = field(default_factory=dict, repr=False)
    paused: set[str] = field(default_factory=set, repr=False)
    deployments: list[dict[str, Any]] = field(default_factory=list, repr=False)
    staged: Project | None = field(default=None, repr=False)
    deployed: int = field(default=0, repr=False)
    is_deploying: bool = field(default=False, repr=False)
    _applying: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def new(cls, name: str) -> "LocalWorkspace":
        """Return a workspace with a new id and key."""
        made = str(uuid.uuid4())
        return cls(made, name, static_tokens.new_token(made, made))

    @property
    def database(self) -> str:
        """The database of its rows; the landing database stands beside it."""
        return f"w_{self.id.replace('-', '')}"

    def resource_id(self, *names: str) -> str:
        """Return the id of one of its pipes, nodes or data sources; the same after each start."""
        return resource_id(self.id, *names)

    def job(self, kind: str, now: float, datasource: str, **more: Any) -> dict[str, Any]:
        """Return a new job on a data source, done unless told, as the API describes it."""
        job_id = str(uuid.uuid4())
        job = {
            **dict.fromkeys(("id", "job_id"), job_id),
            **dict.fromkeys(("created_at", "updated_at"), time_text(now)),
            "kind": kind,
            "status": "done",
            "is_cancellable": False,
            "job_url": f"/v0/jobs/{job_id}",
            "datasource": {"id": self.resource_id("datasource", datasource), "name": datasource},
            **more,
        }
        self.jobs.append(job)
        return job

    def pipe(
        self, name_or_id: str, caller: Caller, *, missing: str = "The pipe '{}' does not exist"
    ) -> CompiledPipe:
        """Return a pipe, or refuse: 403, it may not be read; 404, ``missing``; 400, a mistake."""
        served = self.served
        name = self.name_of("pipe", name_or_id, served)
        # Whoever may not read it learns neither that it is there nor what is wrong with it.
        caller.fixed_params(name or name_or_id, name_or_id)
        if name is None:
            raise not_found(missing.format(name_or_id))
        served.require(name)
        return served.pipes[name]

    def datasource(self, name_or_id: str, require: Callable[[str, str], None]) -> DataSource:
        """Return a data source, or refuse: as ``require`` does; 404, none; 400, a mistake."""
        served = self.served
        name = self.name_of("datasource", name_or_id, served)
        require(name or name_or_id, name_or_id)
        if name is None:
            raise not_found(f'Data Source "{name_or_id}" does not exist')
        served.require(name)
        return served.datasources[name]

    def name_of(self, kind: str, name_or_id: str, served: Checked | None = None) -> str | None:
        """Return the name of a pipe or a data source, also with a mistake; None: there is none."""
        served = served or self.served
        found: Collection[str] = served.pipes if kind == "pipe" else served.datasources
        if name_or_id in found:
            return name_or_id
        names = (*found, *served.unserved)
        return next((n for n in names if name_or_id in (n, self.resource_id(kind, n))), None)

    def check(self, project: Project, writer: Writer) -> Checked:
        """Check a project as `serve` does, raise its `ProjectMistakes`, and change nothing."""
        with self._applying:
            checked = check(project, writer, self.database, secrets=self.secrets)
        if checked.mistakes:
            raise ProjectMistakes(checked.mistakes)
        return checked

    def serve(
        self, project: Project, writer: Writer, *, despite_mistakes: bool = False
    ) -> tuple[list[str], Checked]:
        """Serve ``project`` from now on, its tables brought up to date first.

        ``despite_mistakes`` is to serve what has none, when something else has that is not served
        already.

        Returns:
            The data sources with other tables than before, and what was found.

        Raises:
            ProjectMistakes: It has some; nothing is changed, but for data sources that are filled
                anew, when one fails.
        """
        with self._applying:
            checked = check(project, writer, self.database, secrets=self.secrets)
            lost = checked.unserved.keys() & {*self.served.datasources, *self.served.pipes}
            if checked.mistakes and (lost or not despite_mistakes):
                raise ProjectMistakes(checked.mistakes)
            changed, failed = writer.run(
                partial(materialized.apply, database=self.database, wanted=checked)
            )
            checked = checked.without(failed, self.database)
            if failed and not despite_mistakes:
                raise ProjectMistakes(checked.mistakes)
            key = self.signing_key
            tokens = static_tokens.static_tokens(project, workspace_id=self.id, signing_key=key)
            self.tokens = {token.value: token for token in tokens}
            self.served = checked
            return changed, checked
