"""What only a process with chDB can show: ``python -m tests.local.tinybird.scenes NAME FOLDER``.

chDB allows one process a folder, and forking after its import hangs, so pytest's own process never
imports it.
"""

import json
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from tests.local.tinybird.process import play

TABLE = "INSERT INTO db.numbers"

scene = partial(play, __name__)


def _told(future: "Future[None]") -> str:
    error = future.exception(timeout=30)
    return f"{type(error).__name__}: {error}" if error else "stored"


def no_connection(folder: Path) -> Any:
    """Three inserts meet a chDB that opens nothing; a fourth one comes when it does again."""
    from clerk_tinybird_app.local.tinybird.engine import chdb_session  # noqa: PLC0415 - see above
    from clerk_tinybird_app.local.tinybird.engine.writer import Writer  # noqa: PLC0415

    def refuse(*_: object) -> None:
        raise RuntimeError("no more connections")

    writer = Writer(folder / "data")
    writer.run(lambda session: session.query("CREATE DATABASE db"))
    create = "CREATE TABLE db.numbers (n UInt8) ENGINE = MergeTree ORDER BY n"
    writer.run(lambda session: session.query(create))
    failed = _told(writer.insert(TABLE, b"not json"))
    started, going_on = threading.Event(), threading.Event()
    blocked = threading.Thread(target=_block, args=(writer, started, going_on))
    blocked.start()
    started.wait(30)
    # They wait for one insert together, whose connection is to be opened anew.
    waiting = [writer.insert(TABLE, b'{"n":%d}' % n) for n in range(3)]
    module: Any = chdb_session
    opened, module.Session = module.Session, refuse
    going_on.set()
    refused = [_told(each) for each in waiting]
    module.Session = opened
    later = _told(writer.insert(TABLE, b'{"n":7}'))
    stored = writer.run(lambda session: session.query("SELECT n FROM db.numbers")).decode()
    blocked.join()
    writer.close()
    return {"failed": failed, "refused": refused, "later": later, "stored": stored.split()}


def _block(writer: Any, started: threading.Event, going_on: threading.Event) -> None:
    def wait(session: Any) -> None:
        started.set()
        going_on.wait(30)
        session.close()

    writer.run(wait)


def odd_failure(folder: Path) -> Any:
    """An insert fails with an error that nobody thought of; another one comes after it."""
    from clerk_tinybird_app.local.tinybird.engine import writer as module  # noqa: PLC0415 - see above

    writer = module.Writer(folder / "data")
    writer.run(lambda session: session.query("CREATE DATABASE db"))
    create = "CREATE TABLE db.numbers (n UInt8) ENGINE = MergeTree ORDER BY n"
    writer.run(lambda session: session.query(create))
    file, writer._file = writer._file, None  # type: ignore[assignment]
    refused = _told(writer.insert(TABLE, b'{"n":1}'))
    writer._file = file
    stored = _told(writer.insert(TABLE, b'{"n":2}'))
    writer.close()
    return {"refused": refused.partition(":")[0], "later": stored}


def no_memory_for_views(folder: Path) -> Any:
    """Two requests' rows are in their table when a view lacks memory, and so does what repeats."""
    from clerk_tinybird_app.local.tinybird.engine.chdb_session import (  # noqa: PLC0415 - see above
        ChdbSession,
        QueryFailed,
    )
    from clerk_tinybird_app.local.tinybird.engine.writer import Writer  # noqa: PLC0415

    insert, given = ChdbSession.insert, list[int]()

    def lack(self: Any, *arguments: Any) -> None:
        given.append(len(given))
        if given == [0]:
            insert(self, *arguments)
            pushing = ": while pushing to view db_landing.`pipe:view`"
            raise QueryFailed(f"Code: 241. DB::Exception: Memory limit exceeded{pushing}.")
        if len(given) <= 3:
            raise QueryFailed("Code: 241. DB::Exception: Memory limit exceeded.")
        insert(self, *arguments)

    writer = Writer(folder / "data")
    writer.run(lambda session: session.query("CREATE DATABASE db"))
    create = "CREATE TABLE db.numbers (n UInt8) ENGINE = MergeTree ORDER BY n"
    writer.run(lambda session: session.query(create))
    started, going_on = threading.Event(), threading.Event()
    blocked = threading.Thread(target=_block, args=(writer, started, going_on))
    blocked.start()
    started.wait(30)
    waiting = [writer.insert(TABLE, b'{"n":%d}' % n) for n in range(2)]
    ChdbSession.insert = lack  # type: ignore[method-assign, assignment]
    going_on.set()
    told = [_told(each) for each in waiting]
    blocked.join()
    stored = writer.run(lambda session: session.query("SELECT n FROM db.numbers")).decode()
    writer.close()
    return {"told": told, "stored": stored.split()}


