"""Changes of a data source whose table is there: followed, or refused with what to do."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird
from tests.local.tinybird.project import FILES, VISITS, visit

SOURCE = "datasources/visits.datasource"
RICH = """\
SCHEMA >
    `at` DateTime64(3) `json:$.at`,
    `kind` LowCardinality(String) `json:$.kind` DEFAULT 'none' CODEC(ZSTD(1)),
    `price` Nullable(Decimal(10, 2)) `json:$.price`,
    `tags` Array(String) `json:$.tags[:]`,
    `version` UInt64 `json:$.version`

ENGINE "ReplacingMergeTree"
ENGINE_PARTITION_KEY "(toYYYYMM(at), kind)"
ENGINE_SORTING_KEY "kind,  toDate(at) , at"
ENGINE_PRIMARY_KEY "kind"
ENGINE_VER "version"
ENGINE_TTL "toDateTime(at) + interval 20000 day"

INDEXES >
    by_price price TYPE minmax GRANULARITY 1
"""


@pytest.fixture
def key(tinybird: Tinybird) -> Iterator[str]:
    """The token of a workspace of the test's own, which serves the tests' project."""
    with tinybird.workspace("changes") as made:
        assert build(tinybird, made["token"], VISITS) is None
        yield made["token"]


def build(tinybird: Tinybird, key: str, source: str) -> str | None:
    """Build the project with this data source; return the fault, if there is one."""
    answer = tinybird.build({**FILES, SOURCE: source}, key)
    if answer["result"] == "success":
        return None
    [fault] = answer["errors"]
    assert fault["filename"] == SOURCE
    return str(fault["error"])


def add(tinybird: Tinybird, key: str, row: dict[str, Any]) -> None:
    answer = tinybird.post("/v0/events?name=visits&wait=true", key, json=row)
    assert answer.json() == {"successful_rows": 1, "quarantined_rows": 0}


def sql(tinybird: Tinybird, key: str, query: str) -> str:
    return tinybird.get("/v0/sql", key, q=query).text.strip()


def table(tinybird: Tinybird, key: str, name: str = "visits") -> str:
    """Return the table as ClickHouse keeps it."""
    database = sql(tinybird, key, "SELECT currentDatabase()")
    where = f"database = '{database}' AND name = '{name}'"
    return sql(tinybird, key, f"SELECT engine_full FROM system.tables WHERE {where}")


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (('"tenant, at"', '"at"'), 15, "the sorting key was tenant, at and is now at"),
        (("toYYYYMM(at)", "toYear(at)"), 14, "partition key was toYYYYMM(at) and is now toYear"),
        (('ENGINE_PARTITION_KEY "toYYYYMM(at)"\n', ""), 13, "toYYYYMM(at) and is now none"),
        (('"MergeTree"', '"SummingMergeTree"'), 13, "was MergeTree and is now SummingMergeTree"),
        (("UInt16", "UInt32"), 8, "column 'status' was UInt16 and is now UInt32"),
        (("`note` Nullable(String) `json:$.note`,", ""), 4, "column 'note' is gone"),
    ],
)
def test_what_rows_cannot_follow_is_refused_with_its_line_and_what_to_do(
    tinybird: Tinybird, key: str, change: tuple[str, str], line: int, said: str
) -> None:
    add(tinybird, key, visit())
    fault = build(tinybird, key, VISITS.replace(*change))
    assert fault is not None
    assert fault.startswith(f"line {line}: ")
    assert said in fault
    assert "another name" in fault
    assert build(tinybird, key, VISITS) is None


def test_a_forward_query_is_named_where_rows_cannot_follow(tinybird: Tinybird, key: str) -> None:
    add(tinybird, key, visit())
    forward = "\nFORWARD_QUERY >\n    SELECT *, toUInt32(status) AS status\n"
    fault = build(tinybird, key, VISITS.replace("UInt16", "UInt32") + forward)
    assert "for which a FORWARD_QUERY does not run" in str(fault)


def test_a_table_without_rows_is_made_anew(tinybird: Tinybird, key: str) -> None:
    assert build(tinybird, key, VISITS.replace('"tenant, at"', '"at"')) is None
    assert "ORDER BY (at)" in table(tinybird, key)
    add(tinybird, key, visit())


def test_a_ttl_follows_with_the_rows_that_are_there(tinybird: Tinybird, key: str) -> None:
    add(tinybird, key, visit())
    ttl = 'ENGINE_TTL "toDateTime(at) + toIntervalDay(20000)"\n'
    assert build(tinybird, key, VISITS + ttl) is None
    assert "TTL toDateTime(at) + toIntervalDay(20000)" in table(tinybird, key)
    assert build(tinybird, key, VISITS + ttl.replace("20000", "19999")) is None
    assert "toIntervalDay(19999)" in table(tinybird, key)
    assert build(tinybird, key, VISITS) is None
    assert "TTL" not in table(tinybird, key)
    assert sql(tinybird, key, "SELECT count() FROM visits") == "1"


def test_a_ttl_may_use_a_column_that_is_new(tinybird: Tinybird, key: str) -> None:
    add(tinybird, key, visit())
    more = VISITS.replace("`weight`", "`until` DateTime DEFAULT now(),\n    `weight`")
    assert build(tinybird, key, f"{more}ENGINE_TTL until + toIntervalDay(9)\n") is None
    assert "TTL until" in table(tinybird, key)


def test_settings_follow_with_the_rows_that_are_there(tinybird: Tinybird, key: str) -> None:
    add(tinybird, key, visit())
    plain = table(tinybird, key)
    given = "ENGINE_SETTINGS 'index_granularity=32, min_bytes_for_wide_part = 7'\n"
    assert build(tinybird, key, VISITS + given) is None
    assert "min_bytes_for_wide_part = \\'7\\'" in table(tinybird, key)
    assert build(tinybird, key, f"{VISITS}ENGINE_SETTINGS merge_selector_base=3\n") is None
    assert "merge_selector_base = \\'3\\'" in table(tinybird, key)
    assert build(tinybird, key, VISITS) is None
    assert table(tinybird, key) == plain
    assert sql(tinybird, key, "SELECT count() FROM visits") == "1"


def test_a_setting_is_there_from_the_first_and_none_of_ours_is_lost(
    tinybird: Tinybird, key: str
) -> None:
    given = "index_granularity=32, non_replicated_deduplication_window = 0"
    assert build(tinybird, key, f"{VISITS}ENGINE_SETTINGS {given}\n") is None
    assert (
        build(tinybird, key, VISITS.replace('"tenant, at"', '"at"') + f"ENGINE_SETTINGS {given}\n")
        is None
    )
    kept = table(tinybird, key)
    assert "index_granularity = \\'32\\'" in kept
    assert "non_replicated_deduplication_window = 10000" in kept


def test_a_sampling_key_follows_with_the_rows_that_are_there(tinybird: Tinybird, key: str) -> None:
    source = VISITS.replace('"tenant, at"', '"tenant, status"')
    assert build(tinybird, key, source) is None
    add(tinybird, key, visit())
    assert build(tinybird, key, f"{source}ENGINE_SAMPLING_KEY status\n") is None
    assert "SAMPLE BY status" in table(tinybird, key)
    assert sql(tinybird, key, "SELECT count() FROM visits SAMPLE 1 / 1") == "1"
    assert build(tinybird, key, source) is None
    assert "SAMPLE" not in table(tinybird, key)


def test_of_a_row_and_the_one_that_cancels_it_a_versioned_table_keeps_none(
    tinybird: Tinybird, key: str
) -> None:
    source = (
        "SCHEMA >\n    `name` String,\n    `sign` Int8,\n    `version` UInt32\n\n"
        'ENGINE "VersionedCollapsingMergeTree"\nENGINE_SORTING_KEY "name"\n'
        'ENGINE_SIGN "sign"\nENGINE_VERSION "version"\n'
    )
    files = {**FILES, "datasources/states.datasource": source}
    assert tinybird.build(files, key)["result"] == "success"
    rows = [{"name": n, "sign": s, "version": 1} for n, s in (("a", 1), ("b", 1), ("a", -1))]
    answer = tinybird.post("/v0/events?name=states&wait=true", key, json=rows)
    assert answer.json() == {"successful_rows": 3, "quarantined_rows": 0}
    assert sql(tinybird, key, "SELECT name FROM states FINAL") == "b"


def ask(
    tinybird: Tinybird, key: str, what: str, table: str = "columns", *, and_name: str = "%"
) -> str:
    """Return what ClickHouse says of the table's columns or indexes."""
    database = sql(tinybird, key, "SELECT currentDatabase()")
    where = f"database = '{database}' AND table = 'visits' AND name LIKE '{and_name}'"
    return sql(tinybird, key, f"SELECT {what} FROM system.{table} WHERE {where}")


