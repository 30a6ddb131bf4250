"""FINAL, SAMPLE and PREWHERE over a data source that a token filters: right, and no way out."""

from collections.abc import Iterator

import httpx
import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.project import visit, write_project

ITEMS = """
SCHEMA >
    `id` UInt64,
    `tenant` String,
    `state` String,
    `version` UInt64

ENGINE "ReplacingMergeTree"
ENGINE_VER "version"
ENGINE_SORTING_KEY "id"
"""
FILTER = "tenant = 'a'"


@pytest.fixture(scope="module")
def own(tinybird: Tinybird, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    folder = tmp_path_factory.mktemp("modifiers")
    project = write_project(folder / "project")
    for name in ("items", "items__final"):
        (project / "datasources" / f"{name}.datasource").write_text(ITEMS)
    with tinybird.serving(project) as running:
        running.add(visit(), visit(page="/about"), visit(tenant="b", page="/secret"))
        for version in (1, 2):
            state = ["old", "new"][version - 1]
            running.add(
                {"id": 1, "tenant": "a", "state": f"{state} a", "version": version},
                {"id": 2, "tenant": "b", "state": f"{state} /secret", "version": version},
                # It goes from one tenant to the other.
                {"id": 3, "tenant": "ab"[version - 1], "state": state, "version": version},
                name="items",
            )
        running.add({"id": 9, "tenant": "b", "state": "/secret", "version": 1}, name="items__final")
        yield running


def asked(own: Tinybird, query: str, condition: str = FILTER) -> httpx.Response:
    scopes = [
        {"type": "DATASOURCES:READ", "resource": name, "filter": condition}
        for name in ("items", "visits")
    ]
    return own.get("/v0/sql", own.token(*scopes, reads("pages", tenant="a")), q=query)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT count() FROM items", "3"),
        # Of what has several versions, the newest counts, whosever it is.
        ("SELECT id, state FROM items FINAL", "1\tnew a"),
        ("SELECT i.state FROM items AS i FINAL", "new a"),
        ("SELECT items.state FROM items FINAL", "new a"),
        ("SELECT state FROM `items` FINAL WHERE id > 0 ORDER BY items.id LIMIT 3", "new a"),
        ("SELECT state FROM (SELECT * FROM items FINAL) AS x", "new a"),
        ("WITH x AS (SELECT * FROM items AS y FINAL) SELECT state FROM x", "new a"),
        (
            "SELECT a.state, b.state FROM items AS a FINAL JOIN items AS b ON a.id = b.id "
            "ORDER BY ALL",
            "new a\tnew a\nnew a\told a",
        ),
        ("SELECT b.state FROM visits AS v JOIN items AS b FINAL ON 1 = 1 LIMIT 1", "new a"),
        ("SELECT state FROM items FINAL, visits LIMIT 1", "new a"),
        ("SELECT 3 IN (SELECT id FROM items FINAL)", "0"),
        ("SELECT (SELECT count() FROM items FINAL), (SELECT count() FROM items)", "1\t3"),
        ("SELECT ' FROM items FINAL', state FROM items FINAL", " FROM items FINAL\tnew a"),
        ("SELECT state FROM items FINAL UNION ALL SELECT page FROM visits LIMIT 1", None),
        ("SELECT page FROM visits PREWHERE page = '/about'", "/about"),
        ("SELECT page FROM visits PREWHERE page = '/about' WHERE status = 200", "/about"),
        ("SELECT page FROM visits PREWHERE page = '/about' OR 0 WHERE 0 OR status = 1", ""),
        ("SELECT page FROM visits AS v PREWHERE (v.page = '/about') ORDER BY page", "/about"),
        ("SELECT count() FROM (SELECT * FROM visits PREWHERE page = '/home') AS x", "1"),
        (
            "SELECT page FROM visits PREWHERE page IN (SELECT '/home' WHERE 1) GROUP BY page",
            "/home",
        ),
        ("SELECT page, 'PREWHERE x' FROM visits PREWHERE page != ' WHERE ' LIMIT 0", ""),
    ],
)
def test_they_are_answered_over_the_tokens_own_rows(
    own: Tinybird, query: str, rows: str | None
) -> None:
    answer = asked(own, query)
    assert answer.status_code == 200, answer.text
    assert "/secret" not in answer.text
    if rows is not None:
        assert answer.text.strip() == rows.strip()


