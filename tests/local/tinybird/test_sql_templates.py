"""``/v0/sql`` with a template of the caller's own, and over a pipeline; neither opens anything."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.test_forged_names import FORGED
from tests.local.tinybird.test_pipes import REDEFINITIONS

OWN_VISITS = {"type": "DATASOURCES:READ", "resource": "visits", "filter": "tenant = 'a'"}


@pytest.mark.parametrize(
    ("query", "params", "answer"),
    [
        ("% SELECT {{ Int32(x, 4) }}", {}, "4"),
        (" %\nSELECT {{ Int32(x, 4) }}", {"x": "7"}, "7"),
        ("% SELECT {{ String(x) }}", {"x": "' OR 1 --"}, "\\' OR 1 --"),
        ("% SELECT count() FROM {{ table(t) }} WHERE tenant = 'b'", {"t": "visits"}, "1"),
        ("% SELECT sum(visits) FROM pages {% if x %} WHERE 0 {% end %}", {"tenant": "b"}, "1"),
        ("SELECT sum(visits) FROM _", {"pipeline": "pages", "tenant": "b"}, "1"),
        ("% SELECT sum(visits) + {{ Int8(x) }} FROM _", {"pipeline": "pages", "x": 1}, "4"),
    ],
)
def test_a_callers_template_is_rendered_with_the_requests_values(
    tinybird: Tinybird, query: str, params: dict[str, Any], answer: str
) -> None:
    params = {"tenant": "a", **params}
    assert tinybird.get("/v0/sql", q=query, **params).text.strip() == answer
    posted = tinybird.post("/v0/sql", json={"q": query, **params})
    assert posted.text.strip() == answer


def test_a_pipeline_is_known_by_its_id_too_and_gives_any_format(tinybird: Tinybird) -> None:
    pipe_id = tinybird.get("/v0/pipes/pages").json()["id"]
    assert tinybird.get(f"/v0/pipes/{pipe_id}").json()["name"] == "pages"
    assert tinybird.get("/v0/pipes/t_nope").json()["error"] == "Pipe 't_nope' not found"
    query = "SELECT page FROM _ WHERE page = '/home' FORMAT JSON"
    answer = tinybird.get("/v0/sql", q=query, pipeline=pipe_id, tenant="a")
    assert answer.json()["data"] == [{"page": "/home"}]


def test_what_the_token_fixes_wins_in_a_pipeline_too(tinybird: Tinybird) -> None:
    token = tinybird.token(reads("pages", tenant="a"))
    query = "SELECT page FROM _ UNION ALL SELECT page FROM pages"
    answer = tinybird.get("/v0/sql", token, q=query, pipeline="pages", tenant="b")
    assert set(answer.text.split()) == {"/home", "/about"}


@pytest.mark.parametrize("pipeline", ["echo", "nope", "visits"])
def test_a_pipeline_must_be_a_pipe_that_the_token_reads(tinybird: Tinybird, pipeline: str) -> None:
    token = tinybird.token(reads("pages", tenant="a"))
    answer = tinybird.get("/v0/sql", token, q="SELECT 1", pipeline=pipeline)
    assert answer.status_code == 403


def test_without_a_pipeline_nothing_is_called_so(tinybird: Tinybird) -> None:
    answer = tinybird.get("/v0/sql", tinybird.token(reads("pages")), q="SELECT * FROM _")
    assert (answer.status_code, answer.json()["error"]) == (403, "Resource '_' not found")


HOSTILE = [
    "% SELECT page FROM {{ table(t) }}",
    "% SELECT page FROM {{ symbol(t) }}",
    "% SELECT {{ column(c) }} FROM nested",
    "% SELECT * FROM visits{{ '' }}_quarantine",
    "% SELECT page FROM visits {# #} WHERE tenant = {{ String(tenant, 'b') }}",
    "% SELECT {{ tb_secret('admin') }}",
    "% {% import os %} SELECT 1",
    "% {% include 'visits' %} SELECT 1",
    "% {% raw __import__('os') %} SELECT 1",
    "% SELECT {{ tenant.__class__ }}",
    "% SELECT {{ open('/etc/passwd') }}",
    "% SELECT 1 INTO {{ '' }} OUTFILE 'stolen.txt'",
    "% {% set x = 'merge' %}SELECT page FROM mer{# #}ge('', 'visits')",
    "%% SELECT page FROM system.tables",
    *(f"% {query}" for query in FORGED),
    *(f"% {query.format(source='_')}" for query in REDEFINITIONS),
]


@pytest.mark.parametrize("query", HOSTILE)
@pytest.mark.parametrize("pipeline", ["", "pages"])
def test_a_callers_template_reads_no_more_than_its_sql_could(
    tinybird: Tinybird, query: str, pipeline: str
) -> None:
    token = tinybird.token(reads("pages", tenant="a"))
    more = {"t": "visits", "c": "who", "tenant": "b"}
    answer = tinybird.get("/v0/sql", token, q=query, pipeline=pipeline, **more)
    assert answer.status_code in (200, 400, 403)
    assert "/secret" not in answer.text
    assert "root:" not in answer.text


def test_a_tables_name_is_no_way_around_its_filter(tinybird: Tinybird) -> None:
    token = tinybird.token(OWN_VISITS)
    query = "% SELECT DISTINCT page FROM {{ table(t) }} ORDER BY page"
    assert tinybird.get("/v0/sql", token, q=query, t="visits").text.split() == ["/about", "/home"]
    for name in ("nested", "pages", "visits_quarantine"):
        answer = tinybird.get("/v0/sql", token, q=query, t=name)
        assert f"Resource '{name}' not found" in answer.json()["error"]


DEEP = "{% for x in [1, 2, 3, 4, 5] %}"


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("SELECT " + "{{ 1 }}, " * 1000, "longer than 4000 characters"),
        (DEEP * 60 + " " + "{% end %}" * 60, "nested too deeply"),
        (DEEP * 20 + "{{ x }}" + "{% end %}" * 20, "the template was stopped"),
        ("{% while True %} {% end %}", "the template was stopped"),
    ],
)
def test_a_callers_template_cannot_run_away(tinybird: Tinybird, template: str, said: str) -> None:
    began = time.monotonic()
    answer = tinybird.post("/v0/sql", json={"q": f"% {template}"})
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert time.monotonic() - began < 5


JOINED = """
SELECT n FROM (SELECT 1000 - number AS n FROM numbers(1000)) AS few
LEFT JOIN (SELECT number % 1500 AS n FROM numbers(200000)) AS many USING n
"""
EVENTS = """
SCHEMA >
    `id` UInt8 `json:$.id`,
    `event` JSON `json:$.event`

