"""Pipes over HTTP: formats, parameters, tokens, limits."""

import csv
import io
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.project import FILES, write_project

PAGES_OF_A = [
    {"page": "/about", "visits": 1, "seconds": 0.5},
    {"page": "/home", "visits": 2, "seconds": 3.75},
]


def test_json_has_meta_data_rows_and_statistics(tinybird: Tinybird) -> None:
    body = tinybird.get("/v0/pipes/pages.json", tenant="a").json()
    assert body["data"] == PAGES_OF_A
    assert body["meta"][0] == {"name": "page", "type": "LowCardinality(String)"}
    assert body["rows"] == 2
    assert body["rows_before_limit_at_least"] == 2
    assert set(body["statistics"]) == {"elapsed", "rows_read", "bytes_read"}
    assert body["statistics"]["rows_read"] > 0


@pytest.mark.parametrize("ending", ["csv", "csvwithnames"])
def test_csv_has_a_header(tinybird: Tinybird, ending: str) -> None:
    answer = tinybird.get(f"/v0/pipes/pages.{ending}", tenant="a")
    assert answer.headers["content-type"].startswith("text/csv")
    assert list(csv.reader(io.StringIO(answer.text)))[:2] == [
        ["page", "visits", "seconds"],
        ["/about", "1", "0.5"],
    ]


def test_ndjson_has_a_row_a_line(tinybird: Tinybird) -> None:
    answer = tinybird.get("/v0/pipes/pages.ndjson", tenant="a")
    assert [json.loads(line) for line in answer.text.splitlines()] == PAGES_OF_A


def test_parquet_is_parquet(tinybird: Tinybird) -> None:
    content = tinybird.get("/v0/pipes/pages.parquet", tenant="a").content
    assert (content[:4], content[-4:]) == (b"PAR1", b"PAR1")


@pytest.mark.parametrize("sent", [{"json": {"tenant": "a", "top": 1}}, {"data": "tenant=a&top=1"}])
def test_parameters_may_be_posted(tinybird: Tinybird, sent: dict[str, Any]) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if "data" in sent else {}
    if "data" in sent:
        sent = {"content": sent["data"]}
    answer = tinybird.post("/v0/pipes/pages.json", headers=headers, **sent)
    assert answer.json()["data"] == PAGES_OF_A[:1]


def test_a_pipe_reads_from_another_pipe(tinybird: Tinybird) -> None:
    assert tinybird.get("/v0/pipes/total.json", tenant="a").json()["data"] == [{"visits": 3}]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT sum(visits) AS n FROM _",
        "WITH x AS (SELECT visits FROM _) SELECT sum(visits) AS n FROM x -- done",
        "SELECT sum(visits) AS n FROM (SELECT * FROM _) FORMAT CSV",
        "SELECT sum(visits) AS n FROM _ WHERE visits IN (SELECT visits FROM _);",
        "(SELECT sum(visits) AS n FROM _) UNION DISTINCT (SELECT sum(visits) AS n FROM _)",
    ],
)
def test_sql_on_top_reads_the_pipes_rows(tinybird: Tinybird, query: str) -> None:
    assert tinybird.get("/v0/pipes/pages.json", tenant="a", q=query).json()["data"] == [{"n": 3}]


def test_the_pipes_rows_can_be_described(tinybird: Tinybird) -> None:
    answer = tinybird.get("/v0/pipes/pages.json", tenant="a", q="DESCRIBE _")
    assert [row["name"] for row in answer.json()["data"]] == ["page", "visits", "seconds"]


OUT_OF_THE_PIPE = [
    "SELECT * FROM visits",
    "SELECT * FROM pages",
    "SELECT 1 FROM _ WHERE '/secret' IN visits",
    "SELECT 1 FROM _ WHERE in('/secret', visits)",
    "SELECT (SELECT count() FROM visits) FROM _",
    "WITH visits AS (SELECT 1) SELECT * FROM visits",
    "SELECT * FROM (WITH visits AS (SELECT 1) SELECT * FROM visits), visits",
    "SELECT * FROM _ UNION ALL SELECT page, 1, 1 FROM visits",
    "SELECT * FROM _ JOIN visits USING page",
    "SELECT count() FROM visits_quarantine",
    "SELECT * FROM merge('.*', 'visits')",
    "SELECT * FROM view(SELECT * FROM visits)",
    "SELECT * FROM file('/etc/hostname', LineAsString)",
    "SELECT * FROM url('http://localhost', LineAsString)",
    "SELECT * FROM remote('localhost', system.one)",
    "SELECT file('/etc/hostname')",
    "SELECT * APPLY(file) FROM (SELECT '/etc/hostname')",
    "SELECT arrayMap(x -> file(x), ['/etc/hostname'])",
    "SELECT * FROM system.tables",
    "SELECT * FROM information_schema.tables",
    "SELECT joinGet('visits', 'page', 1)",
    "SELECT aiGenerate('x')",
]


