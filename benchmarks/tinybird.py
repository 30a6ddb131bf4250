"""The embedded Tinybird: its queries, its load, its intake, its memory and its starts."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import tinybird_ingest, tinybird_load, tinybird_queries, tinybird_start
from benchmarks.chdb_process import ChdbProcess
from benchmarks.report import Section
from benchmarks.tinybird_rows import ROWS, filling
from benchmarks.tinybird_server import TinybirdServer


def measure() -> Iterator[Section]:
    """Yield one section after the other, each as soon as it is measured."""
    with tempfile.TemporaryDirectory() as name:
        folder, end = Path(name), datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        (folder / "server").mkdir()
        with TinybirdServer(folder / "server") as server:
            empty_seconds = server.start()
            database = _database(server)
            server.stop()
            _fill(server, database, end, folder / "chdb")
            server.start()
            memory = Section("   Memory of the embedded Tinybird, MB", ("RSS", "PSS"))
            tinybird_start.memory(memory, server, "idle, just started")
            with ChdbProcess(folder / "chdb") as chdb:
                chdb.do("run", database=database, statements=[])
                yield tinybird_queries.measure(server, chdb, end)
                yield tinybird_load.measure(server, chdb, end)
                tinybird_start.memory(memory, server, "after the queries")
                yield tinybird_ingest.measure(server, chdb)
            tinybird_start.memory(memory, server, "after taking rows in")
            yield memory
            server.stop()
            yield tinybird_start.measure(server, empty_seconds, folder / "seeded")


def _database(server: TinybirdServer) -> str:
    """Return the name of the database that the server keeps its rows in."""
    name: str = server.query("SELECT currentDatabase() AS name")[0]["name"]
    return name


def _fill(server: TinybirdServer, database: str, end: datetime, copy: Path) -> None:
    """Put the rows into the stopped server's folder, and all of that into ``copy``."""
    with ChdbProcess(server.chdb_folder) as chdb:
        statements = [filling("requests", tenant, end) for tenant in ROWS]
        chdb.do("run", database=database, statements=[*statements, "OPTIMIZE TABLE requests FINAL"])
    # chDB links its databases by relative paths.
    shutil.copytree(server.chdb_folder, copy, symlinks=True)
