"""Rows of files: CSV, NDJSON and Parquet, appended, or in the place of what is there."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.project import FILES, visit, write_project

SHAPES = """
SCHEMA >
    `id` UInt8 `json:$.Id`,
    `who` String `json:$.user.name`,
    `tags` Array(String) `json:$.tags[:]`,
    `note` Nullable(String) `json:$.note`

ENGINE_SORTING_KEY id
"""
WITHIN = "SCHEMA >\n    `id` UInt8,\n    `prices` Array(Int8) `json:$.items[:].price`\n"
PARQUET = """
import sys
import pyarrow as pa
import pyarrow.parquet as pq
at = pa.array([1893456000250], pa.timestamp("ms", "UTC"))
columns = {"at": at, "tenant": ["p"], "page": ["/p"], "status": [200], "seconds": [1.5]}
count = int(sys.argv[2])
table = pa.table({name: pa.repeat(values[0], count) for name, values in columns.items()})
pq.write_table(table, sys.argv[1])
"""


@pytest.fixture
def own(tinybird: Tinybird, tmp_path: Path) -> Iterator[Tinybird]:
    project = write_project(tmp_path / "project")
    (project / "datasources" / "shapes.datasource").write_text(SHAPES)
    (project / "datasources" / "within.datasource").write_text(WITHIN)
    with tinybird.serving(project) as running:
        yield running


def send(own: Tinybird, content: str | bytes, token: str | None = None, **params: Any) -> Any:
    return own.post("/v0/datasources", token, params=params, content=content)


def pages(own: Tinybird) -> list[str]:
    return own.sql("SELECT page FROM visits ORDER BY page").split()


def ndjson(*names: str) -> str:
    return "\n".join(json.dumps(visit(page=name)) for name in names)


CSV = "at,tenant,page,status,seconds,note\n2030-01-01,f,/{},1,2,\n"


def test_a_file_is_a_csv_unless_it_says_otherwise(own: Tinybird) -> None:
    answer = send(own, CSV.format("csv"), name="visits", mode="append")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["quarantine_rows"], told["invalid_lines"], "error" in told) == (0, 0, False)
    assert told["datasource"]["name"] == "visits"
    assert pages(own) == ["/csv"]


def test_a_csvs_values_go_where_the_json_paths_lead(own: Tinybird) -> None:
    text = "1,ann,\"['x','y']\",\n2,bob,[],hello\n"
    assert send(own, text, name="shapes").json()["quarantine_rows"] == 0
    rows = own.sql("SELECT * FROM shapes ORDER BY id FORMAT JSONEachRow").splitlines()
    assert [json.loads(row) for row in rows] == [
        {"id": 1, "who": "ann", "tags": ["x", "y"], "note": None},
        {"id": 2, "who": "bob", "tags": [], "note": "hello"},
    ]
    assert send(own, "1,[1]\n", name="within").json()["quarantine_rows"] == 0
    assert own.sql("SELECT prices FROM within") == "[1]"


def test_lines_with_too_few_or_too_many_values_are_told_and_kept(own: Tinybird) -> None:
    text = f"{CSV.format('good')}2030-01-01,f\n2030-01-01,f,/more,1,2,,3,4\n"
    told = send(own, text, name="visits").json()
    assert (told["quarantine_rows"], told["invalid_lines"]) == (2, 2)
    assert told["error"] == (
        "There was an error with file contents: 2 rows in quarantine and 2 invalid lines."
    )
    assert pages(own) == ["/good"]
    assert own.sql("SELECT count() FROM visits_quarantine") == "2"


def test_a_parquet_file_is_appended(own: Tinybird, tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    subprocess.run([sys.executable, "-c", PARQUET, str(file), "1"], check=True)
    told = send(own, file.read_bytes(), name="visits", format="parquet").json()
    assert (told["successful_rows"], told["quarantine_rows"]) == (1, 0)
    assert own.sql("SELECT at, page FROM visits") == "2030-01-01 00:00:00.250\t/p"
    refused = send(own, b"PAR1 no more", name="visits", format="parquet")
    assert (refused.status_code, "no Parquet" in refused.json()["error"]) == (400, True)


def test_a_small_parquet_file_of_very_many_rows_is_refused(own: Tinybird, tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    subprocess.run([sys.executable, "-c", PARQUET, str(file), "1000001"], check=True)
    assert file.stat().st_size < 100_000
    refused = send(own, file.read_bytes(), name="visits", format="parquet")
    assert (refused.status_code, "too large" in refused.json()["error"]) == (400, True)


@pytest.mark.parametrize("where", ["/v0/datasources", "/v1/datasources/visits/replace"])
def test_a_file_replaces_what_is_there(own: Tinybird, where: str) -> None:
    own.add(visit(page="/old"), visit(page="/older"))
    params = {"name": "visits", "mode": "replace", "format": "ndjson"}
    told = own.post(where, params=params, content=ndjson("/new", "/newer")).json()
    assert (told["status"], told["successful_rows"]) == ("done", 2)
    assert pages(own) == ["/new", "/newer"]
    own.add(visit(page="/later"))
    assert pages(own) == ["/later", "/new", "/newer"]
    send(own, "", name="visits", mode="replace")
    assert pages(own) == []


def test_rows_that_do_not_fit_are_kept_apart_when_a_file_replaces(own: Tinybird) -> None:
    own.add(visit(page="/old"))
    bad = json.dumps(visit(status=-1))
    told = send(own, f"{ndjson('/new')}\n{bad}", name="visits", mode="replace", format="ndjson")
    assert "1 row in quarantine." in told.json()["error"]
    assert pages(own) == ["/new"]
    # Of a file that has no row at all, but bad ones, nobody can mean that all are to go.
    told = send(own, bad, name="visits", mode="replace", format="ndjson")
    assert "1 row in quarantine." in told.json()["error"]
    assert pages(own) == ["/new"]


def test_whoever_reads_while_a_file_replaces_has_the_old_rows_or_the_new(own: Tinybird) -> None:
    seen, done = set(), threading.Event()
    own.add(*(visit() for _ in range(10)))

    def read() -> None:
        with httpx.Client(base_url=own.http.base_url, headers=own.bearer(None)) as http:
            while not done.is_set():
                seen.add(http.get("/v0/sql?q=SELECT count() FROM visits").text.strip())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(10):
        count = 20 if number % 2 else 10
        send(own, ndjson(*["/x"] * count), name="visits", mode="replace", format="ndjson")
    done.set()
    reader.join()
    assert seen <= {"10", "20"}


@pytest.mark.parametrize(
    ("params", "status", "said"),
    [
        ({"name": "visits", "url": "http://localhost:1/x.csv"}, 400, "url cannot be read"),
        ({"name": "visits", "url": "http://[::1/x.csv"}, 400, "'url' is not supported"),
        ({"name": "visits", "url": "https://localhost:1/x.csv"}, 400, "'url' is not supported"),
        ({"name": "visits", "url": "http://192.0.2.1/x.csv"}, 400, "'url' is not supported"),
        ({"name": "visits", "url": "http://localhost@192.0.2.1/"}, 400, "'url' is not supported"),
        ({"name": "visits", "url": ""}, 400, "'url' is not supported"),
        ({"name": "visits", "mode": "upsert"}, 400, "The mode 'upsert' is not supported"),
        ({"name": "visits", "replace_condition": "1"}, 400, "'replace_condition' is not"),
        ({"name": "visits", "format": "orc"}, 400, "format 'orc'"),
        ({"name": "visits", "mode": "create"}, 403, "only be done via deployments"),
        ({"name": "nope", "mode": "append"}, 403, "only be done via deployments"),
        ({"mode": "append"}, 403, "only be done via deployments"),
    ],
)
def test_what_is_not_done_is_refused_by_name(
    own: Tinybird, params: dict[str, str], status: int, said: str
) -> None:
    answer = send(own, CSV.format("x"), **params)
    assert (answer.status_code, said in answer.json()["error"]) == (status, True)
    assert pages(own) == []
    assert own.sql("SELECT count() FROM visits_quarantine") == "0"


def test_an_address_is_not_taken_for_a_row(own: Tinybird) -> None:
    for sent in ({"data": {"url": "file:///etc/passwd"}}, {"files": {"url": (None, "file:///x")}}):
        answer = own.post("/v0/datasources?name=visits&mode=append", **sent)
        assert (answer.status_code, "'url' is not" in answer.json()["error"]) == (400, True)
    assert own.sql("SELECT count() FROM visits_quarantine") == "0"


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of another server of this machine."""

    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = int(self.path.strip("/").partition("/")[0])
            self.send_response(status)
            self.send_header("Location", "/200")
            self.end_headers()
            rows = CSV.format(self.headers["Host"].partition(":")[0])
            self.wfile.write((rows * (1 if "large" not in self.path else 400_000)).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"localhost:{server.server_port}"
        server.shutdown()


def test_rows_come_from_an_address_on_this_machine(own: Tinybird, elsewhere: str) -> None:
    port = elsewhere.partition(":")[2]
    for sent in (
        {"params": {"name": "visits", "url": f"http://{elsewhere}/200"}},
        {"params": {"name": "visits"}, "data": {"url": f"http://127.0.0.1:{port}/200"}},
        {"params": {"name": "visits"}, "files": {"url": (None, f"http://a.localhost:{port}/200")}},
    ):
        answer = own.post("/v0/datasources", **sent).json()
        assert (answer["status"], answer["successful_rows"]) == ("done", 1)
    assert pages(own) == ["/127.0.0.1", "/a.localhost", "/localhost"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("302", 400, "The url answers 302"),
        ("404", 400, "The url answers 404"),
        ("200/large", 413, "larger than"),
    ],
)
def test_an_address_that_leads_on_or_gives_too_much_is_refused(
    own: Tinybird, elsewhere: str, path: str, status: int, said: str
) -> None:
    answer = send(own, "", name="visits", url=f"http://{elsewhere}/{path}")
    assert (answer.status_code, said in answer.json()["error"]) == (status, True)
    assert pages(own) == []


