"""An error tells callers of their own words: of no filter, parameter, database, file or row."""

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.project import visit, write_project

SECRET_PIPE = """
NODE inner
SQL >
    SELECT sum(toInt32(replaceOne(page, '/home', '1'))) AS amount, any(tenant) AS tenant,
        any(status) AS status
    FROM visits WHERE page != '/quagga' GROUP BY page

NODE endpoint
SQL >
    %
    SELECT amount FROM inner
    WHERE inner.tenant = {{ String(tenant) }} AND inner.status >= {{ UInt16(status, 0) }}

TYPE ENDPOINT
"""
THROWING_PIPE = """
NODE endpoint
SQL >
    %
    SELECT throwIf({{ String(tenant) }} != '', 'Choose another day')

TYPE ENDPOINT
"""
FILTER = "tenant = 'org_walrus' AND 'zebra' != page"
SECRETS = ("zebra", "walrus", "quagga", "four-hundred-and-two", "/secret", "view(", "inner")
FAILING = r"""
SELECT nope FROM {s}
SELECT v.nope FROM {s} AS v
SELECT toInt32(page) FROM {s}
SELECT page + 1 FROM {s}
SELECT nofun(page) FROM {s}
SELECT page, count() FROM {s}
SELECT throwIf(1) FROM {s}
SELECT throwIf(page != 'x', 'mine') FROM {s}
SELECT * FROM {s} WHERE page
SELECT _part FROM {s}
SELECT sum(page) FROM {s}
WITH {s} AS (SELECT 1) SELECT * FROM {s}
SELECT page::Int32 FROM {s}
SELECT * FROM {s} AS a JOIN {s} AS b ON a.page = b.nope
SELECT page[1] FROM {s}
SELECT * FROM {s} AS a JOIN {s} AS b USING (nope)
SELECT intDiv(1, 0) FROM {s}
SELECT page FROM {s} UNION ALL SELECT 1, 2
SELECT * FROM {s} ORDER BY nope
SELECT * FROM {s} GROUP BY page
SELECT CAST(page, 'Enum8(\'x\' = 1)') FROM {s}
SELECT toDateTime(page) FROM {s}
SELECT arrayJoin(page) FROM {s}
SELECT COLUMNS('zzz') FROM {s}
SELECT * FROM {s} LIMIT page
SELECT (
SELECT * FROM {s} SETTINGS max_threads = 3
SELECT x.y.z FROM {s}
SELECT sum(number) FROM numbers(100000), {s}
SELECT repeat('x', 1e11::UInt64) FROM {s}
SELECT {s}.{s}.page FROM {s}
SELECT max(max(page)) FROM {s}
SELECT page AS a, 1 AS a
SELECT count() OVER (ORDER BY nope) FROM {s}
SELECT * FROM {s} ARRAY JOIN page
SELECT JSONExtract(page, 'Nope') FROM {s}
SELECT formatRow('Nope', page) FROM {s}
SELECT toFixedString(page, 1) FROM {s}
SELECT match(page, '(') FROM {s}
SELECT page FROM {s} WHERE page LIKE 1
SELECT tupleElement(page, 1) FROM {s}
SELECT page.size0 FROM {s}
SELECT toDate('x'), page FROM {s}
SELECT toUUID(page) FROM {s}
DESCRIBE (SELECT nope FROM {s})
SELECT identity(*) FROM {s}
SELECT toIPv4(page) FROM {s}
SELECT page FROM {s} ORDER BY page WITH FILL
SELECT 1 FROM {s} LIMIT 1 BY nope
SELECT decrypt('aes-128-ecb', page, 'k') FROM {s}
SELECT page > 4 FROM {s}
SELECT lag(page) OVER w FROM {s}
SELECT getSetting('nope') FROM {s}
SELECT 1 FROM {s} AS a ASOF JOIN {s} AS b ON a.page = b.page
SELECT range(1e11) FROM {s}
SELECT 1 FROM {s} WHERE page IN nope3
SELECT toDecimal32(page, 1) FROM {s}
SELECT dateDiff('nope', now(), now()), page FROM {s}
SELECT getSubcolumn(page, 'x') FROM {s}
SELECT page FROM {s} GROUP BY page WITH ROLLUP WITH CUBE
SELECT count() FROM numbers(1000000000000) AS n, {s} WHERE sipHash64(n.number) = 1
SELECT groupArray(n.number) FROM numbers(1000000000) AS n, {s} AS s
SELECT * FROM numbers(2000000) AS n CROSS JOIN {s} AS s
""".strip().splitlines()
"""SQL that ClickHouse refuses, most of it while it analyses it, some of it while it runs."""


