"""Runs pipes on chDB, once over three tenants' rows and once over the asking tenant's alone.

``python -m tests.tinybird.lint.engine FOLDER`` is a process of its own, as chDB needs one: it reads
one pipe a line, as JSON of its nodes and requests, and writes their answers in one line.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.local.tinybird.process import ROOT
from tests.tinybird.lint.pipes import project

ASKING = "a"
_COLUMNS = "(workspace_id String, note String, amount Int64)"
_OWN = {"events": "('a', 'x', 1), ('a', 'a', 2)", "notes": "('a', 'x', 7)"}
_OTHERS = {
    "events": "('b', 'x', 30), ('b', 'a', 40), ('c', 'y', 500)",
    "notes": "('b', 'x', 80), ('c', 'a', 900), ('', 'x', 6000)",
}


class Engine:
    """The process, seen from a test."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, nodes: Mapping[str, str], requests: Sequence[Mapping[str, str]]
    ) -> list[tuple[Any, Any]]:
        """Return each request's rows over all tenants and over one, None when the query failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([nodes, requests]) + "\n")
        self._process.stdin.flush()
        return [
            (everyone, alone) for everyone, alone in json.loads(self._process.stdout.readline())
        ]

    def close(self) -> None:
        """Let the process end."""
        self._process.communicate(timeout=30)


class _Tables:
    """The rows of everyone in one database, and in another one those of the asking tenant alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "data"
        # While one stays open, another one opens at once.
        self._spare = self._opened()
        self._spare.query("SELECT 1")
        self._session = self._opened()
        self._known: dict[tuple[str, str], list[str] | None] = {}
        for database, rows in ("everyone", (_OWN, _OTHERS)), ("alone", (_OWN,)):
            self._session.query(f"CREATE DATABASE {database}")
            self._session.use(database)
            self._session.query("CREATE TABLE plans (plan String) ENGINE = MergeTree ORDER BY plan")
            self._session.query("INSERT INTO plans VALUES ('x'), ('a')")
            for table in _OWN:
                engine = "ENGINE = ReplacingMergeTree ORDER BY (workspace_id, amount)"
                self._session.query(f"CREATE TABLE {table} {_COLUMNS} {engine}")
                for some in rows:
                    self._session.query(f"INSERT INTO {table} VALUES {some[table]}")

    def rows(self, database: str, sql: str) -> list[str] | None:
        """Return an answer's rows in an order of their own; None when the query failed."""
        if (database, sql) not in self._known:
            self._known[database, sql] = self._asked(database, sql)
        return self._known[database, sql]

    def _asked(self, database: str, sql: str) -> list[str] | None:
        from clerk_tinybird_app.local.tinybird.engine.chdb_session import (  # noqa: PLC0415
            QueryFailed,
        )

        try:
            self._session.use(database)
            return sorted(self._session.query(sql, "JSONCompactEachRow").decode().splitlines())
        except QueryFailed:
            return None

    def _opened(self) -> Any:
        from clerk_tinybird_app.local.tinybird.engine.chdb_session import (  # noqa: PLC0415
            ChdbSession,
        )

        return ChdbSession(self._folder, "max_threads = 1")


def _queries(
    nodes: Mapping[str, str], requests: Sequence[Mapping[str, str]]
) -> Iterator[str | None]:
    from clerk_tinybird_app.local.tinybird.errors import ApiError  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.project.pipe_sql import compiled  # noqa: PLC0415
    from clerk_tinybird_app.tinybird.template import TemplateError  # noqa: PLC0415

    made = project(nodes)
    pipes, _ = compiled(made.pipes, made.datasources)
    for parameters in requests:
        try:
            yield pipes["answer"].sql(parameters)
        except (TemplateError, ApiError):
            yield None


def _serve(folder: Path) -> None:
    tables = _Tables(folder)
    for line in sys.stdin:
        found = [
            [sql and tables.rows(database, sql) for database in ("everyone", "alone")]
            for sql in _queries(*json.loads(line))
        ]
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