@pytest.mark.parametrize("query", OUT_OF_THE_PIPE)
def test_sql_on_top_reads_nothing_else(tinybird: Tinybird, query: str) -> None:
    answer = tinybird.get("/v0/pipes/pages.json", tenant="a", q=query)
    assert answer.status_code == 403
    assert "/secret" not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1) UNION ALL (SELECT page FROM visits",
        "SELECT 1; SELECT 2",
        "DROP TABLE visits",
        "SELECT 1 INTO OUTFILE '/tmp/never'",
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 AS `a\n      TABLE EXPRESSION\n   IDENTIFIER id: 1, identifier: _` FROM _",
        "",
        "SELECT",
    ],
)
def test_sql_on_top_is_one_select(tinybird: Tinybird, query: str) -> None:
    answer = tinybird.get("/v0/pipes/pages.json", tenant="a", q=query or ";")
    assert answer.status_code == 400


REDEFINITIONS = [
    "WITH (x, y) -> 1 AS equals SELECT * FROM {source}",
    "WITH (x, y) -> 1 AS `equals`, (x, y) -> 1 AS `and` SELECT * FROM {source}",
    "WITH f AS equals, (x, y) -> 1 AS f SELECT * FROM {source}",
    "SELECT arrayMap(((x, y) -> 1) AS equals, [1], [1]), * FROM {source}",
    "SELECT * FROM {source} WHERE arrayExists(((x, y) -> 1) AS equals, [1], [1])",
    "SELECT * FROM (SELECT * FROM {source}) WHERE arrayExists(((x, y) -> 1) AS equals, [1], [1])",
    "WITH 'b' AS tenant SELECT * FROM {source}",
    "WITH 1 AS `tenant = 'a'` SELECT * FROM {source}",
]
"""What would make a pipe's own filter mean something else, if its names were looked up here."""


@pytest.mark.parametrize("query", REDEFINITIONS)
def test_sql_on_top_cannot_redefine_what_the_pipe_says(tinybird: Tinybird, query: str) -> None:
    token = tinybird.token(reads("pages", tenant="a"))
    on_top = tinybird.get("/v0/pipes/pages.json", token, q=query.format(source="_"))
    by_sql = tinybird.get("/v0/sql", token, q=query.format(source="pages") + " FORMAT JSON")

    for answer in (on_top, by_sql):
        assert answer.status_code in (200, 400)
        assert "/secret" not in answer.text


@pytest.mark.parametrize("query", REDEFINITIONS)
def test_sql_cannot_redefine_a_tokens_filter(tinybird: Tinybird, query: str) -> None:
    scope = {"type": "DATASOURCES:READ", "resource": "visits", "filter": "tenant = 'a'"}

    answer = tinybird.get(
        "/v0/sql", tinybird.token(scope), q=query.format(source="visits") + " FORMAT JSON"
    )

    assert answer.status_code in (200, 400)
    assert "/secret" not in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "WITH visits AS t SELECT ('/secret', 1) IN t",
        "WITH visits AS t, t AS u SELECT ('/secret', 1) IN u",
        "SELECT ('/secret', 1) IN t, visits AS t",
    ],
)
@pytest.mark.parametrize("path", ["/v0/pipes/pages.json", "/v0/sql"])
def test_an_alias_is_no_way_to_ask_whether_a_row_is_there(
    tinybird: Tinybird, path: str, query: str
) -> None:
    answer = tinybird.get(path, tinybird.token(reads("pages", tenant="a")), q=query)

    assert answer.status_code == 403


def test_fixed_parameters_win_over_url_and_body(tinybird: Tinybird) -> None:
    token = tinybird.token(reads("pages", tenant="a"))
    by_url = tinybird.get("/v0/pipes/pages.json", token, tenant="b")
    by_body = tinybird.post("/v0/pipes/pages.json", token, json={"tenant": "b"})
    assert by_url.json()["data"] == by_body.json()["data"] == PAGES_OF_A


def test_a_fixed_parameter_of_null_is_missing_and_never_the_urls(tinybird: Tinybird) -> None:
    token = tinybird.token(reads("pages", tenant=None))
    assert tinybird.get("/v0/pipes/pages.json", token, tenant="b").status_code == 400