def held_rows(folder: Path) -> Any:
    """A copy holds a table's rows, of which some then come that cannot be held, or change or go."""
    from clerk_tinybird_app.local.tinybird.engine import changes  # noqa: PLC0415 - see above
    from clerk_tinybird_app.local.tinybird.engine.writer import Writer  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.errors import ApiError  # noqa: PLC0415

    writer = Writer(folder / "data")

    def told(query: str) -> list[str]:
        return writer.run(lambda session: session.query(query)).decode().split()

    # chDB starts anew when its last connection is closed, as a failure does.
    kept = writer.connect()
    kept.query("SELECT 1")
    columns = "(n UInt8) ENGINE = MergeTree ORDER BY n SETTINGS "
    columns += "non_replicated_deduplication_window = 100"
    for each in (
        "CREATE DATABASE db",
        "CREATE DATABASE db_landing",
        f"CREATE TABLE db.numbers {columns}",
        f"CREATE TABLE db.filled {columns}",
        "CREATE MATERIALIZED VIEW db_landing.`fill:view` TO db.filled AS SELECT n FROM db.numbers",
    ):
        told(each)
    writer.run(lambda session: changes.hold(session, "db", "numbers", read=["numbers"]))
    told("ALTER TABLE db_held.`numbers:since` ADD CONSTRAINT small CHECK n < 7")
    answers = [_told(writer.insert(TABLE, b'{"n":%d}' % n)) for n in (6, 7, 8)]
    stored = [told(f"SELECT n FROM db.{name} ORDER BY n") for name in ("numbers", "filled")]

    def replaced() -> list[str]:
        rows = changes.Filling("n", "SELECT 1")
        try:
            writer.run(lambda session: changes.replace_held(session, "db", "numbers", rows))
        except ApiError as error:
            return [str(error), *told("SELECT n FROM db.numbers ORDER BY n")]
        return told("SELECT n FROM db.numbers ORDER BY n")

    ends = [replaced()]
    for change in (
        lambda session: session.query("ALTER TABLE db.numbers ADD COLUMN more UInt8"),
        partial(changes.delete, database="db", table="numbers", condition="n = 6"),
        partial(changes.truncate, database="db", table="numbers"),
        lambda session: session.query("INSERT INTO db.numbers (n) VALUES (2)"),
    ):
        writer.run(lambda session: changes.hold(session, "db", "numbers", read=["numbers"]))
        writer.run(change)
        ends.append(replaced())
    kept.close()
    writer.close()
    return {"told": answers, "stored": stored, "ends": ends}


