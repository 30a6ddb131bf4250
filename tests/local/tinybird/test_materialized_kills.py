"""Whatever comes in between, a killed process too: a target is what its source makes of it."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.local.tinybird.process import Tinybird, until
from tests.local.tinybird.rollups import materialized, written

EVENTS = """
SCHEMA >
    `at` DateTime `json:$.at`,
    `name` LowCardinality(String) `json:$.name`,
    `size` Nullable(Int32) `json:$.size`

ENGINE "MergeTree"
ENGINE_PARTITION_KEY "toDate(at)"
ENGINE_SORTING_KEY "at"
"""
TARGET = """
SCHEMA >
    `{by}` {kind},
    `events` SimpleAggregateFunction(sum, UInt64),
    `sizes` AggregateFunction(sum, Nullable(Int32))

ENGINE "AggregatingMergeTree"
ENGINE_SORTING_KEY "{by}"
"""
BY_NAME = "SELECT name, count() AS events, sumState(size) AS sizes FROM events {} GROUP BY name"
CONDITIONS = ("", "WHERE size != 3", "WHERE name != 'b'")
ALL = "SELECT 'all' AS all, sum(events) AS events, sumMergeState(sizes) AS sizes FROM names"
SLOW = "SELECT name FROM events WHERE sleepEachRow(0.3) = 0"


def files(version: int) -> dict[str, str]:
    by_name = materialized(BY_NAME.format(CONDITIONS[version]), "names")
    return {
        "datasources/events.datasource": EVENTS,
        "datasources/names.datasource": TARGET.format(by="name", kind="LowCardinality(String)"),
        "datasources/everything.datasource": TARGET.format(by="all", kind="String"),
        "materializations/to_names.pipe": by_name,
        "materializations/to_everything.pipe": materialized(ALL, "everything"),
    }


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    folder = tmp_path_factory.mktemp("killed")
    with Tinybird(written(folder / "project", files(0)), folder / "data") as running:
        yield running


def body(sizes: list[int | None]) -> str:
    return "\n".join(
        json.dumps({"at": f"2030-05-0{1 + n % 3} 00:00:00", "name": "abc"[n % 3], "size": size})
        for n, size in enumerate(sizes)
    )


def send(own: Tinybird, sizes: list[int | None], stored: list[int]) -> None:
    with suppress(httpx.TransportError):
        answer = own.post("/v0/events?name=events&wait=true", content=body(sizes))
        stored.append(answer.json()["successful_rows"])


SIZES = st.lists(st.none() | st.integers(0, 4), min_size=1, max_size=6)
STEPS = st.one_of(
    st.tuples(st.just("insert"), SIZES),
    st.tuples(st.just("edit"), st.integers(0, 2)),
    st.tuples(st.just("kill"), st.integers(0, 40)),
)


@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(STEPS, min_size=4, max_size=8))
def test_every_target_agrees_with_its_source_whatever_happened(
    own: Tinybird, steps: list[tuple[str, Any]]
) -> None:
    stored = [int(own.sql("SELECT count() FROM events"))]
    condition = ""
    own_files = files(0)
    for kind, value in [("edit", 0), *steps]:
        if kind == "insert":
            send(own, value, stored)
        elif kind == "edit":
            condition, own_files = CONDITIONS[value], files(value)
            written(own.project, own_files)
            assert own.build(own_files)["result"] == "success"
        else:
            kill_while_rows_come_in(own, value / 1000, stored)
        asked = own.sql(
            "SELECT name, sum(events), sumMerge(sizes) FROM names GROUP BY ALL ORDER BY ALL"
        )
        truth = f"FROM events {condition}"
        assert asked == own.sql(
            f"SELECT name, count(), sum(size) {truth} GROUP BY name ORDER BY name"
        )
        asked = own.sql("SELECT sum(events), sumMerge(sizes) FROM everything")
        assert asked == own.sql(f"SELECT count(), sum(size) {truth}")
        assert int(own.sql("SELECT count() FROM events")) >= sum(stored)


def kill_while_rows_come_in(own: Tinybird, seconds: float, stored: list[int]) -> None:
    is_over = threading.Event()

    def feed() -> None:
        while not is_over.is_set():
            send(own, [1, 2, 3], stored)

    feeders = [threading.Thread(target=feed) for _ in range(2)]
    for feeder in feeders:
        feeder.start()
    is_over.wait(seconds)
    own.kill()
    is_over.set()
    for feeder in feeders:
        feeder.join()
    own.start()


def test_an_insert_that_a_kill_cuts_off_is_completed_at_the_next_start(tmp_path: Path) -> None:
    """Also when its pipe has a mistake by then, whose last good version goes on."""
    names = 'SCHEMA >\n    `name` String\n\nENGINE "MergeTree"\nENGINE_SORTING_KEY "name"\n'
    project = written(
        tmp_path / "project",
        {
            "datasources/events.datasource": EVENTS,
            "datasources/slow.datasource": names,
            "materializations/to_slow.pipe": materialized(SLOW, "slow"),
        },
    )
    with Tinybird(project, tmp_path / "data") as own:
        sender = threading.Thread(target=send, args=(own, [1, 2, 3], []))
        sender.start()
        until(lambda: own.sql("SELECT count() FROM events") == "3", "the source has no rows")
        assert own.sql("SELECT count() FROM slow") == "0"
        own.kill()
        sender.join()
        pipe = project / "materializations" / "to_slow.pipe"
        pipe.write_text(pipe.read_text().replace("sleepEachRow", "sleepEachRowe"))
        own.start()
        assert "Everything is served but for what this concerns: to_slow" in own.log.read_text()
        assert own.sql("SELECT count() FROM events") == "3"
        assert own.sql("SELECT count() FROM slow") == "3"
        own.add({"at": "2030-05-01 00:00:00", "name": "d", "size": 1}, name="events")
        assert own.sql("SELECT count() FROM slow") == "4"
        assert not (own.data / "insert.json").read_bytes()