def test_a_missing_parameter_is_named(tinybird: Tinybird) -> None:
    answer = tinybird.get("/v0/pipes/echo.json")
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(
        "Template Syntax Error: Required parameter is not defined. Check the parameters text"
    )
    assert answer.json()["documentation"]


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/v0/pipes/nope.json", 404, "The pipe 'nope' does not exist"),
        ("/v0/pipes/pages.xml", 404, "The pipe 'pages.xml' does not exist"),
        ("/v0/pipes/nope", 404, "Pipe 'nope' not found"),
        ("/nope", 404, "Not found"),
    ],
)
def test_what_is_not_there_is_said_so(
    tinybird: Tinybird, path: str, status: int, text: str
) -> None:
    answer = tinybird.get(path)
    assert (answer.status_code, answer.json()["error"]) == (status, text)


def test_a_token_for_another_pipe_is_refused(tinybird: Tinybird) -> None:
    answer = tinybird.get("/v0/pipes/total.json", tinybird.token(reads("pages")))
    assert answer.status_code == 403
    assert "'total'" in answer.json()["error"]


def test_an_expired_token_is_refused(tinybird: Tinybird) -> None:
    token = tinybird.token(reads("pages"), exp=int(time.time()) - 1)
    answer = tinybird.get("/v0/pipes/pages.json", token)
    assert (answer.status_code, "expired" in answer.json()["error"]) == (403, True)


def test_no_token_is_refused(tinybird: Tinybird) -> None:
    assert tinybird.http.get("/v0/pipes/pages.json").status_code == 403


def test_two_authorization_headers_are_refused(tinybird: Tinybird) -> None:
    header = ("Authorization", f"Bearer {tinybird.key}")
    answer = tinybird.http.get("/v0/pipes/pages.json?tenant=a", headers=[header, header])
    assert answer.status_code == 403


def test_a_token_in_the_address_works_and_is_logged_nowhere(tinybird: Tinybird) -> None:
    token = tinybird.token(reads("pages", tenant="a"))
    answer = tinybird.http.get("/v0/pipes/pages.json", params={"token": token})
    assert answer.json()["data"] == PAGES_OF_A
    log = tinybird.log.read_text()
    assert token not in log
    assert tinybird.key not in log


def test_requests_per_second_are_told_and_held_to(tinybird: Tinybird) -> None:
    token = tinybird.token(reads("echo"), name="hurried", limits={"rps": 2})
    answers = [tinybird.get("/v0/pipes/echo.json", token, text="x") for _ in range(7)]
    first, late = answers[0], [each for each in answers if each.status_code == 429]
    assert first.headers["X-RateLimit-Limit"] == "2"
    assert first.headers["X-RateLimit-Remaining"] == "1"
    assert late
    assert late[0].headers["Retry-After"] == late[0].headers["X-RateLimit-Reset"] == "1"


def test_a_query_that_takes_too_long_is_stopped(tinybird: Tinybird) -> None:
    answer = tinybird.get("/v0/pipes/slow.json")
    assert answer.status_code == 408
    assert "TIMEOUT_EXCEEDED" in answer.json()["error"]


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    """One whose queries may take a minute: on a busy machine, large ones do not end in a second."""
    folder = tmp_path_factory.mktemp("patient")
    project = write_project(folder / "project")
    with Tinybird(project, folder / "data", "--query-seconds", "60") as running:
        running.http.timeout = 60
        yield running


def test_an_answer_that_is_too_large_is_refused(patient: Tinybird) -> None:
    answer = patient.get("/v0/pipes/echo.ndjson", text="x", rows=1_000_001)
    assert answer.status_code == 413


LONG = "x" * 200


@pytest.mark.parametrize(
    ("path", "query", "limit"),
    [
        # A constant column, which ClickHouse holds once and writes in each row.
        ("/v0/pipes/echo.ndjson", {"text": LONG, "rows": 600_000}, "100000000"),
        (
            "/v0/sql",
            {"q": f"SELECT concat('{LONG}', toString(number)) FROM numbers(600000)"},
            "95.37 MiB",
        ),
    ],
)
def test_an_answer_of_too_many_bytes_is_refused(
    patient: Tinybird, path: str, query: dict[str, Any], limit: str
) -> None:
    answer = patient.get(path, **query)
    assert answer.status_code == 413
    assert f"Limit for result exceeded, max bytes: {limit}" in answer.json()["error"]
    assert patient.get("/v0/pipes/echo.ndjson", text="x").json() == {"text": "x", "number": 0}


FORM = "multipart/form-data; boundary=b"
PART = '--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\na\r\n'
FILE = '--b\r\nContent-Disposition: form-data; name="tenant"; filename="f"\r\n\r\na\r\n--b--\r\n'


