"""Parts of JSON, Tuple and Map columns, read through whatever a pipe puts around its source."""

from pathlib import Path

from tests.local.tinybird.process import Tinybird

EVENTS = """
SCHEMA >
    `id` UInt64,
    `j` JSON,
    `typed` JSON(a.b Int64),
    `t` Tuple(a Int32, b String),
    `m` Map(String, Int32)

ENGINE "MergeTree"
ENGINE_SORTING_KEY "id"
"""
PARTS = "e.j.a.b::String, e.j.a.b.:Int64, e.typed.a.b, e.t.a, e.t.2, e.m['k'], e.m.keys[1]"
SOURCES = (
    "events AS e",
    "(SELECT * FROM events) AS e",
    "(SELECT x.* FROM (SELECT * FROM events) AS x ORDER BY id LIMIT 5) AS e",
    "first AS e",
    "first AS e JOIN events AS o ON e.id = o.id",
    "(SELECT * FROM events UNION ALL SELECT * FROM events) AS e LIMIT 1",
)


def test_parts_are_read_through_aliased_subqueries_nodes_and_joins(
    tinybird: Tinybird, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "events.datasource").write_text(EVENTS)
    for number, source in enumerate(SOURCES):
        (project / f"p{number}.pipe").write_text(
            "NODE first\nSQL >\n    SELECT * FROM events\n\n"
            f"NODE endpoint\nSQL >\n    SELECT tuple({PARTS}) AS parts FROM {source}\n"
            "TYPE endpoint\n"
        )
    with tinybird.serving(project) as running:
        part = {"a": {"b": 3}}
        row = {"id": 1, "j": part, "typed": part, "t": {"a": 1, "b": "x"}, "m": {"k": 2}}
        running.add(row, name="events")
        answers = [running.get(f"/v0/pipes/p{n}.json") for n in range(len(SOURCES))]
    assert [answer.status_code for answer in answers] == [200] * len(SOURCES)
    for answer in answers:
        [found] = answer.json()["data"]
        assert [str(each) for each in found["parts"]] == ["3", "3", "3", "1", "x", "2", "k"]