def many_bad_rows(folder: Path) -> Any:
    """A thousand bad rows between good ones are told while the writing thread is busy."""
    from clerk_tinybird_app.local.tinybird.engine import chdb_session  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.engine.writer import Writer  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.intake import ingest  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.intake.ingest import RowCheck  # noqa: PLC0415
    from clerk_tinybird_app.tinybird.project import load_project  # noqa: PLC0415
    from tests.local.tinybird.project import visit, write_project  # noqa: PLC0415

    source = load_project(write_project(folder / "project")).datasources["visits"]
    lines = [json.dumps(visit(at="never" if n % 2 else "2030-05-01")) for n in range(2_000)]
    asked: list[str] = []
    query = chdb_session.ChdbSession.query

    def counted(self: Any, sql: str, *more: Any) -> bytes:
        asked.append(sql)
        return query(self, sql, *more)

    writer = Writer(folder / "data")
    started, going_on = threading.Event(), threading.Event()
    blocked = threading.Thread(target=_block, args=(writer, started, going_on))
    blocked.start()
    started.wait(30)
    chdb_session.ChdbSession.query = counted  # type: ignore[method-assign, assignment]
    rows, _ = ingest.candidates(source, "\n".join(lines).encode())
    good, bad = RowCheck(writer, source).sort(rows)
    is_busy = blocked.is_alive()
    going_on.set()
    blocked.join()
    writer.close()
    return {"good": len(good), "bad": len(bad), "queries": len(asked), "is_busy": is_busy}


def no_memory(folder: Path) -> Any:
    """ClickHouse lacks memory when it is asked about a row."""
    from clerk_tinybird_app.local.tinybird.engine.chdb_session import QueryFailed  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.engine.writer import Writer  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.intake import ingest  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.intake.ingest import RowCheck  # noqa: PLC0415
    from clerk_tinybird_app.tinybird.project import load_project  # noqa: PLC0415
    from tests.local.tinybird.project import visit, write_project  # noqa: PLC0415

    def lack(*_: object) -> None:
        raise QueryFailed("Code: 241. DB::Exception: Memory limit exceeded.")

    source = load_project(write_project(folder / "project")).datasources["visits"]
    writer = Writer(folder / "data")
    check = RowCheck(writer, source)
    check._cast = lack  # type: ignore[method-assign, assignment]
    rows, _ = ingest.candidates(source, json.dumps(visit()).encode())
    try:
        return [len(found) for found in check.sort(rows)]
    except QueryFailed as failure:
        return failure.message
    finally:
        writer.close()


def both_ways(folder: Path) -> Any:
    """Rows found plain go in straight and, each one again, by the landing table."""
    from clerk_tinybird_app.local.tinybird.engine import tables  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.engine.writer import Writer  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.intake.rows import count_plain  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.project import schema  # noqa: PLC0415
    from clerk_tinybird_app.tinybird.project import DataSource  # noqa: PLC0415
    from tests.local.tinybird.odd_rows import COLUMNS, odd_rows  # noqa: PLC0415

    source = DataSource(
        name="odd", description="", columns=COLUMNS, engine="MergeTree",
        engine_settings={"ENGINE_SORTING_KEY": "text"}, tokens=(), path=Path("odd.datasource"),
    )  # fmt: skip
    writer = Writer(folder / "data")
    # chDB starts anew when its last connection is closed, as a failure does.
    kept = writer.connect()
    kept.query("SELECT 1")

    def created(name: str) -> None:
        writer.run(lambda session: schema.create_database(session, name))
        writer.run(lambda session: schema.apply(session, name, [source], {}))

    def stored(name: str) -> list[bytes]:
        query = f"SELECT * FROM {name}.odd ORDER BY ALL"
        return writer.run(lambda session: session.query(query, "JSONEachRow")).splitlines()

    created("one")
    created("two")
    told: dict[str, Any] = {"plain": 0, "stored": 0, "otherwise": []}
    for row in odd_rows(700):
        if count_plain(row, source.columns) is None:
            continue
        told["plain"] += 1
        straight = _told(writer.insert(tables.insert_straight(source, "one"), row))
        landed = _told(writer.insert(tables.insert_landing(source, "two"), row))
        told["stored"] += straight == "stored"
        if (straight == "stored") != (landed == "stored"):
            told["otherwise"].append(f"{row.decode()}: {straight[:200]}, but {landed[:200]}")
    told["otherwise"] += [
        f"{a.decode()}, but {b.decode()}"
        for a, b in zip(stored("one"), stored("two"), strict=False)
        if a != b
    ]
    kept.close()
    writer.close()
    return told


