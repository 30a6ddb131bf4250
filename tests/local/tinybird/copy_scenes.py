"""Copies at the times of a clock, told by a process with chDB: ``python -m`` this ``NAME FOLDER``.

chDB allows one process a folder, and forking after its import hangs, so pytest's own process never
imports it.
"""

import asyncio
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from tests.clock import Clock
from tests.local.tinybird.copying import copy
from tests.local.tinybird.process import play

HOUR = 3600
NOW = 1_900_000_800.0 - 30
"""Half a minute before a full hour."""

TICKS = 'SCHEMA >\n    `at` DateTime\n\nENGINE "MergeTree"\nENGINE_SORTING_KEY "at"\n'
TICK = "%\nSELECT {{ DateTime(job_timestamp) }} AS at"
FILES = {
    Path("ticks.datasource"): TICKS.encode(),
    Path("other.datasource"): TICKS.encode(),
    Path("hourly.pipe"): copy(TICK, "ticks", "COPY_SCHEDULE @hourly\n").encode(),
    Path("nightly.pipe"): copy(TICK, "other", "COPY_SCHEDULE 30 3 * * *\n").encode(),
    Path("by_hand.pipe"): copy(TICK, "other").encode(),
}

scene = partial(play, __name__)


class _Served:
    """A service on a clock."""

    def __init__(
        self, folder: Path, clock: Clock, first: Any, files: dict[Path, bytes] = FILES
    ) -> None:
        from clerk_tinybird_app.local.tinybird.service import Service  # noqa: PLC0415 - see above
        from clerk_tinybird_app.tinybird.project import read_files  # noqa: PLC0415

        self.clock, self.first = clock, first
        self.service = Service(folder / "data", first, clock=clock)
        first.serve(read_files(files), self.service.writer)

    async def after(self, seconds: float) -> list[str]:
        """Let time go by and look once; return the pipes that ran, once they have."""
        before = len(self.first.jobs)
        self.clock.advance(seconds)
        self.service.copies.start_due()
        return await self.ended(before)

    async def ended(self, before: int) -> list[str]:
        while any(job["is_cancellable"] for job in self.first.jobs):
            await asyncio.sleep(0.01)
        # A task that has ended in this very turn of the loop is noted in the next.
        await asyncio.sleep(0)
        return [job["pipe_name"] for job in list(self.first.jobs)[before:]]

    def ticks(self) -> int:
        asked = f"SELECT count(), uniq(at) FROM {self.first.database}.ticks"
        count, times = self.service.writer.run(lambda session: session.query(asked)).split()
        assert count == times
        return int(count)


def schedules(folder: Path) -> Any:
    """Hours go by, now one by one, now many at once, and a pipe is paused for some of them."""
    from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace  # noqa: PLC0415

    clock, first = Clock(NOW), LocalWorkspace.new("first")
    told: dict[str, Any] = {}

    async def play(served: _Served) -> None:
        copies = served.service.copies
        told["before"] = await served.after(10)
        told["on the hour"] = await served.after(21)
        told["looked at again"] = await served.after(0)
        told["a second later"] = await served.after(1)
        told["five hours at once"] = await served.after(5 * HOUR)
        told["an hour back"] = await served.after(-HOUR)
        told["the same hour again"] = await served.after(HOUR)
        copies.pause(first, "hourly", is_paused=True)
        told["paused"] = await served.after(HOUR)
        copies.pause(first, "hourly", is_paused=False)
        told["resumed"] = await served.after(HOUR)
        clock.advance(HOUR)
        before = len(first.jobs)
        for _ in range(2):
            copies.start_due()
            clock.advance(HOUR)
        told["while it runs"] = await served.ended(before)
        copies.pause(first, "hourly", is_paused=True)
        await copies.stop()

    async def play_again(served: _Served) -> None:
        told["paused, after a start"] = await served.after(HOUR)
        served.service.copies.pause(first, "hourly", is_paused=False)
        told["resumed, after a start"] = await served.after(HOUR)
        told["a day later"] = sorted(await served.after(24 * HOUR))
        await served.service.copies.stop()

    for each in (play, play_again):
        served = _Served(folder, clock, first)
        asyncio.run(each(served))
        told["ticks"] = served.ticks()
        served.service.close()
        first.paused.clear()
    return told


def many(folder: Path) -> Any:
    """More pipes are due at once than may wait; what is kept of paused ones is no list."""
    from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace  # noqa: PLC0415

    clock, first = Clock(NOW), LocalWorkspace.new("first")
    pipe = copy(TICK, "ticks", "COPY_SCHEDULE @hourly\n").encode()
    (folder / "paused.json").write_text("5")
    files = {Path("ticks.datasource"): TICKS.encode()}
    files |= {Path(f"hourly_{number:02}.pipe"): pipe for number in range(23)}

    async def play(served: _Served) -> list[list[str]]:
        told = [await served.after(31), await served.after(1), await served.after(1)]
        await served.service.copies.stop()
        return told

    served = _Served(folder, clock, first, files)
    told = asyncio.run(play(served))
    served.service.close()
    return told


def full(folder: Path) -> Any:
    """The disk is full while one copy is read, and when another has its rows; then it is not."""
    from clerk_tinybird_app.local.tinybird.queries import copying  # noqa: PLC0415 - see above
    from clerk_tinybird_app.local.tinybird.workspaces.workspace import LocalWorkspace  # noqa: PLC0415

    clock, first = Clock(NOW), LocalWorkspace.new("first")
    endless = "SELECT toDateTime(number) AS at FROM numbers(1000000000000) WHERE cityHash64(at) = 1"
    files = {**FILES, Path("endless.pipe"): copy(endless, "ticks").encode()}
    module: Any = copying
    disk_usage = module.shutil.disk_usage

    async def play(served: _Served) -> list[list[str]]:
        told = []
        for name, free in (("endless", 10**9 - 1), ("by_hand", 10**9 - 1), ("by_hand", 10**9)):
            module.shutil.disk_usage = lambda _, free=free: disk_usage("/")._replace(
                total=10**12, free=free
            )
            before = len(first.jobs)
            job = served.service.copies.start(first, first.served.copies[name], {})
            await served.ended(before)
            told.append([job["status"], job.get("error", "")])
        await served.service.copies.stop()
        return told

    served = _Served(folder, clock, first, files)
    told = asyncio.run(play(served))
    served.service.close()
    return told


if __name__ == "__main__":
    told = {each.__name__: each for each in (schedules, many, full)}[sys.argv[1]]
    sys.stdout.write(json.dumps(told(Path(sys.argv[2]))))