@pytest.fixture(scope="module")
def own(tinybird: Tinybird, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    folder = tmp_path_factory.mktemp("errors")
    project = write_project(folder / "project")
    (project / "endpoints" / "amounts.pipe").write_text(SECRET_PIPE)
    (project / "endpoints" / "throwing.pipe").write_text(THROWING_PIPE)
    with tinybird.serving(project) as running:
        running.add(
            visit(tenant="org_walrus", note="1"),
            visit(tenant="b", page="/secret", note="four-hundred-and-two"),
        )
        yield running


def by_filter(tinybird: Tinybird, condition: str = FILTER) -> str:
    return tinybird.token({"type": "DATASOURCES:READ", "resource": "visits", "filter": condition})


def told(own: Tinybird, answer: httpx.Response) -> str:
    """Return an error once it is known to tell nothing that is hidden."""
    assert answer.status_code in (400, 408, 413), answer.text
    error: str = json.loads(answer.text)["error"]
    database = f"w_{own.workspace_id.replace('-', '')}"
    hidden = (*SECRETS, database, str(own.data), "/chdb/", "__table", "n scope", "n query ")
    assert [secret for secret in hidden if secret in error] == [], error
    return error


@pytest.mark.parametrize("query", FAILING)
def test_an_error_of_a_callers_sql_tells_nothing_that_was_added_to_it(
    own: Tinybird, query: str
) -> None:
    pages = own.token(reads("pages", tenant="org_walrus"))
    answers = [
        own.get("/v0/sql", by_filter(own), q=query.format(s="visits")),
        own.get("/v0/sql", pages, q=query.format(s="pages")),
        own.get("/v0/pipes/pages.json", pages, q=query.format(s="_")),
    ]
    for answer in answers:
        assert told(own, answer).endswith(")")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (
            "SELECT nope FROM visits",
            "[Error] Unknown expression identifier `nope`. Maybe you meant: ['note'] "
            "(UNKNOWN_IDENTIFIER)",
        ),
        (
            "SELECT page, count() FROM visits",
            "[Error] Column 'page' is not under aggregate function and not in GROUP BY keys "
            "(NOT_AN_AGGREGATE)",
        ),
        (
            "SELECT page + 1 FROM visits",
            "[Error] Illegal types String and UInt8 of arguments of function plus "
            "(ILLEGAL_TYPE_OF_ARGUMENT)",
        ),
        (
            "SELECT toInt32(page) FROM visits",
            "[Error] toInt32 cannot take one of the values that it is given; "
            "the admin token is told which. (CANNOT_PARSE_TEXT)",
        ),
        (
            "SELECT throwIf(1, 'mine') FROM visits",
            "[Error] mine (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO)",
        ),
    ],
)
def test_an_error_still_says_what_is_wrong(own: Tinybird, query: str, text: str) -> None:
    assert told(own, own.get("/v0/sql", by_filter(own), q=query)) == text


def test_the_admin_is_told_the_value(own: Tinybird) -> None:
    answer = own.get("/v0/sql", q="SELECT toInt32(page) FROM visits WHERE tenant = 'org_walrus'")
    assert "Cannot parse string '/home' as Int32" in answer.json()["error"]


@pytest.mark.parametrize(
    "condition",
    [
        "toInt32(page) = 1",
        "zebra = 'walrus'",
        "zebra(page)",
        "page = 'zebra",
        "max(page) = 'zebra'",
    ],
)
def test_a_filter_that_fails_is_not_told_to_who_is_held_to_it(
    own: Tinybird, condition: str
) -> None:
    told(own, own.get("/v0/sql", by_filter(own, condition), q="SELECT page FROM visits"))


@pytest.mark.parametrize("query", [None, "SELECT * FROM _", "SELECT nope FROM _"])
def test_a_pipe_that_fails_tells_neither_its_sql_nor_a_row(
    own: Tinybird, query: str | None
) -> None:
    token = own.token(reads("amounts", tenant="org_walrus"))
    asked = {} if query is None else {"q": query}
    told(own, own.get("/v0/pipes/amounts.json", token, **asked))
    told(own, own.get("/v0/sql", token, q=(query or "SELECT * FROM _").replace("_", "amounts")))


def test_what_a_pipes_author_throws_is_for_the_caller(own: Tinybird) -> None:
    answer = own.get("/v0/pipes/throwing.json", own.token(reads("throwing", tenant="org_walrus")))
    assert "Choose another day" in told(own, answer)