def torn_note(folder: Path) -> Any:
    """What an earlier process noted of its insert cannot be read; another insert comes after it."""
    from clerk_tinybird_app.local.tinybird.engine.writer import Writer  # noqa: PLC0415

    note = folder / "insert.json"
    note.write_text('["INSERT INTO')
    writer = Writer(folder / "data")
    writer.run(lambda session: session.query("CREATE DATABASE db"))
    create = "CREATE TABLE db.numbers (n UInt8) ENGINE = MergeTree ORDER BY n"
    writer.run(lambda session: session.query(create))
    after_start = note.read_text()
    told = _told(writer.insert(TABLE, b'{"n":7}'))
    writer.close()
    return {"after_start": after_start, "told": told}


def older_table(folder: Path) -> Any:
    """A data source has a table of an earlier version, which knows no insert's token."""
    from clerk_tinybird_app.local.tinybird.engine import tables  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.engine.writer import Writer  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.project import schema  # noqa: PLC0415
    from clerk_tinybird_app.tinybird.project import load_project  # noqa: PLC0415
    from tests.local.tinybird.project import write_project  # noqa: PLC0415

    sources = load_project(write_project(folder / "project")).datasources
    writer = Writer(folder / "data")
    module: Any = tables
    window, module.DEDUPLICATION = tables.DEDUPLICATION, {"index_granularity": "8192"}
    asked = "SELECT create_table_query FROM system.tables WHERE name LIKE 'visits%' AND "

    def made(session: Any) -> list[str]:
        for name in ("db", "rehearsal"):
            schema.create_database(session, name)
        for source in sources.values():
            schema.create(session, "rehearsal", source)
        wanted = schema.definitions(session, "rehearsal")
        schema.drop_database(session, "rehearsal")
        schema.apply(session, "db", sources.values(), wanted)
        answer = session.query(f"{asked} database = 'db'", "TSVRaw")
        return [str(tables.settings_text(window) in line) for line in answer.decode().splitlines()]

    before = writer.run(made)
    module.DEDUPLICATION = window
    after = writer.run(made)
    writer.close()
    return [before, after]


def named_queries(folder: Path) -> Any:
    """Statements read from a named query; each one's columns, and types when it describes."""
    from clerk_tinybird_app.local.tinybird.engine.chdb_session import ChdbSession  # noqa: PLC0415
    from clerk_tinybird_app.local.tinybird.project import pipe_sql, statement  # noqa: PLC0415

    session = ChdbSession(folder / "data", "max_threads=1")
    queries = {"_": pipe_sql.sealed("SELECT toUInt8(1) AS a, 'x' AS b")}
    told = {}
    for text in STATEMENTS:
        asked = statement.reading(statement.canonical(session, text), queries)
        told[text] = session.query(asked).decode().split()
    session.close()
    return told


STATEMENTS = {
    "SELECT a FROM _": ["1"],
    "WITH 2 AS c SELECT a + c FROM _": ["3"],
    "(SELECT a FROM _) UNION ALL (SELECT a FROM _)": ["1", "1"],
    "DESCRIBE _": ["a", "UInt8", "b", "String"],
    "DESC TABLE _ AS t": ["a", "UInt8", "b", "String"],
    "DESCRIBE (SELECT b FROM _)": ["b", "String"],
}
"""What is asked, and the answer."""

SCENES: dict[str, Callable[[Path], Any]] = {
    each.__name__: each
    for each in (
        no_connection,
        odd_failure,
        no_memory_for_views,
        held_rows,
        many_bad_rows,
        no_memory,
        both_ways,
        named_queries,
        older_table,
        torn_note,
    )
}

if __name__ == "__main__":
    json.dump(SCENES[sys.argv[1]](Path(sys.argv[2])), sys.stdout)
