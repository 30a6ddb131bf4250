"""Load and faults against the real app; ends by itself: ``python -m benchmarks.soak --help``."""

import argparse
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final, TypeVar

from benchmarks import machine
from benchmarks.report import Section, goal, percentile, ratio
from benchmarks.soak import redis_tabs
from benchmarks.soak.ingest import Ingested, a_row, ingest
from benchmarks.soak.many_tabs import Plan, hold_blank, hold_signed_in
from benchmarks.soak.people import TENANTS, make_people
from benchmarks.soak.storm import Storm, rage
from benchmarks.timing import OwnProcess
from clerk_tinybird_app.tinybird.token import MAX_HEARTBEAT_SECONDS
from tests import redis_server
from tests.local.tinybird.process import Tinybird
from tests.running_app import ROOT, RunningApp

_T = TypeVar("_T")
_SHORT_MINUTES: Final = 3.0
_PARTS: Final = ("tabs", "storm", "rows", "workers")
_OPENING_SECONDS: Final = 600.0
"""The longest that opening all tabs may take; a busy machine takes long."""
_TABS: Final = 5_000
_PEER_TABS: Final = 1_000
_GOAL_MS: Final = 100.0
_GOAL_KB: Final = 120.0
_GOAL_GROWTH: Final = 0.02
_STORMY: Final = 200
_STORMY_OF_TWO: Final = 60
_STORM_SECONDS: Final = 25.0
_INGEST_SECONDS: Final = 9.0
_REST: Final = 5.0
_TWO: Final = 2
_ROWS: Final = 100
_TABS_IN_REDIS: Final = 100
_APP: Final = {"TINYBIRD_TOKENS_PER_MINUTE": "99999999"}
_LONGEST: Final = 3.0
"""Times its seconds that a storm may take, beside all the first sign-ins."""


class _Broken(list[str]):
    """What must never be and was."""

    def check(self, found: object, what: str) -> str:
        """Say that nothing was found, or note what was."""
        if found:
            self.append(f"{what}: {found}")
        return "held" if not found else "BROKEN"