def test_a_default_follows_but_for_rows_that_had_another(tinybird: Tinybird, key: str) -> None:
    more = "`more` Int8 `json:$.more`{},\n    `weight`"
    add(tinybird, key, visit(page="/0"))
    for number, default in enumerate((" DEFAULT 1", " DEFAULT status - 195", " DEFAULT 3"), 1):
        source = VISITS.replace("`weight`", more.format(default))
        assert build(tinybird, key, source) is None
        add(tinybird, key, visit(page=f"/{number}"))
        shown = ask(tinybird, key, "default_expression", and_name="more")
        assert shown == {1: "1", 2: "status - 195", 3: "3"}[number]
    rows = sql(tinybird, key, "SELECT page, more FROM visits ORDER BY page").splitlines()
    assert rows == ["/0\t3", "/1\t1", "/2\t5", "/3\t3"]
    assert build(tinybird, key, VISITS.replace("`weight`", more.format(""))) is None
    assert ask(tinybird, key, "default_expression", and_name="more") == ""


def test_a_default_that_rows_have_no_value_for_can_be_put_right(
    tinybird: Tinybird, key: str
) -> None:
    more = "`more` Int32 `json:$.more` DEFAULT toInt32(page),\n    `weight`"
    add(tinybird, key, visit())
    wrong = VISITS.replace("`weight`", more)
    assert build(tinybird, key, wrong) is None
    assert "Cannot parse" in sql(tinybird, key, "SELECT more FROM visits")
    assert build(tinybird, key, wrong.replace("toInt32(page)", "3")) is None
    assert sql(tinybird, key, "SELECT more FROM visits") == "3"


