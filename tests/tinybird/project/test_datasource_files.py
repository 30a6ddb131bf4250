"""What a .datasource file says, and what is said about its mistakes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from clerk_tinybird_app.tinybird.project import Column, ProjectError
from tests.tinybird.project.projects import SCHEMA, datasource

WHOLE = """\
# a comment
DESCRIPTION >
    What "customers" do,
    with a # in it.

TAGS "team=web"
TOKEN "append to it" APPEND
TOKEN reader read

SCHEMA >
    `at` DateTime64(3) `json:$.at`,
    `kind` LowCardinality(String) `json:$.kind` DEFAULT 'a, (b' CODEC(ZSTD(1)),
    `price` Nullable(Decimal(10, 2)) `json:$.price`, -- in euros, always
    `tags` Array(String) `json:$.tags[:]`,
    total AggregateFunction(sum, Float64)

ENGINE "ReplacingMergeTree"
ENGINE_PARTITION_KEY "toYYYYMM(at)"
ENGINE_SORTING_KEY "kind, at"
ENGINE_TTL ""
ENGINE_VER at

INDEXES >
    by_kind kind TYPE set(100) GRANULARITY 1

SHARED_WITH >
    other_workspace
"""


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    source = datasource(tmp_path, WHOLE)

    assert source.name == "events"
    assert source.path == Path("events.datasource")
    assert source.description == 'What "customers" do,\nwith a # in it.'
    assert source.tokens == (("append to it", "APPEND"), ("reader", "READ"))
    assert source.engine == "ReplacingMergeTree"
    assert source.engine_settings == {
        "ENGINE_PARTITION_KEY": "toYYYYMM(at)",
        "ENGINE_SORTING_KEY": "kind, at",
        "ENGINE_VER": "at",
    }
    assert source.indexes == ("by_kind kind TYPE set(100) GRANULARITY 1",)
    assert source.connector == {}


def test_columns_keep_their_types_paths_defaults_and_codecs(tmp_path: Path) -> None:
    assert datasource(tmp_path, WHOLE).columns == (
        Column(name="at", type="DateTime64(3)", json_path="$.at"),
        Column(
            name="kind",
            type="LowCardinality(String)",
            json_path="$.kind",
            default="'a, (b'",
            codec="ZSTD(1)",
        ),
        Column(name="price", type="Nullable(Decimal(10, 2))", json_path="$.price"),
        Column(name="tags", type="Array(String)", json_path="$.tags[:]"),
        Column(name="total", type="AggregateFunction(sum, Float64)"),
    )


@pytest.mark.parametrize(
    "schema",
    [
        "`a` String `json:$.a` DEFAULT 'x', `b` Int32",
        "`a` String DEFAULT 'x' `json:$.a`,\n    `b` Int32",
        "a String `json:$.a` default 'x',\n    b Int32",
        "\n\n    `a`   String\n        `json:$.a`\n        DEFAULT 'x'\n    ,`b` Int32,\n",
        "`a`\tString\t`json:$.a`\tDEFAULT\t'x',\n\t`b`\tInt32",
    ],
)
def test_columns_may_be_laid_out_in_many_ways(schema: str, tmp_path: Path) -> None:
    assert datasource(tmp_path, f"SCHEMA >\n    {schema}\n").columns == (
        Column(name="a", type="String", json_path="$.a", default="'x'"),
        Column(name="b", type="Int32"),
    )


def test_a_schema_may_stand_on_one_line(tmp_path: Path) -> None:
    columns = datasource(tmp_path, "SCHEMA `d` DateTime, `n` Int32\n").columns

    assert [(column.name, column.type) for column in columns] == [("d", "DateTime"), ("n", "Int32")]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("    ", "\t"),
        lambda text: text.replace("    ", "  "),
        lambda text: text.replace('"', ""),
        lambda text: text.removesuffix("\n"),
        lambda text: text.replace("SCHEMA >\n    ", "SCHEMA >\n"),
    ],
    ids=["CRLF", "BOM", "tabs", "two spaces", "no quotes", "no last newline", "no indentation"],
)
def test_variants_of_layout_read_the_same(change: Callable[[str], str], tmp_path: Path) -> None:
    text = f'DESCRIPTION >\n    Events\n\n{SCHEMA}\nENGINE "MergeTree"\nENGINE_SORTING_KEY "id"\n'

    assert datasource(tmp_path, change(text)) == datasource(tmp_path, text)


COMMENTED = """
# A file may begin with one
  # indented too
DESCRIPTION Events of the app # cut

SCHEMA >
    # the first line
    `id` String `json:$.id`, -- at a column's end
    # `gone` String,
# flush
    -- on its own
    `text` String DEFAULT 'a # b -- c' `json:$.text`,

	# after a tab
    `last` Int32
    # the last line
    #KEYWORD

# between
ENGINE "MergeTree" # cut
ENGINE_SORTING_KEY "id # z" # cut
ENGINE_PARTITION_KEY "" # cut
    # indented between
ENGINE_TTL toDate(a)#cut
TOKEN write APPEND # cut
INDEXES >
    # the first
    one id TYPE set(1) # cut
    # the last
