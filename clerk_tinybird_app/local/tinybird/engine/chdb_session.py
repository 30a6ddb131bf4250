"""One connection to chDB that is closed for good by its first failure.

chDB prepends a failed query's partial output to the next answer on the same connection, so a
connection that has failed once must never answer again. Only the embedded Tinybird's own process
may import this module: chDB allows one process per folder, and forking after its import hangs.
"""

import re
from pathlib import Path
from typing import Any, Final

from chdb.session import Session

from clerk_tinybird_app.local.tinybird.engine.tables import literal

_ERROR: Final = re.compile(
    r"^(?:(?:Code: \d+\. )?DB::Exception: )*(.*?)\s*(?:\(([A-Z_0-9]+)\)\.?\s*)*$", re.DOTALL
)
_CODE: Final = re.compile(r"Code: (\d+)\.")
_OF_CHDB: Final = frozenset(("arrowtable", "dataframe", "datastore", "debug"))
"""Formats that chDB takes for Python's objects, in any case; ClickHouse knows none of them."""

_VERSION: Final = re.compile(r"\s*\(version [^)]*\)\.?")


class QueryFailed(Exception):  # noqa: N818 - it is what happened, named as the API names it
    """ClickHouse refused a query.

    Attributes:
        code: ClickHouse's number for the error, 0 when it gave none.
        name: ClickHouse's name for it, such as ``UNKNOWN_IDENTIFIER``, or "".
        message: Its sentence, without code, name and version.
    """

    def __init__(self, text: str) -> None:
        found = _CODE.search(text)
        self.code = int(found.group(1)) if found else 0
        cleaned = _VERSION.sub("", text).strip()
        parts = _ERROR.match(cleaned)
        self.message, self.name = (parts.group(1), parts.group(2) or "") if parts else (cleaned, "")
        super().__init__(self.message)


class ChdbSession:
    """A connection with settings of its own; not for two threads at once.

    Args:
        folder: The data folder, one per process.
        settings: What to ``SET`` first, as SQL text; a setting named ``readonly`` goes last.
        most_bytes: The longest answer; None for any.
    """

    def __init__(self, folder: Path, settings: str, *, most_bytes: int | None = None) -> None:
        self._session: Any = Session(str(folder))  # type: ignore[no-untyped-call]  # chDB
        self._beside = str(folder.parent)
        self._database = ""
        self._most_bytes = most_bytes
        self.query(f"SET {settings}")

    @property
    def is_open(self) -> bool:
        """False after the first failure, or when closed."""
        return self._session is not None

    def use(self, database: str) -> None:
        """Make ``database`` the one that bare table names are looked up in."""
        if self._database != database:
            self.query(f"USE {database}")
            self._database = database

    def query(self, sql: str, output_format: str = "TabSeparated") -> bytes:
        """Run one statement and return its whole answer.

        Raises:
            QueryFailed: ClickHouse refused it, or its answer is too long; the connection is closed.
        """
        if output_format.lower() in _OF_CHDB:
            raise QueryFailed(f"Unknown format {output_format}. (UNKNOWN_FORMAT)")
        try:
            result = self._opened().query(_whole(sql), output_format)
        except RuntimeError as error:
            raise self._failed(str(error)) from None
        if result is None:
            return b""
        # ClickHouse counts what it holds, which can be written much longer: names in each row.
        if self._most_bytes is not None and result.size() > self._most_bytes:
            raise self._failed(_too_long(self._most_bytes))
        return bytes(result.bytes())

    def insert(self, statement: str, rows: Path) -> None:
        """Insert the JSON rows of a file, all of them or none.

        Through a file because chDB's `send_insert` reports rows as written that ClickHouse refused
        behind the parser, and because rows in the text of a query take twice as long.

        Args:
            statement: ``INSERT INTO table``.
            rows: One JSON object a line.

        Raises:
            QueryFailed: ClickHouse refused them; the connection is closed.
        """
        self.query(f"{statement} FROM INFILE {literal(str(rows))} FORMAT JSONEachRow")

    def close(self) -> None:
        """Close the connection; harmless twice."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _opened(self) -> Any:
        if self._session is None:
            raise QueryFailed("The connection is closed.")
        return self._session

    def _failed(self, text: str) -> QueryFailed:
        self.close()
        # Where on this machine its files are is nothing to any reader of the text.
        return QueryFailed(text.replace(self._beside, ""))


def _whole(sql: str) -> str:
    """Return ``sql`` when all of it would arrive: C ends a text at the first zero byte."""
    if "\0" in sql or _has_surrogates(sql):
        raise QueryFailed("A query must be UTF-8 text without zero bytes.")
    return sql


def _has_surrogates(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _too_long(most_bytes: int) -> str:
    """Return what ClickHouse would say."""
    return (
        f"Code: 396. DB::Exception: Limit for result exceeded, max bytes: {most_bytes}. "
        "(TOO_MANY_ROWS_OR_BYTES)"
    )
