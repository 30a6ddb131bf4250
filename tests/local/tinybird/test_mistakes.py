"""Mistakes that only ClickHouse finds: told with file and line when a project is built."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.tinybird.process import ROOT, Tinybird
from tests.local.tinybird.project import FILES, PAGES, VISITS

SOURCE = "datasources/visits.datasource"
PIPE = "endpoints/pages.pipe"
ODD = "endpoints/odd.pipe"


@pytest.fixture(scope="module")
def key(tinybird: Tinybird) -> Iterator[str]:
    """The token of a workspace for this file's builds."""
    with tinybird.workspace("mistakes") as made:
        yield made["token"]


def faults(tinybird: Tinybird, key: str, file: str, text: str) -> list[tuple[str, str]]:
    """Build the tests' project with one file changed; return each fault's file and text."""
    answer = built(tinybird, key, file, text)
    return [(one["filename"], one["error"]) for one in answer.get("errors", [])]


def doubts(tinybird: Tinybird, key: str, file: str, text: str) -> list[tuple[str, str]]:
    """Build likewise, which succeeds; return each warning's file and text, as `faults` does."""
    answer = built(tinybird, key, file, text)
    assert answer["result"] == "success", answer
    told = (one["message"].split(":", 2) for one in answer["build"]["feedback"])
    return [(file, f"line {line}:{text}") for file, line, text in told]


def built(tinybird: Tinybird, key: str, file: str, text: str) -> Any:
    return tinybird.build({**FILES, file: text}, key)


def changed(text: str, old: str, new: str) -> tuple[str, int]:
    """Replace ``old``, which is there once; return the line it is in, too."""
    assert text.count(old) == 1
    return text.replace(old, new), text.partition(old)[0].count("\n") + 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("`status` UInt16", "`status` UInt17", "UInt17"),
        ("`status` UInt16", "`status` Nested(code UInt16)", "`status.name` Array(String)"),
        ("DEFAULT 7", "DEFAULT nofun(7)", "nofun"),
        ("DEFAULT 7", "DEFAULT 7 CODEC(NOPE)", "NOPE"),
        ('ENGINE "MergeTree"', 'ENGINE "MergTree"', "MergTree"),
        ("toYYYYMM(at)", "toYYYYMM(nope)", "nope"),
        ('"tenant, at"', '"tenant, nope"', "nope"),
        ("`seconds` Float32 `json:$.seconds`,", "`seconds` Float32, `more` Strin,", "Strin"),
    ],
)
def test_a_data_sources_mistake_is_told_with_its_line(
    tinybird: Tinybird, key: str, old: str, new: str, said: str
) -> None:
    text, line = changed(VISITS, old, new)
    [(file, error)] = faults(tinybird, key, SOURCE, text)
    assert file == SOURCE
    assert error.startswith(f"line {line}: ")
    assert said in error


@pytest.mark.parametrize(
    ("more", "line", "said"),
    [
        ("ENGINE_TTL nofun(at)\n", 1, "nofun"),
        ("ENGINE_PRIMARY_KEY at\n", 1, "rimary key"),
        ("\nENGINE_VER nope\n", 2, "nope"),
        ("INDEXES >\n    one page TYPE set(9)\n\n    two nope TYPE set(9)\n", 4, "nope"),
        ("INDEXES >\n    one page TYPE nope\n", 2, "nope"),
        ("ENGINE_SAMPLING_KEY nope\n", 1, "nope"),
        ("ENGINE_SETTINGS index_granularity=256, nope=1\n", 1, "nope"),
        ("ENGINE_SETTINGS disk=disk(type=web)\n", 1, "Unknown disk"),
    ],
)
def test_a_mistake_below_the_keys_is_told_with_its_line(
    tinybird: Tinybird, key: str, more: str, line: int, said: str
) -> None:
    text = VISITS.replace('"MergeTree"', '"ReplacingMergeTree"') + more
    [(file, error)] = faults(tinybird, key, SOURCE, text)
    assert file == SOURCE
    assert error.startswith(f"line {VISITS.count(chr(10)) + line}: ")
    assert said in error


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("FROM visits", "FROM visit", "visit"),
        ("FROM chosen", "FROM chose", "chose"),
        ("sum(seconds)", "sum(second)", "second"),
        ("sum(seconds)", "summ(seconds)", "summ"),
        ("WHERE tenant", "WERE tenant", "Syntax error near"),
        ("round(sum(seconds), 2)", "round(sum(seconds, 2)", "'(' is never closed"),
        ("SELECT page, count()", "SELECT page, status, count()", "status"),
        ("GROUP BY page ORDER", "GROUP BY seconds, ORDER", "Syntax error near"),
    ],
)
def test_a_mistake_in_a_pipes_sql_is_told_with_its_line(
    tinybird: Tinybird, key: str, old: str, new: str, said: str
) -> None:
    text, line = changed(PAGES, old, new)
    [(file, error)] = faults(tinybird, key, PIPE, text)
    assert file == PIPE
    assert error.startswith(f"line {line}: ")
    assert said in error