def test_a_csv_may_begin_with_a_mark_of_its_byte_order(own: Tinybird) -> None:
    text = "\ufeffpage,at,tenant,status,seconds,note\n/x,2030-01-01,f,1,2,\n"
    assert send(own, text, name="visits").json()["successful_rows"] == 1
    assert pages(own) == ["/x"]


def test_a_token_that_appends_has_no_address_read(own: Tinybird, elsewhere: str) -> None:
    token = own.token({"type": "DATASOURCES:APPEND", "resource": "visits"})
    answer = send(own, "", token, name="visits", url=f"http://{elsewhere}/200")
    assert answer.status_code == 403
    assert pages(own) == []


def test_a_form_with_an_address_is_read_for_admins_and_of_few_fields(own: Tinybird) -> None:
    append = own.token({"type": "DATASOURCES:APPEND", "resource": "visits"})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for token, more, status in (
        (append, "&mode=none", 403),
        (None, "&mode=none", 400),
        (None, "&a=b" * 100, 400),
    ):
        body = f"url=http://localhost:1/x{more}"
        answer = own.post("/v0/datasources?name=visits", token, content=body, headers=form)
        said = {403: "", 400: "mode" if "mode" in more else "more than 100 fields"}[status]
        assert (answer.status_code, said in answer.json()["error"]) == (status, True)


