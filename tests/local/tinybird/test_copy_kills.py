"""Of a copy there is all or nothing, whatever comes in between: a kill, a stop, other rows."""

import itertools
import threading
import time
from collections.abc import Iterator

import pytest

from tests.local.tinybird.copying import copy, run
from tests.local.tinybird.process import Tinybird, until
from tests.local.tinybird.rollups import materialized, written

NUMBERS = """
SCHEMA >
    `n` UInt64 `json:$.n`

ENGINE "MergeTree"
ENGINE_PARTITION_KEY "n % 3"
ENGINE_SORTING_KEY "n"
"""
ENDLESS = "SELECT number AS n FROM numbers(1000000000000) WHERE sipHash64(number) = 1"
MANY = "SELECT DISTINCT n FROM source, numbers({}) AS many WHERE sipHash64(number) != 1"
FEW = 3
FILES = {
    **{
        f"datasources/{name}.datasource": NUMBERS
        for name in ("source", "fed", "target", "chained", "other", "swapped")
    },
    "copies/endless.pipe": copy(ENDLESS, "other"),
    "copies/few.pipe": copy(f"SELECT number AS n FROM numbers({FEW})", "target"),
    "copies/million.pipe": copy("SELECT number AS n FROM numbers(1000000)", "swapped"),
    "copies/again.pipe": copy("SELECT n FROM source", "source", "COPY_MODE replace\n"),
    "copies/long.pipe": copy(MANY.format(30_000_000), "source"),
    "copies/longest.pipe": copy(MANY.format(1_000_000_000_000), "source"),
    "datasources/empty.datasource": 'SCHEMA >\n    `n` UInt64\n\nENGINE "Null"\n',
    "copies/all.pipe": copy(
        "SELECT n FROM source UNION ALL SELECT n FROM empty", "source", "COPY_MODE replace\n"
    ),
    "materializations/to_source.pipe": materialized("SELECT n FROM fed", "source"),
    "materializations/slow.pipe": materialized(
        "SELECT n FROM target WHERE sleepEachRow(0.3) = 0", "chained"
    ),
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    folder = tmp_path_factory.mktemp("copy_kills")
    with Tinybird(written(folder / "project", FILES), folder / "data") as running:
        yield running


def count(own: Tinybird, table: str) -> int:
    return int(own.sql(f"SELECT count() FROM {table}"))


def status(own: Tinybird, job: str) -> str:
    return str(own.get(f"/v0/jobs/{job}").json()["status"])


def begun(own: Tinybird, pipe: str, **asked: str) -> str:
    answer = own.post(f"/v0/pipes/{pipe}/copy", params=asked).json()
    return str(answer["job"]["id"])


def test_a_copy_that_waits_or_is_read_is_cancelled(own: Tinybird) -> None:
    reading, waiting = begun(own, "endless"), begun(own, "few")
    until(lambda: status(own, reading) == "working", "it does not begin")
    assert status(own, waiting) == "waiting"
    assert own.post(f"/v0/jobs/{waiting}/cancel").json()["id"] == waiting
    until(lambda: status(own, waiting) == "cancelled", "it still waits")
    told = own.post("/v0/pipes/endless/copy/cancel").json()["cancelled_jobs"]
    assert [job["id"] for job in told] == [reading]
    until(lambda: status(own, reading) == "cancelled", "it still runs")
    again = own.post(f"/v0/jobs/{reading}/cancel")
    assert (again.status_code, "is cancelled and cannot" in again.text) == (400, True)
    assert count(own, "target") == count(own, "other") == 0


def test_no_more_than_a_few_copies_wait(own: Tinybird) -> None:
    begun(own, "endless")
    answers = [own.post("/v0/pipes/endless/copy") for _ in range(25)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429] * 5
    assert own.post("/v0/pipes/endless/copy/cancel").is_success
    assert run(own, "few", _mode="replace")["status"] == "done"
    own.post("/v0/datasources/target/truncate")


def test_a_copy_waits_for_none_of_another_workspace(own: Tinybird) -> None:
    reading = [begun(own, "endless") for _ in range(21)]
    with own.serving(own.project) as other, other.workspace("a third one") as third:
        own.build({name: text.lstrip() for name, text in FILES.items()}, third["token"])
        long = begun(other, "endless")
        until(lambda: status(other, long) == "working", "it waits for another workspace")
        # Longer than a query may run while others wait who have none.
        own.post("/v0/pipes/few/copy", third["token"])
        waiting = begun(other, "few")
        time.sleep(1.5)
        told = [status(own, reading[0]), status(other, long), status(other, waiting)]
        assert told == ["working", "working", "waiting"]
        other.post("/v0/pipes/endless/copy/cancel")
        until(lambda: status(other, waiting) == "done", "it waits still")
        assert count(other, "target") == FEW
    own.post("/v0/pipes/endless/copy/cancel")
    until(lambda: status(own, reading[0]) == "cancelled", "it still runs")


def test_a_kill_while_rows_are_read_leaves_nothing(own: Tinybird) -> None:
    reading = begun(own, "endless")
    until(lambda: status(own, reading) == "working", "it does not begin")
    own.kill()
    # ClickHouse's name for a file that it has not written whole.
    (own.data / "tmp_1.copy.native").touch()
    own.start()
    assert count(own, "other") == 0
    assert [*own.data.glob("*copy.native")] == []
    assert own.get("/v0/jobs").json()["jobs"] == []


def test_a_kill_while_rows_are_written_is_completed_at_the_next_start(own: Tinybird) -> None:
    begun(own, "few")
    until(lambda: count(own, "target") > 0, "nothing is written")
    assert count(own, "chained") < FEW
    own.kill()
    own.start()
    assert count(own, "target") == count(own, "chained") == FEW
    assert own.sql("SELECT uniqExact(n) FROM target") == str(FEW)
    assert not (own.data / "insert.json").read_bytes()


def test_readers_see_the_rows_before_or_those_after(own: Tinybird) -> None:
    own.post("/v0/events?name=swapped&wait=true", content='{"n": 1}')
    seen, is_over = set[int](), threading.Event()

    def read() -> None:
        while not is_over.is_set():
            seen.add(count(own, "swapped"))

    reader = threading.Thread(target=read)
    reader.start()
    run(own, "million", _mode="replace")
    is_over.set()
    reader.join()
    assert seen <= {1, 1_000_000}
    assert count(own, "swapped") == 1_000_000


def test_a_kill_while_rows_are_replaced_leaves_those_before_or_after(own: Tinybird) -> None:
    own.post("/v0/datasources/swapped/truncate")
    own.post("/v0/events?name=swapped&wait=true", content='{"n": 1}')
    job = begun(own, "million", _mode="replace")
    new = "SELECT count() FROM system.tables WHERE name = 'swapped:new'"
    until(lambda: own.sql(new) == "1" or status(own, job) == "done", "nothing is replaced")
    own.kill()
    own.start()
    assert count(own, "swapped") in (1, 1_000_000)


def test_rows_that_come_in_meanwhile_are_there_once(own: Tinybird) -> None:
    """Each row that comes is one more, and a copy of those that are there takes none away."""
    stored, is_over = list[int](), threading.Event()

    def feed(name: str, numbers: Iterator[int]) -> None:
        while not is_over.is_set():
            own.add({"n": next(numbers)}, name=name)
            stored.append(1)

    feeders = [
        threading.Thread(target=feed, args=(name, itertools.count(start, 2)))
        for start, name in enumerate(("source", "fed"))
    ]
    for feeder in feeders:
        feeder.start()
    jobs = [run(own, "again") for _ in range(5)]
    is_over.set()
    for feeder in feeders:
        feeder.join()
    assert {job["status"] for job in jobs} == {"done"}
    assert own.sql("SELECT count(), uniqExact(n) FROM source") == f"{len(stored)}\t{len(stored)}"


def test_a_copy_may_read_what_keeps_no_rows_beside_its_own_target(own: Tinybird) -> None:
    own.post("/v0/datasources/source/truncate")
    own.add({"n": 1}, {"n": 2}, name="source")

    assert run(own, "all")["status"] == "done"

    assert count(own, "source") == 2


def test_what_keeps_no_rows_may_be_truncated(own: Tinybird) -> None:
    answer = own.post("/v0/datasources/empty/truncate")
    assert answer.status_code == 205, answer.text


HELD = "SELECT count() FROM system.databases WHERE endsWith(name, '_held')"


def holding(own: Tinybird, pipe: str) -> str:
    """Return a copy that replaces the two rows of its target, once it holds them, or has ended."""
    own.post("/v0/datasources/source/truncate")
    own.add({"n": 1}, {"n": 2}, name="source")
    job = begun(own, pipe, _mode="replace")
    held = "SELECT count() FROM system.tables WHERE endsWith(name, ':held')"
    until(lambda: own.sql(held) == "1" or status(own, job) == "done", "nothing is held")
    return job


@pytest.mark.parametrize(
    ("removing", "left"), [("truncate", 1), ("delete?delete_condition=n<2", 2)]
)
def test_what_happens_meanwhile_waits_for_nothing(own: Tinybird, removing: str, left: int) -> None:
    job = holding(own, "longest")
    assert own.post(f"/v0/datasources/source/{removing}").is_success
    own.add({"n": 3}, name="source")
    assert status(own, job) == "working"
    assert count(own, "source") == left
    assert own.post("/v0/pipes/longest/copy/cancel").is_success
    until(lambda: status(own, job) == "cancelled", "it still runs")
    assert count(own, "source") == left
    assert own.sql(HELD) == "0"


def test_rows_that_come_in_while_some_are_held_are_not_lost(own: Tinybird) -> None:
    job = holding(own, "long")
    own.add({"n": 3}, name="source")
    until(lambda: status(own, job) == "done", "it does not end")
    assert own.sql("SELECT groupArray(n) FROM (SELECT n FROM source ORDER BY n)") == "[1,2,3]"
    assert own.sql(HELD) == "0"


def test_a_kill_while_rows_are_held_loses_none_and_leaves_nothing(own: Tinybird) -> None:
    holding(own, "longest")
    own.add({"n": 3}, name="source")
    own.kill()
    own.start()
    assert own.sql(HELD) == "0"
    assert count(own, "source") == 3


def test_a_stop_ends_what_is_read(own: Tinybird) -> None:
    reading = begun(own, "endless")
    until(lambda: status(own, reading) == "working", "it does not begin")
    assert own.stop() == 0
    own.release()
    assert [*own.data.glob("*copy.native")] == []