@pytest.mark.parametrize(
    ("new", "said"), [("AND pag =", "pag"), ("AND page = =", "Syntax error near '='")]
)
def test_a_mistake_in_a_branch_is_a_warning_and_an_error_when_asked_that_way(
    tinybird: Tinybird, key: str, new: str, said: str
) -> None:
    text, line = changed(PAGES, "AND page =", new)
    [(file, warning)] = doubts(tinybird, key, PIPE, text)
    assert file == PIPE
    assert warning.startswith(f"line {line}: ")
    assert said in warning
    assert warning.endswith(" Only a request that takes this branch is refused.")
    assert tinybird.get("/v0/pipes/total.json", key, tenant="a").status_code == 200
    assert tinybird.get("/v0/pipes/total.json", key, tenant="a", page="x").status_code == 400


WAYS = """
NODE first
SQL >
    %
    SELECT page FROM {% if by == 'minute' %} not_there {% else %} visits {% end %}
    {% if defined(x) %} WHERE page = 'x' {% else %} WHERE pag = 'y' {% end %}

NODE last
SQL >
    SELECT count() AS count FROM first

TYPE endpoint
"""


def test_a_way_past_all_that_is_wrong_is_served(tinybird: Tinybird, key: str) -> None:
    assert built(tinybird, key, PIPE, WAYS)["result"] == "success"
    for params, status in (({"x": 1}, 200), ({}, 400), ({"by": "minute", "x": 1}, 400)):
        assert tinybird.get("/v0/pipes/pages.json", key, **params).status_code == status


@pytest.mark.parametrize("change", [("page = 'x'", "pag = 'x'"), (" visits ", " nor_there ")])
def test_where_no_way_is_right_it_is_a_mistake(
    tinybird: Tinybird, key: str, change: tuple[str, str]
) -> None:
    assert faults(tinybird, key, PIPE, WAYS.replace(*change))


def test_a_build_lists_every_mistake(tinybird: Tinybird, key: str) -> None:
    files = {
        **FILES,
        SOURCE: VISITS.replace("UInt16", "UInt17"),
        "endpoints/echo.pipe": "NODE n\nSQL >\n    SELECT nope\n",
        "endpoints/odd.pipe": "NOD n\n",
    }
    parts = [("data_project://", one) for one in files.items()]
    answer = tinybird.post("/v1/build", key, files=parts).json()
    assert answer["result"] == "failed"
    assert [(one["filename"], one["error"].partition(":")[0]) for one in answer["errors"]] == [
        (SOURCE, "line 8"),
        ("endpoints/echo.pipe", "line 3"),
        ("endpoints/odd.pipe", "line 1"),
    ]


CIRCLES = {
    "of two nodes": (
        "NODE a\nSQL >\n    SELECT 1\n    FROM b\nNODE b\nSQL >\n    SELECT 1\n    FROM a",
        (PIPE, "line 8: Circular reference: pages.a -> pages.b -> pages.a."),
    ),
    "of two pipes": (
        "NODE a\nSQL >\n    -- FROM b\n    SELECT 'FROM total'\n    FROM\n    total",
        (
            "endpoints/total.pipe",
            "line 6: Circular reference: pages.a -> total.endpoint -> pages.a.",
        ),
    ),
}


@pytest.mark.parametrize("what", CIRCLES)
def test_a_circle_is_told_with_the_line_that_closes_it(
    tinybird: Tinybird, key: str, what: str
) -> None:
    text, told = CIRCLES[what]
    assert faults(tinybird, key, PIPE, text) == [told]