def main() -> int:
    """Print one part after the other; return 1 when something was wrong that must never be."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    given = _arguments()
    started, broken = time.monotonic(), _Broken()
    print(machine.description())
    print(f"Others' use of the processors before the run: {machine.load_of_others()}")
    for section in _measured(given, broken):
        print("", section.render(), sep="\n", flush=True)
    print(f"\nOthers' use of the processors after the run: {machine.load_of_others()}")
    print(f"Took {time.monotonic() - started:.0f} s.")
    for each in broken:
        print(f"BROKEN: {each}")
    return int(bool(broken))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    minutes = f"about how long all of it takes; {_SHORT_MINUTES:g} at least"
    parser.add_argument("--minutes", type=float, default=_SHORT_MINUTES, help=minutes)
    parser.add_argument("--tabs", type=int, default=_TABS, help="how many are held open")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(_PARTS)}; all")
    given = parser.parse_intermixed_args()
    if unknown := set(given.parts) - set(_PARTS):
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(_PARTS)}")
    given.parts = given.parts or list(_PARTS)
    return given


def _measured(given: argparse.Namespace, broken: _Broken) -> Iterator[Section]:
    """Measure what was asked for."""
    longer = max(given.minutes / _SHORT_MINUTES, 1.0)
    with tempfile.TemporaryDirectory() as name, ExitStack() as started:
        kept = Path(name) / "built"
        _say("Building the app for production (about half a minute)")
        app = RunningApp(Path(name) / "app", dict(_APP))
        started.callback(app.stop)
        app.prod(kept)
        app.wait_for_tinybird()
        if "tabs" in given.parts:
            # First: nothing has used the worker's memory yet.
            _say(f"Holding {given.tabs} tabs open (about two minutes)")
            yield _tabs_section(app, given.tabs, MAX_HEARTBEAT_SECONDS * longer, broken)
        if "storm" in given.parts:
            _say(f"Letting {_STORMY} tabs sign in, switch, ask and sign out")
            yield _storm_section(app, _STORMY, _STORM_SECONDS * longer, broken)
        if "rows" in given.parts:
            _say("Killing the embedded Tinybird while rows come in")
            yield _ingest_section(ingest(app, _INGEST_SECONDS * longer), broken)
        app.stop()
        if "workers" in given.parts:
            yield from _workers_section(Path(name), kept, _STORM_SECONDS * longer, broken)


def _workers_section(
    folder: Path, kept: Path, seconds: float, broken: _Broken
) -> Iterator[Section]:
    if not redis_server.is_there():
        broken.append(f"two workers were not tried. {redis_server.ADVICE}")
        return
    _say("Killing one of two workers while tabs sign in, switch, ask and sign out")
    project = folder / "tinybird"
    shutil.copytree(ROOT / "tinybird", project)
    with (
        redis_server.redis_server("--logfile", os.devnull) as redis,
        # Of its own: the one that is embedded would end with its worker, and is refused to two.
        Tinybird(project, folder / "data") as tinybird,
        ExitStack() as started,
    ):
        for tenant in TENANTS:
            rows = "\n".join(a_row(f"{tenant}-{number}", tenant) for number in range(_ROWS))
            tinybird.post("/v0/events?name=requests&wait=true", content=rows).raise_for_status()
        app = RunningApp(
            folder / "two",
            {
                **_APP,
                **redis_tabs.REFRESH_OFTEN,
                "REFLEX_REDIS_URL": redis.url,
                "REDIS_SECRET": secrets.token_hex(32),
                "WEB_CONCURRENCY": str(_TWO),
                "TINYBIRD_API_URL": f"http://localhost:{tinybird.port}",
                "TINYBIRD_WORKSPACE_ID": tinybird.workspace_id,
                "TINYBIRD_JWT_SECRET": tinybird.key,
            },
        )
        started.callback(app.stop)
        app.prod(kept)
        yield _storm_section(app, _STORMY_OF_TWO, seconds, broken, is_killed=True)
        _say(f"Opening {_TABS_IN_REDIS} dashboards over Redis")
        yield _redis_section(redis_tabs.measure(redis, app, _TABS_IN_REDIS))


def _tabs_section(app: RunningApp, tabs: int, seconds: float, broken: _Broken) -> Section:
    [worker] = app.workers()
    plan = Plan(tabs, MAX_HEARTBEAT_SECONDS, seconds)
    ours = _apart(seconds + _OPENING_SECONDS, hold_signed_in, app.folder, app.port, worker, plan)
    peers = Plan(_PEER_TABS, _REST, _REST)
    blank = _apart(120, hold_blank, "blank.blank:app", peers)
    server = _apart(120, hold_blank, "server_alone:app", peers)
    section = Section(
        f"1. {tabs} signed-in tabs of one worker, a push each {MAX_HEARTBEAT_SECONDS:g} s, "
        f"{seconds:g} s long",
        {"median": ".1f", "p95": ".1f"},
    )
    p95 = percentile(ours.pushes, 95)
    section.add_samples("session push to answer, ms", ours.pushes, note=goal(p95, _GOAL_MS, "ms"))
    section.add("   of it, the worker's processor time", ours.push_cpu_ms)
    section.add("memory of a tab, kB", ours.tab_kb, note=goal(ours.tab_kb, _GOAL_KB, "kB"))
    for label, peer in (
        ("   blank Reflex app, as many kB", blank),
        ("   server without any app", server),
    ):
        section.add(label, peer.tab_kb, note=f"{ratio(ours.tab_kb, peer.tab_kb)} of it")
    section.add("   the app's own: over the blank one", ours.tab_kb - blank.tab_kb)
    growth = ours.later_kb / ours.tab_kb - 1
    section.add("   at the end", ours.later_kb, note=f"{growth:+.1%}, goal {_GOAL_GROWTH:.0%}")
    section.remarks += [
        f"Opened at {ours.opened_per_second:.0f} a second. Lost: {ours.lost}, "
        f"{broken.check(ours.lost, 'lost tabs')}. Peers with {_PEER_TABS} tabs.",
        f"The client used {ours.client_share:.0%} of a core; it signs the session tokens too.",
    ]
    return section


def _storm_section(
    app: RunningApp, tabs: int, seconds: float, broken: _Broken, *, is_killed: bool = False
) -> Section:
    people, killed = make_people(app.folder, tabs), app.workers()[0] if is_killed else None
    storm = Storm(app.origin, app.port, people, tabs, seconds, kills=killed)
    outcome = _apart(seconds * _LONGEST + _OPENING_SECONDS, rage, storm)
    number, where = (4, "two workers, one killed") if is_killed else (2, "one worker")
    section = Section(
        f"{number}. A storm of {tabs} tabs, {where}, {seconds:g} s long",
        {"median": ".1f", "p95": ".1f"},
    )
    section.add_samples("session push to answer, ms", outcome.pushes)
    section.add_samples("question to rows, ms", outcome.asks)
    if is_killed:
        section.add_samples("back after the kill, ms", outcome.returns or [0.0])
        broken.check(not outcome.returns, "no tab was at the killed worker")
        broken.check(len(app.workers()) != _TWO, "the killed worker was not replaced")
    section.remarks += [
        "Done: " + ", ".join(f"{name} {times}" for name, times in outcome.done.items()) + ".",
        "Checked: " + ", ".join(f"{name}s {times}" for name, times in outcome.checked.items())
        + f". Of another tenant or person: {outcome.wrong.total()}, "
        + broken.check(dict(outcome.wrong), "foreign data") + ".",
    ]  # fmt: skip
    for what in ("push", "token", "row"):
        broken.check(not outcome.checked[what], f"no {what} was checked")
    if not is_killed:
        lost = {name: times for name, times in outcome.done.items() if name.startswith("lost")}
        broken.check(lost, "lost tabs in the storm")
    return section


def _redis_section(cost: redis_tabs.Cost) -> Section:
    section = Section(
        f"5. What {_TABS_IN_REDIS} dashboards cost Redis, each of another person",
        {"kB": ".0f", "keys": ".0f", "commands": ".0f", "Redis, ms": ".1f", "workers, ms": ".1f"},
    )
    section.add("a signed-in tab", cost.signed_in_kb, cost.signed_in_keys)
    section.add("its dashboard filled", cost.filled_kb, cost.filled_keys)
    for event, work in (("a session push", cost.push), ("a refresh", cost.refresh)):
        section.add(event, None, None, work.commands, work.redis_ms, work.workers_ms)
    section.remarks.append("Milliseconds of processor time, without the embedded Tinybird's.")
    return section


def _ingest_section(outcome: Ingested, broken: _Broken) -> Section:
    section = Section(
        f"3. Rows into the embedded Tinybird, killed {outcome.kills} times meanwhile",
        {"median": ".1f", "p95": ".1f"},
    )
    section.add_samples("25 rows sent to acknowledged, ms", outcome.taken)
    section.add("killed until it answers, s", median(outcome.away), max(outcome.away))
    stored = len(outcome.acknowledged)
    section.remarks += [
        f"Acknowledged rows: {stored}. Lost: {len(outcome.lost)}, "
        f"{broken.check(len(outcome.lost), 'lost rows')}. There twice: {len(outcome.doubled)}, "
        f"{broken.check(len(outcome.doubled), 'rows that are there twice')}.",
        f"Rows whose request broke off: {len(outcome.unsure)}.",
    ]
    broken.check(not stored, "no row was acknowledged")
    broken.check(not outcome.unsure, "no request was under way when it was killed")
    return section


def _apart(longest: float, job: Callable[..., _T], *args: object) -> _T:
    with OwnProcess(longest) as client:
        return client.do(job, *args)


def _say(step: str) -> None:
    sys.stdout.flush()
    print(f"{step} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