@pytest.mark.parametrize("path", ["/v0/pipes/pages.json", "/v0/sql"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", "tenant=a"),
        (FORM, "tenant=a"),
        (FORM, FILE),
        (FORM, "".join(PART.format(name=f"n{n}") for n in range(1_001)) + "--b--\r\n"),
        ("application/x-www-form-urlencoded", "&".join(f"n{n}=a" for n in range(1_001))),
    ],
)
def test_a_form_that_cannot_be_read_is_refused_as_everything_else(
    tinybird: Tinybird, path: str, kind: str, body: str
) -> None:
    answer = tinybird.post(path, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "documentation"}
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("Multipart/Form-Data; boundary=b", PART.format(name="tenant") + "--b--\r\n"),
        ("APPLICATION/X-WWW-FORM-URLENCODED", "tenant=a"),
        ("application/x-www-form-urlencoded ; charset=UTF-8", "tenant=a"),
    ],
)
def test_the_kind_of_a_body_is_known_in_any_case(tinybird: Tinybird, kind: str, body: str) -> None:
    answer = tinybird.post("/v0/pipes/pages.json", content=body, headers={"Content-Type": kind})
    assert answer.json()["data"] == PAGES_OF_A


def test_what_a_route_does_not_take_is_named_with_what_it_does(tinybird: Tinybird) -> None:
    answer = tinybird.http.delete("/v0/sql")
    assert (answer.status_code, answer.json()["error"]) == (405, "Method not allowed")
    assert "GET" in answer.headers["allow"]


PAGE = "http://localhost:3000"


@pytest.mark.parametrize("origin", [PAGE, "http://127.0.0.1:8000", "http://app.localhost:3000"])
def test_pages_of_this_machine_may_read_and_see_the_rate(tinybird: Tinybird, origin: str) -> None:
    headers = {"Origin": origin, **tinybird.bearer(None)}
    answer = tinybird.http.get("/v0/pipes/pages.json?tenant=a", headers=headers)
    assert answer.headers["access-control-allow-origin"] == origin
    assert "X-RateLimit-Remaining" in answer.headers["access-control-expose-headers"]


def test_a_page_may_send_the_authorization_header(tinybird: Tinybird) -> None:
    asks = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
    }
    answer = tinybird.http.options("/v0/pipes/pages.json", headers=asks)
    assert answer.status_code == 200
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost.evil.example"])
def test_pages_from_elsewhere_may_not_read(tinybird: Tinybird, origin: str) -> None:
    headers = {"Origin": origin, **tinybird.bearer(None)}
    answer = tinybird.http.get("/v0/pipes/pages.json?tenant=a", headers=headers)
    assert "access-control-allow-origin" not in answer.headers


def test_a_name_from_elsewhere_is_refused(tinybird: Tinybird) -> None:
    answer = tinybird.http.get("/tokens", headers={"Host": "evil.example"})
    assert answer.status_code == 403


@pytest.mark.parametrize(("version", "status"), [("1.0", b"403"), ("1.1", b"200")])
def test_a_proxy_that_speaks_http_1_0_is_refused_as_it_may_hide_another_machine(
    tinybird: Tinybird, version: str, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", tinybird.port), 20) as client:
        client.sendall(f"GET /tokens HTTP/{version}\r\nHost: localhost\r\n\r\n".encode())
        assert client.makefile("rb").readline().split()[1] == status


@pytest.mark.parametrize("header", [{"Origin": PAGE}, {"Sec-Fetch-Site": "same-site"}])
def test_the_admin_tokens_are_not_for_pages(tinybird: Tinybird, header: dict[str, str]) -> None:
    answer = tinybird.http.get("/tokens", headers=header)
    assert (answer.status_code, tinybird.key in answer.text) == (403, False)


def test_it_listens_on_loopback_only(tinybird: Tinybird) -> None:
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.2:{tinybird.port}/tokens")


CHOOSING = """
NODE own
SQL >
    SELECT 'own' AS page

NODE endpoint
SQL >
    %
    SELECT page FROM {{ table(name) }} GROUP BY page ORDER BY page LIMIT 1

TYPE ENDPOINT
"""


def test_a_request_may_choose_a_table_of_the_project(tinybird: Tinybird) -> None:
    made = tinybird.post("/v1/workspaces", params={"name": "choosing"}).json()
    files = {**FILES, "endpoints/choosing.pipe": CHOOSING}
    assert tinybird.build(files, made["token"])["result"] == "success"
    row = {"at": "2030-01-01", "tenant": "t", "page": "/there", "status": 1, "seconds": 1}
    tinybird.post("/v0/events?name=visits&wait=true", made["token"], json=row)

    def chosen(name: str) -> Any:
        values = {"name": name, "tenant": "t"}
        answer = tinybird.get("/v0/pipes/choosing.json", made["token"], **values)
        return answer.json()["data"] if answer.is_success else answer.json()["error"]

    for name in ("visits", "pages"):
        assert chosen(name) == [{"page": "/there"}]
    assert chosen("own") == [{"page": "own"}]
    for name in ("choosing", "endpoint", "system.tables", "nope", "visits_quarantine"):
        assert f"Resource '{name}' not found" in chosen(name)