def test_each_condition_stays_whole_when_two_become_one(own: Tinybird) -> None:
    query = "SELECT page FROM visits PREWHERE page = '/about' OR page = '/home' WHERE 1 OR 0"
    assert sorted(asked(own, query).text.split()) == ["/about", "/home"]


HOSTILE = r"""
SELECT page FROM visits PREWHERE throwIf(page = '/secret', 'It is there') = 0
SELECT page FROM visits PREWHERE throwIf(page = '/secret', 'It is there') = 0 WHERE 1
SELECT state FROM items FINAL WHERE throwIf(state = 'new /secret', 'It is there') = 0
SELECT 1 FROM items FINAL HAVING throwIf(count() > 1, 'It is there') = 0
SELECT page FROM visits PREWHERE 1 OR 1
SELECT page FROM visits PREWHERE 1) OR (1
SELECT page FROM visits PREWHERE page = '\' OR 1' OR 1 WHERE 1 OR tenant = 'b'
SELECT state FROM items FINAL WHERE 1 OR tenant = 'b'
SELECT state FROM items AS tenant FINAL
WITH 'b' AS tenant SELECT state FROM items FINAL
WITH 'b' AS tenant SELECT page FROM visits PREWHERE tenant = 'b'
WITH (x, y) -> 1 AS equals SELECT state FROM items FINAL
WITH items AS (SELECT 1 AS state) SELECT state FROM items FINAL
SELECT state FROM (WITH items AS (SELECT 1 AS state) SELECT state FROM items FINAL)
WITH items__final AS (SELECT '/x' AS state) SELECT state FROM items FINAL
SELECT state FROM items__final
SELECT state FROM items__final FINAL
SELECT state FROM items__final_
SELECT state FROM items__final_, items FINAL
SELECT state FROM items AS items__final FINAL
SELECT state FROM {db}.items FINAL
SELECT state FROM {db}.items AS i FINAL
SELECT state FROM `{db}`.`items` FINAL
SELECT {db}.items.state FROM items FINAL
SELECT state FROM items FINAL JOIN {db}.items AS o ON 1 = 1
SELECT page FROM {db}.visits PREWHERE 1
SELECT page FROM visits PREWHERE page IN (SELECT page FROM {db}.visits)
SELECT state FROM merge('{db}', 'items') FINAL
SELECT state FROM items FINAL SETTINGS final = 1, readonly = 0
SELECT state FROM items FINAL WHERE '/secret' IN (SELECT state FROM items__final)
SELECT state FROM items FINAL SAMPLE 1
SELECT state FROM items SAMPLE 1
SELECT state FROM items AS i SAMPLE 1 OFFSET 0
SELECT state FROM items FINAL PREWHERE throwIf(state = 'new /secret') = 0
SELECT state FROM items FINAL AS x
SELECT state FROM items FINAL FINAL
SELECT `x FROM items FINAL`, state FROM items FINAL
SELECT state AS `FINAL` FROM items AS `FINAL` FINAL
SELECT state FROM visits_quarantine FINAL
SELECT page FROM pages FINAL
SELECT page FROM pages PREWHERE throwIf(page = '/secret', 'It is there') = 0
""".strip().splitlines()


@pytest.mark.parametrize("query", HOSTILE)
def test_none_is_a_way_to_another_tenants_rows(own: Tinybird, query: str) -> None:
    database = f"w_{own.workspace_id.replace('-', '')}"
    answer = asked(own, query.format(db=database))
    assert answer.status_code in (200, 400, 403)
    assert "secret" not in answer.text.replace("'/secret'", "")
    assert "It is there" not in answer.text
    assert "\t".join(["3", "new"]) not in answer.text
    if answer.status_code == 200:
        assert set(answer.text.split()) <= {"new", "old", "a", "/home", "/about", "1", "/x"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT state FROM items SAMPLE 0.1", "SAMPLE cannot be used over 'items'"),
        ("SELECT state FROM items FINAL SAMPLE 0.1", "SAMPLE cannot be used over 'items'"),
        ("SELECT state FROM items FINAL PREWHERE id = 1", "PREWHERE with FINAL cannot be used"),
        ("SELECT page FROM visits FINAL", "doesn't support FINAL"),
    ],
)
def test_what_cannot_be_done_safely_is_refused_by_name(
    own: Tinybird, query: str, said: str
) -> None:
    answer = asked(own, query)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
