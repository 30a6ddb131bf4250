"""What a .pipe file says, and what is said about its mistakes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from clerk_tinybird_app.tinybird.project import ProjectError
from tests.tinybird.project.projects import pipe

WHOLE = """\
DESCRIPTION >
    Hits, "as they come"

TOKEN "the dashboard" READ
TAGS "team=web"

NODE recent
DESCRIPTION the latest ones
SQL >
    %
    -- NODE is only a word here
    SELECT *
    FROM events
    WHERE kind = {{ String(kind, description='a "kind"') }}

NODE answer
SQL >
    SELECT count() AS hits FROM recent
    TYPE is_indented_and_so_a_part_of_the_query

TYPE ENDPOINT
"""
NODE = "NODE a\nSQL >\n    SELECT 1\n"


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    hits = pipe(tmp_path, WHOLE)

    assert hits.name == "hits"
    assert hits.path == Path("hits.pipe")
    assert hits.description == 'Hits, "as they come"'
    assert hits.tokens == (("the dashboard", "READ"),)
    assert [node.name for node in hits.nodes] == ["recent", "answer"]
    assert hits.is_endpoint
    assert hits.endpoint.name == "answer"


def test_a_query_keeps_its_text_and_the_line_it_begins_on(tmp_path: Path) -> None:
    recent, answer = pipe(tmp_path, WHOLE).nodes

    assert recent.description == "the latest ones"
    assert recent.is_template
    assert recent.sql.startswith("    -- NODE is only a word here\n    SELECT *")
    assert recent.sql.endswith("description='a \"kind\"') }}")
    assert WHOLE.splitlines()[recent.line - 1] == recent.sql.splitlines()[0]
    assert not answer.is_template
    assert WHOLE.splitlines()[answer.line - 1] == answer.sql.splitlines()[0]
    assert answer.sql.endswith("TYPE is_indented_and_so_a_part_of_the_query")


@pytest.mark.parametrize(
    ("block", "sql", "line"),
    [
        ("    %\n    SELECT 1\n", "    SELECT 1", 4),
        ("    % SELECT 1\n", "      SELECT 1", 3),
        ("\n\n    %\n\n    SELECT 1\n\n\n", "    SELECT 1", 7),
        ("%\nSELECT 1\nFROM b\n", "SELECT 1\nFROM b", 4),
        ("\t%\n\tSELECT 1\n", "\tSELECT 1", 4),
        ("    %\n# a comment\n    SELECT '50%'\n", "    SELECT '50%'", 5),
    ],
)
def test_a_template_begins_after_its_percent_sign(
    block: str, sql: str, line: int, tmp_path: Path
) -> None:
    (node,) = pipe(tmp_path, f"NODE a\nSQL >\n{block}").nodes

    assert (node.is_template, node.sql, node.line) == (True, sql, line)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.removesuffix("\n"),
        lambda text: text.replace("TYPE ENDPOINT", "type endpoint"),
        lambda text: text.replace("NODE answer", "node answer"),
        lambda text: text.replace("SQL >", "SQL >  "),
    ],
    ids=["CRLF", "BOM", "no last newline", "small type", "small node", "spaces at the end"],
)
def test_variants_of_layout_read_the_same(change: Callable[[str], str], tmp_path: Path) -> None:
    assert pipe(tmp_path, change(WHOLE)) == pipe(tmp_path, WHOLE)


COMMENTED = """
# first
TOKEN reader READ # cut
DESCRIPTION >
    What it says
    # A heading, not a comment

NODE answer # cut
DESCRIPTION one line # cut
# between
SQL >
    # for ClickHouse
    SELECT 1 AS a, 'x # y' AS b # at the end
# flush, gone
    -- so is this for ClickHouse
