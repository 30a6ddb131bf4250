"""A pipe over HTTP, beside the SQL it renders to straight on chDB with the same rows."""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Final
from urllib.parse import urlencode

from benchmarks.chdb_process import ChdbProcess
from benchmarks.kept_connection import KeptConnection, request
from benchmarks.report import Section, goal, ratio
from benchmarks.samples import Samples
from benchmarks.tinybird_rows import DAYS, LARGE, ROWS, SMALL
from benchmarks.tinybird_server import TRIVIAL, TinybirdServer
from clerk_tinybird_app.local.tinybird.project.pipe_sql import compiled
from clerk_tinybird_app.tinybird.project import load_project

PIPE: Final = "usage_summary"

_ROUNDS: Final = 10
_WARM_UP_CALLS: Final = 2
_GOAL_RATIO: Final = 1.2
_GOAL_MILLISECONDS: Final = 0.5
_MILLISECONDS: Final = 1_000
_OK: Final = 200


class WrongAnswerError(Exception):
    """The server answered something other than 200, so that its speed says nothing."""


@dataclass
class _Compared:
    """One pipe, asked in both ways.

    Attributes:
        label: What it does.
        request: The whole HTTP request.
        sql: What the pipe renders to.
        calls: In each round and way.
        has_ratio_goal: Whether the goal is a ratio; else it is the milliseconds on top.
        over_http: Milliseconds of each call, a list for each round.
        direct: The same straight on chDB.
    """

    label: str
    request: bytes
    sql: str
    calls: int
    has_ratio_goal: bool = False
    over_http: list[list[float]] = field(default_factory=list)
    direct: list[list[float]] = field(default_factory=list)

    @property
    def on_top(self) -> float:
        """What HTTP adds to the median, in milliseconds: the median over the rounds.

        Round by round, because the machine's speed drifts between them.
        """
        rounds = zip(self.over_http, self.direct, strict=True)
        return Samples(
            [Samples(ours).median - Samples(limit).median for ours, limit in rounds]
        ).median


def path(end: datetime) -> str:
    """Return the address of the summary of all rows, both of its periods together."""
    return f"/v0/pipes/{PIPE}.json?{urlencode(_parameters(end))}"


def sql(server: TinybirdServer, tenant: str, end: datetime) -> str:
    """Return what that summary renders to."""
    return _rendered(server, PIPE, {**_parameters(end), "tenant_id": tenant})


def measure(server: TinybirdServer, chdb: ChdbProcess, end: datetime) -> Section:
    """Compare in rounds, so that a disturbance meets both ways.

    Args:
        server: Running.
        chdb: Has the same rows, and the server's database in use.
        end: The moment that the rows end at.

    Raises:
        WrongAnswerError: A request was not answered 200.
    """
    compared = [
        _Compared(
            "SELECT 1",
            request("GET", f"/v0/pipes/{TRIVIAL}.json", server.token(TRIVIAL, SMALL)),
            _rendered(server, TRIVIAL, {}),
            calls=100,
        ),
        _summary(server, SMALL, end, calls=30),
        _summary(server, LARGE, end, calls=4),
    ]
    compared[-1].has_ratio_goal = True
    alone = request("GET", f"/v0/pipes/{TRIVIAL}", server.token(TRIVIAL, SMALL))
    http_alone: list[float] = []
    with KeptConnection(server.port) as connection:
        for number in range(_ROUNDS):
            for each in compared:
                _round(each, connection, chdb, http_first=bool(number % 2))
            http_alone += _ask(connection, alone, compared[0].calls)
    return _section(compared, http_alone)


def _summary(server: TinybirdServer, tenant: str, end: datetime, calls: int) -> _Compared:
    return _Compared(
        f"{PIPE}, {ROWS[tenant]:,} rows",
        request("GET", path(end), server.token(PIPE, tenant)),
        sql(server, tenant, end),
        calls,
    )


def _parameters(end: datetime) -> dict[str, str]:
    # The pipe also reads the period of the same length before.
    start = end - timedelta(days=DAYS / 2)
    return {name: f"{at:%Y-%m-%d %H:%M:%S}" for name, at in (("start", start), ("end", end))}


def _rendered(server: TinybirdServer, pipe: str, values: dict[str, str]) -> str:
    pipes, _ = compiled(load_project(server.project).pipes)
    return pipes[pipe].sql(values)


def _round(
    each: _Compared, connection: KeptConnection, chdb: ChdbProcess, *, http_first: bool
) -> None:
    if http_first:
        each.over_http.append(_ask(connection, each.request, each.calls))
    answer = chdb.do("time", sql=each.sql, calls=_WARM_UP_CALLS + each.calls)
    each.direct.append(answer["milliseconds"][_WARM_UP_CALLS:])
    if not http_first:
        each.over_http.append(_ask(connection, each.request, each.calls))


def _ask(connection: KeptConnection, whole_request: bytes, calls: int) -> list[float]:
    taken = []
    for _ in range(_WARM_UP_CALLS + calls):
        started = time.perf_counter()
        status, body = connection.ask(whole_request)
        taken.append((time.perf_counter() - started) * _MILLISECONDS)
        if status != _OK:
            raise WrongAnswerError(f"{status}: {body[:200]!r}")
    return taken[_WARM_UP_CALLS:]


def _section(compared: list[_Compared], http_alone: list[float]) -> Section:
    section = Section(
        f"10. A pipe of the embedded Tinybird, one connection, {_ROUNDS} rounds, milliseconds",
        columns=("median", "p95", "on top"),
    )
    for each in compared:
        _add(section, each)
    alone = Samples(http_alone)
    section.add("no query: a pipe's description", f"{alone.median:.2f}", f"{alone.p95:.2f}")
    section.remarks.append(
        "The limit runs in another process, on a copy of the rows, with the API's own settings; "
        "its times end with the answer's bytes."
    )
    section.remarks.append("on top: pipe less limit in each round, the median of the rounds.")
    return section


def _add(section: Section, each: _Compared) -> None:
    ours, limit = Samples([*chain(*each.over_http)]), Samples([*chain(*each.direct)])
    note = f"{ratio(ours.median, limit.median)} of the limit, "
    if each.has_ratio_goal:
        note += goal(ours.median / limit.median, _GOAL_RATIO, "times")
    else:
        note += goal(each.on_top, _GOAL_MILLISECONDS, "ms on top")
    cells = (ours.median, ours.p95, each.on_top)
    section.add(f"{each.label}, over HTTP", *(f"{cell:.2f}" for cell in cells), note=note)
    section.add("limit: its SQL on chDB", f"{limit.median:.2f}", f"{limit.p95:.2f}")
