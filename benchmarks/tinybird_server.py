"""The embedded Tinybird in a folder of its own, started and stopped as often as need be."""

import shutil
import time
from pathlib import Path
from typing import Final

from benchmarks.machine import Process, processes_in
from tests.local.tinybird.process import Tinybird, reads
from tests.running_app import ROOT

TRIVIAL: Final = "bench_trivial"
"""A pipe that reads nothing, beside those of the project."""

SEEDED: Final = ("--product", "clerk_tinybird_app.product")
"""With the demo's made-up rows."""

_TRIVIAL_PIPE: Final = "NODE endpoint\nSQL >\n    SELECT 1 AS one\n\nTYPE ENDPOINT\n"
_TOKEN_SECONDS: Final = 600
_RPS: Final = 10_000_000


class TinybirdServer(Tinybird):
    """The embedded Tinybird on a copy of the project in ``folder``, with `TRIVIAL`."""

    start_seconds = 0.0
    """How long its last start took until it answered."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        shutil.copytree(ROOT / "tinybird", folder / "tinybird")
        (folder / "tinybird" / "endpoints" / f"{TRIVIAL}.pipe").write_text(_TRIVIAL_PIPE)
        super().__init__(folder / "tinybird", folder / "data", *arguments)

    def start(self) -> None:
        """Start it and note how long that took."""
        started = time.perf_counter()
        super().start()
        self.start_seconds = time.perf_counter() - started

    def processes(self) -> list[Process]:
        """Return its processes."""
        return [one for one in processes_in(ROOT) if f"--port {self.port} " in one.command]

    def cpu_seconds(self) -> float:
        """Return the processor time of all of them."""
        return sum(one.cpu_seconds for one in self.processes())

    def reading(self, pipe: str, tenant: str) -> str:
        """Sign a token that reads a pipe for a tenant, as the app mints them."""
        return self.token(
            reads(pipe, tenant_id=tenant),
            name=f"bench_{pipe}_{tenant}",
            exp=int(time.time()) + _TOKEN_SECONDS,
            limits={"rps": _RPS},
        )