"""


def test_comments_stand_wherever_a_file_can_have_them(tmp_path: Path) -> None:
    source = datasource(tmp_path, COMMENTED)

    assert [(column.name, column.type, column.default) for column in source.columns] == [
        ("id", "String", None),
        ("text", "String", "'a # b -- c'"),
        ("last", "Int32", None),
    ]
    assert (source.description, source.engine) == ("Events of the app", "MergeTree")
    assert source.engine_settings == {
        "ENGINE_SORTING_KEY": "id # z",
        "ENGINE_TTL": "toDate(a)",
    }
    assert source.tokens == (("write", "APPEND"),)
    assert source.indexes == ("one id TYPE set(1)",)
    lines = COMMENTED.splitlines()
    assert [lines[column.line - 1].split()[0].strip("`") for column in source.columns] == [
        "id",
        "text",
        "last",
    ]


def test_without_an_engine_it_is_a_merge_tree(tmp_path: Path) -> None:
    assert datasource(tmp_path, SCHEMA).engine == "MergeTree"


def test_where_rows_come_from_is_kept_so_that_it_can_be_named(tmp_path: Path) -> None:
    source = datasource(tmp_path, f"{SCHEMA}KAFKA_TOPIC 'clicks'\nIMPORT_SCHEDULE @once\n")

    assert source.connector == {"KAFKA_TOPIC": "clicks", "IMPORT_SCHEDULE": "@once"}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "SCHEMA is missing"),
        ("ENGINE MergeTree\n", 1, "SCHEMA is missing"),
        ("SCHEMA >\n\nENGINE MergeTree\n", 1, "SCHEMA has no columns"),
        (f"{SCHEMA}{SCHEMA}", 3, "SCHEMA is there twice, first in line 1"),
        ("SCHEMA >\n    a String,\n    a Int8\n", 3, "'a' is there twice"),
        ("SCHEMA >\n    `a` String,\n    `b`\n", 3, "'b' has no type"),
        ("SCHEMA >\n    `a` `json:$.a`\n", 2, "'a' has no type"),
        ("SCHEMA >\n    `a` String\n    `b` String\n", 3, "comma between columns"),
        ("SCHEMA >\n    `a` String,\n    ,`b` String\n", 3, "has no name"),
        (f"{SCHEMA}\nENGIN MergeTree\n", 4, "Did you mean ENGINE?"),
        (f"{SCHEMA}\nENGINE_SORT id\n", 4, "'ENGINE_SORT' is not an instruction"),
        ("ENGINE MergeTree\nFOO bar\n", 2, "'FOO' is not an instruction of a .datasource file"),
        ("NODE a\n", 1, "'NODE' is not an instruction of a .datasource file"),
        (f"{SCHEMA}\nINCLUDE more.incl\n", 4, "INCLUDE is not supported"),
        ("SCHEMA >\n    a String, # so\n    b String\n", 2, "write a comment with --"),
        ("SCHEMA >\n    a String,\n    b String # so\n", 3, "write a comment with --"),
        ("TOKEN write\n" + SCHEMA, 1, "TOKEN name READ or APPEND"),
        ("TOKEN write DROP\n" + SCHEMA, 1, "TOKEN name READ or APPEND"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(
    text: str, line: int, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ProjectError) as raised:
        datasource(tmp_path, text)

    assert raised.value.file == Path("events.datasource")
    assert raised.value.line == line
    assert message in raised.value.message
    assert str(raised.value) == f"events.datasource:{line}: {raised.value.message}"


def test_columns_instructions_and_indexes_know_their_lines(tmp_path: Path) -> None:
    source = datasource(tmp_path, WHOLE)

    lines = WHOLE.splitlines()
    for column in source.columns:
        assert lines[column.line - 1].strip(" `").startswith(column.name)
    for keyword, line in source.lines.items():
        assert lines[line - 1].startswith(keyword)
    assert [lines[line - 1].strip() for line in source.index_lines] == list(source.indexes)
    assert source.line_of("ENGINE_SIGN", "ENGINE_TTL") == lines.index('ENGINE_TTL ""') + 1
    assert source.line_of("ENGINE_SIGN") == 1


def test_a_columns_line_is_that_of_its_name(tmp_path: Path) -> None:
    text = "SCHEMA >\n\n    `a` Int8\n        DEFAULT 1\n    ,\n    `b`\n    Int8, `c` Int8\n"
    columns = datasource(tmp_path, text).columns

    assert [(column.name, column.line) for column in columns] == [("a", 3), ("b", 6), ("c", 7)]


def test_indexes_on_lines_of_their_own_or_on_one_know_their_lines(tmp_path: Path) -> None:
    block = f"{SCHEMA}INDEXES >\n\n    one id TYPE set(1)\n\n    two id TYPE set(2)\n"

    assert datasource(tmp_path, block).index_lines == (5, 7)
    assert datasource(tmp_path, f"{SCHEMA}INDEXES one id TYPE set(1)\n").index_lines == (3,)