ENGINE_SORTING_KEY id
"""
BY_PATH = """
NODE n
SQL >
    SELECT event.kind AS kind, count() AS count FROM events GROUP BY event.kind ORDER BY kind

TYPE endpoint
"""


def test_a_left_join_keeps_the_order_of_its_left_side(tinybird: Tinybird) -> None:
    found = [int(line) for line in tinybird.sql(JOINED).split()]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == 1000


def test_a_path_of_a_json_column_can_be_grouped_and_ordered_by(
    tinybird: Tinybird, tmp_path: Path
) -> None:
    (tmp_path / "events.datasource").write_text(EVENTS)
    (tmp_path / "by_path.pipe").write_text(BY_PATH)
    with tinybird.serving(tmp_path) as own:
        own.add(*({"id": 1, "event": {"kind": kind}} for kind in "bab"), name="events")
        assert own.get("/v0/pipes/by_path.ndjson").text.split() == [
            '{"kind":"a","count":1}',
            '{"kind":"b","count":2}',
        ]
        query = "SELECT event.kind, count() FROM events GROUP BY event.kind ORDER BY event.kind"
        token = own.token({"type": "DATASOURCES:READ", "resource": "events", "filter": "id = 1"})
        assert own.get("/v0/sql", token, q=query).text.split() == ["a", "1", "b", "2"]