TYPE copy # cut
TARGET_DATASOURCE totals # cut
COPY_SCHEDULE 0 * * * * # cut
"""


def test_comments_stand_wherever_a_file_can_have_them(tmp_path: Path) -> None:
    read = pipe(tmp_path, COMMENTED)

    (node,) = read.nodes
    assert read.description == "What it says\n# A heading, not a comment"
    assert read.tokens == (("reader", "READ"),)
    assert (node.name, node.description, node.type) == ("answer", "one line", "copy")
    assert node.settings == {"TARGET_DATASOURCE": "totals", "COPY_SCHEDULE": "0 * * * *"}
    assert node.sql.splitlines() == [
        "    # for ClickHouse",
        "    SELECT 1 AS a, 'x # y' AS b # at the end",
        "",
        "    -- so is this for ClickHouse",
    ]


def test_the_node_of_type_endpoint_answers_even_when_it_is_not_the_last(tmp_path: Path) -> None:
    text = "NODE b\nSQL >\n    SELECT 2\nTYPE endpoint\n" + NODE

    assert pipe(tmp_path, text).endpoint.name == "b"


def test_a_pipe_without_a_type_is_no_endpoint_and_its_last_node_answers(tmp_path: Path) -> None:
    hits = pipe(tmp_path, NODE + NODE.replace("NODE a", "NODE b"))

    assert not hits.is_endpoint
    assert hits.endpoint.name == "b"


@pytest.mark.parametrize(
    ("lines", "kind", "settings"),
    [
        (
            "TYPE MATERIALIZED\nDATASOURCE totals\nENGINE Null\nENGINE_TTL 'x'\n",
            "materialized",
            {"DATASOURCE": "totals", "ENGINE": "Null", "ENGINE_TTL": "x"},
        ),
        (
            "TYPE copy\nTARGET_DATASOURCE daily\nCOPY_SCHEDULE 0 * * * *\n",
            "copy",
            {"TARGET_DATASOURCE": "daily", "COPY_SCHEDULE": "0 * * * *"},
        ),
        ('TYPE "sink"\nEXPORT_FORMAT "csv"\n', "sink", {"EXPORT_FORMAT": "csv"}),
    ],
)
def test_other_types_of_pipe_are_kept_so_that_they_can_be_named(
    lines: str, kind: str, settings: dict[str, str], tmp_path: Path
) -> None:
    hits = pipe(tmp_path, NODE + lines)

    assert not hits.is_endpoint
    assert (hits.nodes[0].type, hits.nodes[0].settings) == (kind, settings)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "has no NODE"),
        ("DESCRIPTION >\n    nothing yet\n", 1, "has no NODE"),
        ("SQL >\n    SELECT 1\n", 1, "SQL must come after a NODE"),
        (NODE + NODE, 4, "two nodes 'a'"),
        ("NODE a\n", 1, "needs SQL > and the query"),
        ("NODE a\nTYPE endpoint\n", 1, "needs SQL > and the query"),
        ("NODE a\nSQL SELECT 1\n", 2, "needs SQL > and the query"),
        ("NODE a\nSQL >\n\nTYPE endpoint\n", 2, "is empty"),
        ("NODE a\nSQL >\n    %\n", 2, "is empty"),
        ("NODE\nSQL >\n    SELECT 1\n", 1, "needs a name"),
        ("NODE a b\nSQL >\n    SELECT 1\n", 1, "needs a name"),
        (NODE + "TYPE view\n", 4, "TYPE must be one of endpoint, materialized, copy, sink"),
        (NODE + "TYPE endpoint\nTYPE endpoint\n", 5, "TYPE is there twice"),
        (NODE + "SQL >\n    SELECT 2\n", 4, "SQL is there twice"),
        (
            NODE + "TYPE endpoint\n" + NODE.replace("a", "b") + "TYPE endpoint\n",
            5,
            "one node with a TYPE",
        ),
        (NODE + "TYP endpoint\n", 4, "Did you mean TYPE?"),
        ("NODE a\nWHATEVER\nSQL >\n    SELECT 1\n", 2, "'WHATEVER' is not an instruction"),
        ("INCLUDE ../x.incl\n" + NODE, 1, "INCLUDE is not supported"),
        ("TOKEN t APPEND\n" + NODE, 1, "TOKEN name READ"),
        ("SCHEMA >\n    a String\n", 1, "'SCHEMA' is not an instruction of a .pipe file"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(
    text: str, line: int, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ProjectError) as raised:
        pipe(tmp_path, text)

    assert raised.value.file == Path("hits.pipe")
    assert raised.value.line == line
    assert message in raised.value.message
