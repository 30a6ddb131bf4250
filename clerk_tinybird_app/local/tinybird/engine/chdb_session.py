"""A connection to chDB that is replaced after each failure.

chDB prepends a failed query's partial output to the next answer on the same connection, so a
connection that has failed must never answer again. Only the embedded Tinybird's own process
may import this module: chDB allows one process per folder, and forking after its import hangs.
"""

import re
from pathlib import Path
from typing import Any, Final, NamedTuple

from chdb.session import Session

from clerk_tinybird_app.local.tinybird.engine.tables import literal

_ERROR: Final = re.compile(
    r"^(?:(?:Code: \d+\. )?DB::Exception: )*(.*?)\s*(?:\(([A-Z_0-9]+)\)\.?\s*)*$", re.DOTALL
)
_CODE: Final = re.compile(r"Code: (\d+)\.")
_VERSION: Final = re.compile(r"\s*\(version [^)]*\)\.?")
_OF_CHDB: Final = frozenset(("arrowtable", "dataframe", "datastore", "debug"))
"""Formats that chDB takes for Python's objects, in any case; ClickHouse knows none of them."""

_FORMATS: Final = {".ndjson": "JSONEachRow", ".native": "Native"}
"""Of a file with rows, by the ending of its name."""

_SHORTAGES: Final = (0, 159, 210, 241, 243, 394)
"""ClickHouse's numbers for no connection, time, memory or disk, and for a query that was ended."""


class QueryFailed(Exception):  # noqa: N818 - it is what happened, named as the API names it
    """ClickHouse refused a query.

    It gave a ``code`` or 0, a ``name`` such as ``UNKNOWN_IDENTIFIER`` or "", and a sentence.
    """

    def __init__(self, text: str) -> None:
        found = _CODE.search(text)
        self.code = int(found.group(1)) if found else 0
        cleaned = _VERSION.sub("", text).strip()
        parts = _ERROR.match(cleaned)
        self.message, self.name = (parts.group(1), parts.group(2) or "") if parts else (cleaned, "")
        super().__init__(self.message)

    @property
    def is_shortage(self) -> bool:
        """Tell whether something was lacking that may be there the next time."""
        return self.code in _SHORTAGES


class Read(NamedTuple):
    """What a query read, and how many rows it had."""

    rows: int
    bytes: int
    result_rows: int


class ChdbSession:
    """A connection with settings of its own; not for two threads at once.

    It is opened by the first query, and by the first one after a failure. The ``settings`` are what
    to ``SET`` first, as SQL text, ``readonly`` as the last; ``most_bytes`` has the longest answer.
    What the last query ``read`` can be looked at.
    """

    def __init__(self, folder: Path, settings: str, *, most_bytes: int | None = None) -> None:
        self._folder = folder
        self._settings = settings
        self._database = ""
        self._most_bytes = most_bytes
        self._session: Any = None
        self.read = Read(0, 0, 0)

    def use(self, database: str) -> None:
        """Make ``database`` the one that bare table names are looked up in."""
        if self._database != database:
            self._database = database
            if self._session is not None:
                self.query(f"USE {database}")

    def query(self, sql: str, output_format: str = "TabSeparated") -> bytes:
        """Run one statement and return its whole answer.

        Raises:
            QueryFailed: ClickHouse refused it, or its answer is too long.
            RuntimeError: chDB opens no connection.
        """
        result = self._result(sql, output_format)
        if result is None:
            return b""
        # ClickHouse counts what it holds, which can be written much longer: names in each row.
        if self._most_bytes is not None and result.size() > self._most_bytes:
            raise self._failed(
                # As ClickHouse would say it.
                "Code: 396. DB::Exception: Limit for result exceeded, "
                f"max bytes: {self._most_bytes}. (TOO_MANY_ROWS_OR_BYTES)"
            )
        self.read = Read(
            result.storage_rows_read(), result.storage_bytes_read(), result.rows_read()
        )
        return bytes(result.bytes())

    def write(self, query: str, rows: Path) -> int:
        """Write the rows of a query into a file that `insert` takes; return how many.

        Raises:
            QueryFailed: ClickHouse refused it; the file may have some of them.
        """
        rows.touch(mode=0o600)
        into = f"INTO OUTFILE {literal(str(rows))} TRUNCATE FORMAT {_FORMATS[rows.suffix]}"
        result = self._result(f"{query} {into}", "TabSeparated")
        return int(result.rows_read())

    def insert(self, statement: str, rows: Path, *settings: str) -> None:
        """Insert the rows of a file: of a JSON file, one object a line, all of them or none.

        Through a file because chDB's `send_insert` reports rows as written that ClickHouse refused
        behind the parser, and because rows in the text of a query take twice as long.

        Raises:
            QueryFailed: ClickHouse refused them.
        """
        given = f" SETTINGS {', '.join(settings)}" if settings else ""
        self.query(f"{statement} {infile(rows, given)}")

    def close(self) -> None:
        """Close the connection; harmless twice."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _result(self, sql: str, output_format: str) -> Any:
        if output_format.lower() in _OF_CHDB:
            raise QueryFailed(f"Unknown format {output_format}. (UNKNOWN_FORMAT)")
        if not _arrives_whole(sql):
            raise QueryFailed("A query must be UTF-8 text without zero bytes.")
        if self._session is None:
            self._open()
        try:
            return self._session.query(sql, output_format)
        except RuntimeError as error:
            raise self._failed(str(error)) from None

    def _open(self) -> None:
        self._session = Session(str(self._folder))  # type: ignore[no-untyped-call]  # chDB
        self.query(f"SET {self._settings}")
        if self._database:
            self.query(f"USE {self._database}")

    def _failed(self, text: str) -> QueryFailed:
        self.close()
        # Where on this machine its files are is nothing to any reader of the text.
        return QueryFailed(text.replace(str(self._folder.parent), ""))


def infile(rows: Path, settings: str = "") -> str:
    """Return what an INSERT of the rows of a file ends with."""
    return f"FROM INFILE {literal(str(rows))}{settings} FORMAT {_FORMATS[rows.suffix]}"


def _arrives_whole(sql: str) -> bool:
    """Tell whether all of a text reaches ClickHouse: C ends one at the first zero byte."""
    try:
        return b"\0" not in sql.encode()
    except UnicodeEncodeError:
        return False