def test_a_default_in_the_sorting_key_follows(tinybird: Tinybird, key: str) -> None:
    add(tinybird, key, visit())
    for default in (" DEFAULT 'x'", " DEFAULT 'y'", ""):
        source = VISITS.replace("`json:$.tenant`", f"`json:$.tenant`{default}")
        assert build(tinybird, key, source) is None
    assert sql(tinybird, key, "SELECT tenant FROM visits") == "a"


def test_a_codec_follows(tinybird: Tinybird, key: str) -> None:
    add(tinybird, key, visit())
    for codec in ("CODEC(ZSTD(1))", "CODEC(LZ4)", ""):
        source = VISITS.replace("`json:$.status`", f"`json:$.status` {codec}")
        assert build(tinybird, key, source) is None
        assert ask(tinybird, key, "max(compression_codec)") == codec
    assert ask(tinybird, key, "max(default_expression)") == "7"


def test_indexes_follow(tinybird: Tinybird, key: str) -> None:
    add(tinybird, key, visit())
    what = "groupArray((name, type_full, expr, granularity))"
    for lines, kept in (
        ("one page TYPE set(9) GRANULARITY 1", "[('one','set(9)','page',1)]"),
        ("INDEX one page TYPE set(8) GRANULARITY 1", "[('one','set(8)','page',1)]"),
        ("two status TYPE minmax GRANULARITY 2", "[('two','minmax','status',2)]"),
    ):
        assert build(tinybird, key, f"{VISITS}\nINDEXES >\n    {lines}\n") is None
        assert ask(tinybird, key, what, "data_skipping_indices").replace("\\", "") == kept
        add(tinybird, key, visit())
    assert build(tinybird, key, VISITS) is None
    assert ask(tinybird, key, what, "data_skipping_indices") == "[]"


def test_an_unchanged_data_source_is_no_change_however_it_is_spelt(
    tinybird: Tinybird, key: str
) -> None:
    respelt = RICH.replace("kind,  toDate(at) , at", "kind, toDate(at), at").replace(
        "interval 20000 day", "toIntervalDay(20000)"
    )
    files, again = ({**FILES, "rich.datasource": each} for each in (RICH, respelt))
    assert tinybird.build(files, key)["result"] == "success"
    row = {"at": "2030-01-01 00:00:00", "kind": "a", "price": 1, "tags": ["x"], "version": 1}
    answer = tinybird.post("/v0/events?name=rich&wait=true", key, json=row)
    assert answer.json() == {"successful_rows": 1, "quarantined_rows": 0}
    before = table(tinybird, key, "rich")
    for each in (files, again):
        assert tinybird.build(each, key)["result"] == "success"
    assert table(tinybird, key, "rich") == before
    assert sql(tinybird, key, "SELECT count() FROM rich") == "1"


def test_an_aggregating_table_may_have_columns_that_are_no_aggregates(
    tinybird: Tinybird, key: str
) -> None:
    source = (
        "SCHEMA >\n    `day` Date,\n    `name` String,\n    `n` AggregateFunction(sum, UInt8)\n\n"
        'ENGINE "AggregatingMergeTree"\nENGINE_SORTING_KEY "day"\n'
    )
    files = {**FILES, "datasources/daily.datasource": source}
    parts = [("data_project://", one) for one in files.items()]
    assert tinybird.post("/v1/build", key, files=parts).json()["result"] == "success"


def test_nothing_is_changed_when_a_pipe_is_wrong(tinybird: Tinybird, key: str) -> None:
    wrong = FILES["endpoints/pages.pipe"].replace("FROM chosen", "FROM nothing")
    more = VISITS.replace("`weight`", "`more` Int8 DEFAULT 1,\n    `weight`")
    files = {**FILES, SOURCE: more, "endpoints/pages.pipe": wrong}
    parts = [("data_project://", one) for one in files.items()]
    assert tinybird.post("/v1/build", key, files=parts).json()["result"] == "failed"
    assert "more" not in sql(tinybird, key, "DESCRIBE visits")
    assert tinybird.get("/v0/pipes/pages.json", key, tenant="a").status_code == 200


def test_no_rehearsal_is_left(tinybird: Tinybird, key: str) -> None:
    build(tinybird, key, VISITS.replace("UInt16", "UInt17"))
    assert "rehearsal" not in sql(tinybird, key, "SELECT name FROM system.databases")
