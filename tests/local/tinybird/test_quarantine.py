"""Rows that only ClickHouse can tell from good ones."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird
from tests.local.tinybird.project import visit
from tests.local.tinybird.scenes import scene

KINDS = """
SCHEMA >
    `id` String `json:$.id`,
    `moment` Nullable(DateTime64(3)) `json:$.moment`,
    `second` Nullable(DateTime) `json:$.second`,
    `day` Nullable(Date) `json:$.day`,
    `old` Nullable(Date32) `json:$.old`,
    `uuid` Nullable(UUID) `json:$.uuid`,
    `v4` Nullable(IPv4) `json:$.v4`,
    `v6` Nullable(IPv6) `json:$.v6`,
    `price` Nullable(Decimal(9, 2)) `json:$.price`,
    `share` Nullable(Float64) `json:$.share`,
    `level` Nullable(Enum8('low' = 1, 'high' = 2)) `json:$.level`,
    `code` Nullable(FixedString(2)) `json:$.code`,
    `is_new` Nullable(Bool) `json:$.is_new`,
    `sizes` Array(Int32) `json:$.sizes`,
    `dates` Array(Date) `json:$.dates`,
    `moments` Array(DateTime64(3)) `json:$.moments`,
    `pairs` Map(String, UUID) `json:$.pairs`,
    `late` String `json:$.late` DEFAULT toString(toUInt8(id))

ENGINE "MergeTree"
ENGINE_SORTING_KEY "id"
"""

BAD: list[tuple[str, Any]] = [
    ("moment", "x"),
    ("moment", [1]),
    ("moment", 10**18),
    ("moment", -(10**16)),
    ("moments", [1, 10**18]),
    ("moment", 1_800_000_000_000),
    ("second", 2**32),
    ("day", 70_000),
    ("old", 200_000),
    ("dates", [1, 65_536]),
    ("second", ""),
    ("second", "soon"),
    ("day", "x"),
    ("old", ""),
    ("uuid", "x"),
    ("uuid", 5),
    ("v4", "1.2"),
    ("v6", "1::2::3"),
    ("price", "12345678901"),
    ("share", "1.5x"),
    ("level", "medium"),
    ("code", "abc"),
    ("is_new", "maybe"),
    ("sizes", 5),
    ("sizes", [1, "a"]),
    ("dates", ["x"]),
    ("pairs", {"a": "x"}),
]


@pytest.fixture(scope="module")
def kinds(tinybird: Tinybird, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "project" / "datasources").mkdir(parents=True)
    (folder / "project" / "datasources" / "kinds.datasource").write_text(KINDS)
    with tinybird.serving(folder / "project") as running:
        yield running


def sent(kinds: Tinybird, *rows: dict[str, Any]) -> tuple[list[str], list[dict[str, Any]]]:
    """Send rows; return the ids stored since and what is in the quarantine since."""
    assert not kinds.sql("SELECT id FROM kinds WHERE id IN ('none')")
    before = int(kinds.sql("SELECT count() FROM kinds_quarantine"))
    body = "\n".join(json.dumps({"late": "", **row}) for row in rows)
    answer = kinds.post("/v0/events?name=kinds", content=body)
    ids = ", ".join(f"'{row['id']}'" for row in rows)
    stored = kinds.sql(f"SELECT id FROM kinds WHERE id IN ({ids}) ORDER BY id").split()
    query = f"SELECT * FROM kinds_quarantine WHERE id IN ({ids}) ORDER BY id FORMAT JSONEachRow"
    kept = [json.loads(line) for line in kinds.sql(query).splitlines()]
    assert int(kinds.sql("SELECT count() FROM kinds_quarantine")) == before + len(kept)
    assert answer.json() == {"successful_rows": len(stored), "quarantined_rows": len(kept)}
    return stored, kept


@pytest.mark.parametrize(("column", "value"), BAD, ids=str)
def test_a_value_that_is_not_of_its_type_takes_no_other_row_with_it(
    kinds: Tinybird, request: pytest.FixtureRequest, column: str, value: Any
) -> None:
    name = f"{request.node.callspec.id} "
    rows: list[dict[str, Any]] = [
        {"id": f"{name}{n}".replace("'", "").replace(" ", "_")} for n in range(5)
    ]
    for bad in (1, 3):
        rows[bad][column] = value
    stored, kept = sent(kinds, *rows)
    assert stored == [rows[n]["id"] for n in (0, 2, 4)]
    assert [row["id"] for row in kept] == [rows[n]["id"] for n in (1, 3)]
    for row in kept:
        assert row["c__error_column"] == [column]
        [reason] = row["c__error"]
        written = value if isinstance(value, str) else json.dumps(value)
        assert reason.startswith((f"Cannot read '{written}' as ", f"Value '{written}' does not"))
        assert row[column] == written


def test_every_column_at_fault_is_named(kinds: Tinybird) -> None:
    [], [kept] = sent(kinds, {"id": "two", "day": "x", "share": "y", "code": "ok"})
    assert kept["c__error_column"] == ["day", "share"]
    assert [reason.split()[2] for reason in kept["c__error"]] == ["'x'", "'y'"]


def test_what_fails_behind_the_reading_is_found_too(kinds: Tinybird) -> None:
    """``late`` has a default that only some ids allow."""
    rows = [{"id": text, "late": None} for text in ("11", "bad", "12", "worse", "13")]
    stored, kept = sent(kinds, *rows)
    assert stored == ["11", "12", "13"]
    assert [row["id"] for row in kept] == ["bad", "worse"]
    assert all("Cannot convert" in row["c__error"][0] for row in kept)


def test_more_rows_than_are_asked_about_at_once_all_end_somewhere(tinybird: Tinybird) -> None:
    rows = [
        visit(tenant="many", at="never" if n % 3 == 0 else "2030-05-01", weight=n)
        for n in range(5_000)
    ]
    answer = tinybird.post("/v0/events?name=visits", content="\n".join(map(json.dumps, rows)))
    bad = len(range(0, 5_000, 3))
    assert answer.json() == {"successful_rows": 5_000 - bad, "quarantined_rows": bad}
    wrong = "SELECT count(), countIf(weight % 3 = 0) FROM visits WHERE tenant = 'many'"
    assert tinybird.sql(wrong).split() == [str(5_000 - bad), "0"]


def test_bad_rows_are_told_in_few_queries_while_others_write(tmp_path: Path) -> None:
    told = scene("many_bad_rows", tmp_path)
    assert (told["good"], told["bad"]) == (1_000, 1_000)
    assert told["is_busy"]
    assert told["queries"] <= 4


def test_a_row_is_not_bad_because_memory_is_short(tmp_path: Path) -> None:
    assert scene("no_memory", tmp_path) == "Memory limit exceeded."


def test_a_column_may_have_a_name_of_the_quarantines(tinybird: Tinybird, project: Path) -> None:
    (project / "datasources" / "dated.datasource").write_text(
        "SCHEMA >\n    `insertion_date` Date `json:$.insertion_date`,\n    `n` UInt8 `json:$.n`\n"
    )
    with tinybird.serving(project) as running:
        rows = [
            {"insertion_date": "2030-01-02", "n": 1},
            {"insertion_date": "2030-01-02", "n": "x"},
        ]
        body = "\n".join([*map(json.dumps, rows), "no row"])
        answer = running.post("/v0/events?name=dated&wait=true", content=body)
        assert answer.json() == {"successful_rows": 1, "quarantined_rows": 2}
        assert running.sql("SELECT * FROM dated") == "2030-01-02\t1"
        kept = running.sql("SELECT n FROM dated_quarantine ORDER BY n")
        assert kept == "no row\nx"
