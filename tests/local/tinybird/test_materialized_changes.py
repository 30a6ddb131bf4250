"""A materialized pipe that is new, changed or failing: its target follows, and no row is lost."""

import json
import threading
from collections.abc import Iterator

import pytest

from tests.local.tinybird.process import Tinybird, until
from tests.local.tinybird.rollups import materialized

EVENTS = """SCHEMA >
    `at` DateTime `json:$.at`,
    `name` String `json:$.name`,
    `size` Int32 `json:$.size`

ENGINE "MergeTree"
ENGINE_SORTING_KEY "at"
"""
TOTALS = """SCHEMA >
    `name` String,
    `events` UInt64

ENGINE "SummingMergeTree"
ENGINE_SORTING_KEY "name"
"""
COUNTED = "SELECT name, count() AS events FROM events GROUP BY name"
LARGE = "SELECT name, count() AS events FROM events WHERE size > 1 GROUP BY name"
TTL = 'ENGINE_TTL "at + toIntervalDay(20000)"\n'
SOURCE, TARGET = "datasources/events.datasource", "datasources/totals.datasource"
PIPE = "materializations/fill.pipe"
FILES = {SOURCE: EVENTS, TARGET: TOTALS, PIPE: materialized(COUNTED, "totals")}
ASKED = "SELECT name, sum(events) FROM totals GROUP BY name ORDER BY name"


class Workspace:
    """One of the test's own, and what a test asks of it."""

    def __init__(self, tinybird: Tinybird) -> None:
        self.tinybird = tinybird
        made = tinybird.post("/v1/workspaces", params={"name": "changes"}).json()
        self.id, self.key = made["id"], made["token"]

    def build(self, **changes: str) -> list[dict[str, str]]:
        """Build the files with some others; return the faults."""
        files = {name: text for name, text in {**FILES, **changes}.items() if text}
        return self.tinybird.build(files, self.key).get("errors", [])

    def add(self, *sizes: int, name: str = "a") -> None:
        rows = [{"at": "2030-05-01 00:00:00", "name": name, "size": size} for size in sizes]
        body = "\n".join(map(json.dumps, rows))
        answer = self.tinybird.post("/v0/events?name=events&wait=true", self.key, content=body)
        assert answer.json() == {"successful_rows": len(rows), "quarantined_rows": 0}

    def sql(self, query: str) -> str:
        answer = self.tinybird.get("/v0/sql", self.key, q=query)
        assert answer.status_code == 200, answer.text
        return answer.text.strip()

    def totals(self) -> dict[str, int]:
        return {row.split()[0]: int(row.split()[1]) for row in self.sql(ASKED).splitlines()}


@pytest.fixture
def own(tinybird: Tinybird) -> Iterator[Workspace]:
    made = Workspace(tinybird)
    yield made
    tinybird.http.delete(f"/v1/workspaces/{made.id}", headers=tinybird.bearer(None))


def test_a_new_pipe_fills_from_the_rows_that_are_there_while_more_come_in(own: Workspace) -> None:
    assert own.build(**{PIPE: ""}) == []
    sent, is_enough = [0] * 3, threading.Event()

    def feed(which: int) -> None:
        while not is_enough.is_set():
            own.add(1, 2, name=f"n{which}")
            sent[which] += 2

    feeders = [threading.Thread(target=feed, args=(which,)) for which in range(len(sent))]
    for feeder in feeders:
        feeder.start()
    until(lambda: sum(sent) > 20, "no rows")
    built = [own.build(), own.build(**{PIPE: materialized(LARGE, "totals")}), own.build()]
    now = sum(sent)
    until(lambda: sum(sent) > now + 10, "no more rows")
    is_enough.set()
    for feeder in feeders:
        feeder.join()
    assert built == [[], [], []]
    assert own.totals() == {f"n{which}": count for which, count in enumerate(sent)}


BELOW = {
    "datasources/below.datasource": TOTALS,
    "materializations/chain.pipe": materialized("SELECT name, events FROM totals", "below"),
}


def test_a_new_chain_fills_from_the_rows_that_are_there(own: Workspace) -> None:
    assert own.build(**{PIPE: ""}) == []
    own.add(1, 2)
    assert own.build(**BELOW) == []
    assert own.sql("SELECT sum(events) FROM below") == "2"


def test_a_changed_query_fills_its_target_and_the_chain_below_anew(own: Workspace) -> None:
    assert own.build(**BELOW) == []
    own.add(1, 2, 3)
    assert own.sql("SELECT sum(events) FROM below") == "3"
    assert own.build(**BELOW, **{PIPE: materialized(LARGE, "totals")}) == []
    assert own.totals() == {"a": 2}
    assert own.sql("SELECT sum(events) FROM below") == "2"
    own.add(1, 2)
    assert own.sql("SELECT sum(events) FROM below") == "3"


def test_an_unchanged_pipe_keeps_its_target_as_it_is(own: Workspace) -> None:
    assert own.build() == []
    own.add(1)
    row = {"name": "sent", "events": 1}
    own.tinybird.post("/v0/events?name=totals&wait=true", own.key, json=row)
    spelt = COUNTED.replace("count()", "COUNT( )").replace(" FROM", "\nFROM")
    assert own.build(**{PIPE: materialized(spelt, "totals")}) == []
    own.add(1)
    assert own.totals() == {"a": 2, "sent": 1}