WRONG = {
    "a node nobody reads": ("    SELECT 1\nNODE idle\nSQL >\n    SELECT nope FROM visits\n", 4),
    "a second statement": ("    SELECT 1;\n    SELECT 2\n", None),
    "an else": (
        "    %\n    SELECT {% if x == 'a' %} page\n    {% else %} nope {% end %}\n"
        "    FROM visits\n",
        3,
    ),
    "an elif": (
        "    %\n    SELECT {% if x == 'a' %} page\n    {% elif x == 'b' %}\n nope\n"
        "    {% else %} page {% end %} FROM visits\n",
        4,
    ),
    "within a loop": (
        "    %\n    SELECT 1\n    {% for name in split_to_array(names, 'page') %}\n"
        "        , {{ String(name) }} = nope\n    {% end %}\n    FROM visits\n",
        4,
    ),
    "after text in another alphabet": (
        "    SELECT 'größer, ünd mehr' AS `ä`,\n    -- nope\n    'nope' AS b,\n"
        "    nope FROM visits\n",
        4,
    ),
    "a syntax error after text in another alphabet": (
        f"    SELECT '{'ä' * 60}',\n    1 = = 2,\n    3,\n    4,\n    5\n    FROM visits\n",
        2,
    ),
    "a parenthesis that is not closed": (
        "    SELECT (1 + 2 AS a,\n    2 AS b\n    FROM visits\n    WHERE status = 1\n",
        1,
    ),
    "after a request was refused": (
        "    %\n    {% if not defined(x) %} {{ error('x is missing') }} {% end %}\n"
        "    SELECT nope FROM visits\n",
        3,
    ),
    "what a node does not give on": (
        "    SELECT page FROM visits\nNODE endpoint\nSQL >\n    %\n    SELECT page FROM first\n"
        "    {% if defined(x) %}\n    WHERE status = {{ Int32(x) }}\n    {% end %}\n",
        7,
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_mistake_is_found_wherever_it_is(tinybird: Tinybird, key: str, what: str) -> None:
    text, line = WRONG[what]
    told = doubts if "if x == " in text or "if defined(x)" in text else faults
    [(file, error)] = told(tinybird, key, ODD, f"NODE first\nSQL >\n{text}")
    assert file == ODD
    assert error.startswith(f"line {(line or 1) + 2}: ")


OF_TYPES = {
    "too many arguments": ("SELECT\n    toDate(1, 2, 3)", "line 4", "toDate"),
    "a sum of a text and a number": (
        "SELECT\n    page,\n    'a' + 1 FROM visits",
        "line 5",
        "plus",
    ),
    "a text held against a number": (
        "SELECT 1 FROM visits\n    WHERE page = 1",
        "line 4",
        "String",
    ),
    "a number held against what is no number": (
        "SELECT 1 FROM visits\n    WHERE status = 'abc'",
        "line 4",
        "'abc'",
    ),
    "a text in the place of a condition": (
        "SELECT 1 FROM visits\n    WHERE page",
        "line 4",
        "WHERE",
    ),
    "a sum of texts": ("SELECT\n    sum(page) FROM visits", "line 4", "sum"),
    "parts of different widths": ("SELECT 1\n    UNION ALL SELECT 1, 2", "line 3", "columns"),
    "a value of a type that never fits": (
        "SELECT 1 FROM visits\n    WHERE page = {{ Int32(n) }}",
        "line 4",
        "Int32",
    ),
    "in a branch": (
        "SELECT 1 FROM visits\n    {% if defined(x) %} WHERE\n    page > 1 {% end %}",
        "line 5",
        "String",
    ),
    "one of several": ("SELECT 1 + 1,\n    2 + 2,\n    page + 1 FROM visits", "line 3", "plus"),
    "beside a value that is given": (
        "SELECT page + 1 FROM visits\n    WHERE status = {{ UInt16(x, 1) }}",
        "line 3",
        "plus",
    ),
}


@pytest.mark.parametrize("what", OF_TYPES)
def test_a_mistake_of_types_is_told_where_no_value_could_be_right(
    tinybird: Tinybird, key: str, what: str
) -> None:
    sql, line, said = OF_TYPES[what]
    told = doubts if "{% if" in sql else faults
    [(file, error)] = told(tinybird, key, ODD, f"NODE first\nSQL >\n    % {sql}\n")
    assert file == ODD
    assert error.startswith(f"{line}: ")
    assert said in error
    assert "executing" not in error


RIGHT = {
    "one of two ways must be asked for": (
        "{% if m == 'a' %} SELECT 1 {% elif m == 'b' %} SELECT 2 {% end %}"
    ),
    "two ways that exclude each other": (
        "{% if m == 'a' %} SELECT 1 {% end %} {% if m == 'b' %} SELECT 2 {% end %}"
    ),
    "an order that must be asked for": (
        "SELECT page FROM visits "
        "ORDER BY {% if o == 'page' %} page {% elif o == 'at' %} at {% end %}"
    ),
    "a name that only one branch gives": (
        "SELECT {% if m == 'a' %} page AS x {% else %} status AS y {% end %} FROM visits "
        "ORDER BY {% if m == 'a' %} x {% else %} y {% end %}"
    ),
    "a name that an earlier value gives": (
        "SELECT {% if m == 'a' %} page AS x {% elif m == 'b' %} note AS x {% end %} FROM visits "
        "WHERE x = {{ String(v) }}"
    ),
    "a part that needs another part": (
        "SELECT page FROM visits {% if defined(by) %} ORDER BY page {% end %}"
        "{% if defined(down) %} DESC {% end %}"
    ),
    "one condition or the other": (
        "SELECT page FROM visits {% if defined(a) %} WHERE page = {{ String(a) }} {% end %}"
        "{% if defined(b) %} WHERE tenant = {{ String(b) }} {% end %}"
    ),
    "a table by one condition and its columns by the same": (
        "SELECT {% if n > 9 %} id {% else %} page {% end %} FROM {% if n > 9 %} nested "
        "{% else %} visits {% end %} WHERE 1 {% if n > 9 %} AND who = '' {% else %} "
        "AND status = 1 {% end %} {% if n < 9 %} {% if defined(note) %} AND\n    note = 'x' "
        "{% end %}{% end %}"
    ),
    "one of three tables, and a column that one of them has": (
        "SELECT 1 FROM {% if n == 1 %} nested {% elif n == 2 %} visits {% else %} nested {% end %} "
        "WHERE 1 {% if n == 2 %} AND\n    status = 1 {% end %}"
    ),
    "a column that is asked for": "SELECT {{ column(by) }} FROM visits ORDER BY {{ symbol(by) }}",
    "a table that is asked for": "SELECT 1 FROM {{ table(name) }}",
    "a text that is parsed": "SELECT toDate({{ String(day) }}), toUUID({{ String(id) }})",
    "a unit that is asked for": "SELECT dateTrunc({{ String(unit) }}, at) FROM visits",
    "a number that must be in bounds": (
        "SELECT toStartOfInterval(at, toIntervalDay({{ n }})) FROM visits"
    ),
    "a list that must be JSON": "SELECT {{ JSON(x)['a'][0] }}",
    "conditions of which none may be given": (
        "SELECT 1 FROM visits WHERE {{ sql_and(page=String(p, defined=False)) }}"
    ),
    "a table of Tinybird's own": "SELECT * FROM tinybird.pipe_stats_rt",
    "a function that chDB lacks": "SELECT BLAKE3('a')",
    "a comparison of types": "SELECT status = {{ x }} FROM visits",
    "a sum with what may be a number": "SELECT status + {{ x }} FROM visits",
    "a comparison with what may be a number": (
        "SELECT 1 FROM visits WHERE status = {{ String(x) }}"
    ),
    "an element whose type depends on which it is": (
        "SELECT tupleElement(('a', 1), {{ UInt8(n, 1) }}) + 1"
    ),
    "a column whose type depends on which it is": (
        "SELECT sum({{ column(metric, 'page') }}) FROM visits"
    ),
    "types by one condition and their use by the same": (
        "SELECT {% if m == 'a' %} page {% else %} status {% end %} AS x FROM visits "
        "WHERE x {% if m == 'a' %} = 'a' {% else %} + 1 > 2 {% end %}"
    ),
    "a number of days that is asked for": (
        "SELECT at + toIntervalDay({{ Int32(days) }}) > {{ DateTime(since) }} FROM visits"
    ),
    "texts that are asked for": (
        "SELECT hasAny([page], {{ Array(pages, 'String') }}), page IN {{ Array(pages) }}, "
        "multiSearchAny(page, {{ split_to_array(words, 'a,b') }}) FROM visits"
    ),
    "a function that nobody here knows": "SELECT tinyFun(1), page FROM visits",
    "a slow constant": "SELECT (SELECT count() FROM numbers(100000000000))",
    "the rows that did not fit": "SELECT count(), any(c__error) FROM visits_quarantine",
    "a circle, by a name in a comment": "-- as total\nSELECT 1",
    "a loop over what is asked for": (
        "SELECT {% for last, n in enumerate_with_last(split_to_array(names)) %} "
        "{{ column(n) }} {% if not last %} , {% end %}{% end %} FROM visits"
    ),
    "a trailing semicolon and a comment": "SELECT 1; -- that is all\n",
}


@pytest.mark.parametrize("what", RIGHT)
def test_what_a_value_may_put_right_is_left_to_whoever_asks(
    tinybird: Tinybird, key: str, what: str
) -> None:
    text = f"NODE first\nSQL >\n    %\n    {RIGHT[what]}\n\nTYPE endpoint\n"
    assert faults(tinybird, key, ODD, text) == []


def test_what_only_tinybird_may_have_is_a_warning_and_an_error_when_asked(
    project: Path, tmp_path: Path
) -> None:
    for name, called in (("newer", "frobnicate(1)"), ("known", "BLAKE3('a')")):
        pipe = project / "endpoints" / f"{name}.pipe"
        pipe.write_text(f"NODE n\nSQL >\n    SELECT 1,\n    {called}\n\nTYPE ENDPOINT\n")
    with Tinybird(project, tmp_path / "data") as running:
        said = running.log.read_text()
        for name in ("newer", "known"):
            assert f"{project}/endpoints/{name}.pipe:4: Function with name" in said
            answer = running.get(f"/v0/pipes/{name}.json")
            assert (answer.status_code, "UNKNOWN_FUNCTION" in answer.text) == (400, True)
        assert "is served but" not in said
        assert running.get("/v0/pipes/echo.json", text="x").status_code == 200


OUTWARD = {
    "a table of Tinybird's own that is not here": ("tinybird.datasources_storage", "tinybird"),
    "another workspace's": ("other_ws.clicks", "other_ws"),
    "an address": ("url('http://localhost:1/x', CSV, 'a String')", "something else than"),
    "another database's": ("postgresql('localhost:1', 'a', 'b', 'c', 'd')", "something else than"),
    "under another limit": ("numbers(3) SETTINGS max_block_size = 1", "or changes a limit"),
    "under a setting that is none": ("numbers(3) SETTINGS nope = 1", "'nope'"),
}


@pytest.mark.parametrize("what", OUTWARD)
def test_what_no_request_can_be_answered_with_is_a_warning_at_its_line(
    tinybird: Tinybird, key: str, what: str
) -> None:
    source, said = OUTWARD[what]
    text = (
        "NODE a\nSQL >\n    SELECT count() FROM tinybird.pipe_stats_rt\n\n"
        f"NODE b\nSQL >\n    SELECT 1 FROM a\n    CROSS JOIN {source}\n\nTYPE endpoint\n"
    )
    [(file, warning)] = doubts(tinybird, key, ODD, text)
    assert file == ODD
    assert warning.startswith("line 8: ")
    assert said in warning
    assert warning.endswith("here it cannot be asked for.")
    assert tinybird.get("/v0/pipes/odd.json", key).status_code == 400


@pytest.mark.parametrize("statement", ["INSERT INTO visits SELECT *", "DROP TABLE visits"])
def test_a_pipe_that_would_write_is_a_warning(tinybird: Tinybird, key: str, statement: str) -> None:
    text = f"NODE a\nSQL >\n    -- Why not?\n    {statement}\n\nTYPE endpoint\n"
    [(_, warning)] = doubts(tinybird, key, ODD, text)
    assert warning.startswith("line 3: It reads or writes something else")


@pytest.mark.parametrize(
    "into",
    [
        "INTO OUTFILE 'stolen.txt'",
        "into /* */ outfile 'stolen.txt' TRUNCATE",
        "/* /* */ */ INTO /* /* */ */ OUTFILE 'stolen.txt'",
        "INTO OUT{# #}FILE 'stolen.txt'",
        "{% if defined(x) %} INTO OUTFILE 'stolen.txt' {% end %}",
    ],
)
def test_no_pipe_writes_a_file_not_even_while_it_is_checked(
    tinybird: Tinybird, key: str, into: str
) -> None:
    text = f"NODE endpoint\nSQL >\n    %\n    SELECT 1 AS one {into}\n\nTYPE ENDPOINT\n"
    before = set(ROOT.glob("*.txt"))

    [(file, error)] = faults(tinybird, key, "endpoints/stolen.pipe", text)

    assert file == "endpoints/stolen.pipe"
    assert error.startswith("line 4: INTO OUTFILE is not allowed")
    assert set(ROOT.glob("*.txt")) == before