def test_the_address_has_the_say_over_a_form(own: Tinybird, elsewhere: str) -> None:
    own.add(visit(page="/old"))
    address, more = f"http://{elsewhere}/200", {"mode": "replace", "name": "nope"}
    for sent in (
        {"data": {"url": address, **more}},
        {"files": {name: (None, text) for name, text in {"url": address, **more}.items()}},
    ):
        answer = own.post("/v0/datasources?name=visits&mode=append", **sent)
        assert answer.status_code == 200, answer.text
    assert pages(own) == ["/localhost", "/localhost", "/old"]


def test_a_token_that_appends_replaces_nothing(own: Tinybird) -> None:
    own.add(visit(page="/old"))
    token = own.get("/v0/tokens/visits_append").json()["token"]
    for where in ("/v0/datasources?name=visits&mode=replace", "/v1/datasources/visits/replace"):
        assert own.post(where, token, content=CSV.format("x")).status_code == 403
        reader = own.token(reads("pages", tenant="a"))
        assert own.post(where, reader, content=CSV.format("x")).status_code == 403
    assert send(own, CSV.format("x"), token, name="visits").status_code == 200
    assert pages(own) == ["/old", "/x"]


HOSTILE = ["../x", "visits`; DROP TABLE visits", "file('/etc/passwd')", FILES[next(iter(FILES))]]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_files_text_is_nothing_but_rows(own: Tinybird, text: str) -> None:
    for kind in ("csv", "ndjson", "parquet"):
        for mode in ("append", "replace"):
            answer = send(own, text, name="visits", mode=mode, format=kind)
            assert answer.status_code in (200, 400)
            assert "root:" not in answer.text
    assert pages(own) == []