def test_a_target_of_another_form_is_filled_anew(own: Workspace) -> None:
    assert own.build() == []
    own.add(1, 2)
    other = TOTALS.replace("`name` String", "`size` Int32").replace('"name"', '"size"')
    by_size = materialized("SELECT size, count() AS events FROM events GROUP BY size", "totals")
    assert own.build(**{TARGET: other, PIPE: by_size}) == []
    own.add(2)
    asked = "SELECT size, sum(events) FROM totals GROUP BY size ORDER BY size"
    assert own.sql(asked).split() == ["1", "1", "2", "2"]
    answer = own.tinybird.post("/v0/events?name=totals", own.key, json=[{"size": 7, "events": 1}])
    assert answer.json() == {"successful_rows": 1, "quarantined_rows": 0}
    assert own.sql("SELECT events FROM totals WHERE size = 7") == "1"
    # And once more, by the same query.
    assert own.build(**{TARGET: other.replace("Int32", "Int64"), PIPE: by_size}) == []
    own.add(2)
    assert own.sql(asked).split() == ["1", "1", "2", "3"]


def test_a_new_column_is_there_before_the_pipe_fills_it(own: Workspace) -> None:
    assert own.build() == []
    own.add(1, 2)
    wider = TOTALS.replace("`events`", "`size` Int64,\n    `events`")
    more = COUNTED.replace("name,", "name, sum(size) AS size,")
    assert own.build(**{TARGET: wider, PIPE: materialized(more, "totals")}) == []
    own.add(3)
    assert own.sql("SELECT sum(size), sum(events) FROM totals") == "6\t3"


def test_without_its_pipe_a_target_keeps_its_rows_and_gets_no_more(own: Workspace) -> None:
    assert own.build() == []
    own.add(1)
    assert own.build(**{PIPE: ""}) == []
    own.add(1)
    assert own.totals() == {"a": 1}
    assert own.build() == []
    assert own.totals() == {"a": 2}


@pytest.mark.parametrize("events", [EVENTS + TTL, EVENTS.replace("MergeTree", "Null")])
def test_rows_that_are_there_no_more_are_not_lost_by_a_changed_query(
    own: Workspace, events: str
) -> None:
    source, changed = {SOURCE: events}, materialized(LARGE, "totals")
    assert own.build(**source) == []
    own.add(1, 2)
    [fault] = own.build(**source, **{PIPE: changed})
    assert fault["filename"] == PIPE
    assert fault["error"].startswith("line 6: 'totals' would be filled anew")
    own.add(1)
    assert own.totals() == {"a": 3}
    assert own.build(**source, **{PIPE: f"{changed}DEPLOYMENT_METHOD alter\n"}) == []
    own.add(1, 2)
    assert own.totals() == {"a": 4}


def test_a_query_that_fails_on_rows_that_are_there_leaves_all_as_it_was(own: Workspace) -> None:
    assert own.build() == []
    own.add(1, 2)
    failing = COUNTED.replace("count()", "count(throwIf(size = 2))")
    [fault] = own.build(**{PIPE: materialized(failing, "totals")})
    assert (fault["filename"], fault["error"][:7]) == (PIPE, "line 6:")
    assert "fails on rows that are there" in fault["error"]
    assert own.totals() == {"a": 2}
    own.add(3)
    assert own.totals() == {"a": 3}


def test_a_failing_pipe_costs_the_source_nothing_and_is_told(own: Workspace) -> None:
    """The landing table's rows, checked by a view as well, are neither lost nor doubled."""
    failing = COUNTED.replace("count()", "count(throwIf(size = 2, 'no twos'))")
    good = {
        "datasources/good.datasource": TOTALS,
        "materializations/to_good.pipe": materialized(COUNTED, "good"),
    }
    assert own.build(**good, **{PIPE: materialized(failing, "totals")}) == []
    own.add(1, name="x")
    own.add(2, 3)
    rows = [
        {"at": "2030-05-01T00:00:00Z", "name": "b", "size": 2},
        {"at": "2030-05-01T00:00:00Z", "name": "b", "size": "many"},
    ]
    too_large = '{"at": "2030-05-01T00:00:00Z", "name": "b", "size": 99999999999}'
    answer = own.tinybird.post("/v0/events?name=events", own.key, json=rows)
    assert answer.json() == {"successful_rows": 1, "quarantined_rows": 1}
    answer = own.tinybird.post("/v0/events?name=events", own.key, content=too_large)
    assert answer.json() == {"successful_rows": 0, "quarantined_rows": 1}
    assert own.sql("SELECT count() FROM events") == "4"
    assert own.sql("SELECT sum(events) FROM good") == "4"
    assert own.totals() == {"x": 1}
    told = own.sql("SELECT DISTINCT c__error FROM totals_quarantine")
    assert "The pipe \\'fill\\' fails on rows that arrived. no twos" in told
    listed = own.tinybird.get("/v0/datasources/totals", own.key).json()
    assert listed["quarantine_rows"] == 2
    log = own.tinybird.log.read_text()
    assert "The pipe 'fill' fails on rows that arrived, and what it fills lacks them" in log
    # Mended, it is filled from all rows.
    assert own.build(**good) == []
    assert own.totals() == {"a": 2, "b": 1, "x": 1}


def test_a_failing_pipe_costs_no_request_that_shares_its_insert(own: Workspace) -> None:
    failing = COUNTED.replace("count()", "count(throwIf(size = 2))")
    assert own.build(**{PIPE: materialized(failing, "totals")}) == []
    senders = [threading.Thread(target=own.add, args=(1 + n % 2,)) for n in range(12)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert own.sql("SELECT count() FROM events") == "12"
