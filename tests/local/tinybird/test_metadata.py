"""What the API says of its pipes, data sources, tokens; and what ``tb`` asks of it."""

import time
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest

from clerk_tinybird_app.local.tinybird.access.claims import resource_id
from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.project import FILES, visit


def test_a_pipe_tells_its_parameters(tinybird: Tinybird) -> None:
    pipe = tinybird.get("/v0/pipes/pages").json()
    assert (pipe["name"], pipe["type"]) == ("pages", "endpoint")
    chosen, endpoint = pipe["nodes"]
    assert endpoint["id"] == pipe["endpoint"]
    assert chosen["params"][0] == {
        "name": "tenant",
        "type": "String",
        "required": True,
        "description": "Whose visits",
    }
    assert endpoint["params"][0]["default"] == 10


def test_a_token_sees_its_pipes_without_their_sql(tinybird: Tinybird) -> None:
    token = tinybird.token(reads("pages"))
    [pipe] = tinybird.get("/v0/pipes", token).json()["pipes"]
    assert pipe["name"] == "pages"
    assert "sql" not in pipe["nodes"][0]
    assert tinybird.get("/v0/pipes/total", token).status_code == 403


def test_admins_see_all_pipes_with_their_sql(tinybird: Tinybird) -> None:
    pipes = {pipe["name"]: pipe for pipe in tinybird.get("/v0/pipes").json()["pipes"]}
    assert set(pipes) == {"pages", "total", "echo", "slow"}
    assert pipes["pages"]["nodes"][0]["sql"].startswith("%\n")


def test_a_data_source_tells_columns_and_rows(tinybird: Tinybird) -> None:
    source = tinybird.get("/v0/datasources/visits").json()
    assert source["statistics"]["row_count"] == int(tinybird.sql("SELECT count() FROM visits"))
    columns = {column["name"]: column for column in source["columns"]}
    assert columns["at"]["type"] == "DateTime64(3)"
    assert columns["at"]["jsonpath"] == "$.at"
    assert columns["weight"]["default_value"] == "DEFAULT 7"
    listed = tinybird.get("/v0/datasources").json()["datasources"]
    assert {each["name"] for each in listed} == {"visits", "nested"}


def test_dates_are_those_of_the_files(tinybird: Tinybird) -> None:
    for path, name in (("pipes/pages", "pages.pipe"), ("datasources/visits", "visits.datasource")):
        [file] = tinybird.project.rglob(name)
        written = datetime.fromtimestamp(file.stat().st_mtime, UTC).strftime("%Y-%m-%d %H:%M:%S")
        told = tinybird.get(f"/v0/{path}").json()
        for each in (told, *told.get("nodes", [])):
            assert (each["created_at"], each["updated_at"]) == (written, written)


def make(tinybird: Tinybird, token: str | None = None, **changes: Any) -> Any:
    params = {"name": "made", "expiration_time": int(time.time()) + 60}
    body = {"scopes": [reads("pages", tenant="a")], **changes}
    return tinybird.post("/v0/tokens/", token, params=params, json=body)


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/v0/pipes/pages.pipe", "endpoints/pages.pipe"),
        ("/v1/pipes/pages.pipe", "endpoints/pages.pipe"),
        ("/v0/datasources/visits.datasource", "datasources/visits.datasource"),
    ],
)
def test_files_are_given_back_as_they_are_to_admins_alone(
    tinybird: Tinybird, path: str, file: str
) -> None:
    assert tinybird.get(path).text == (tinybird.project / file).read_text()
    token = tinybird.token(reads("pages"), {"type": "DATASOURCES:READ", "resource": "visits"})
    assert tinybird.get(path, token).status_code == 403


def test_admins_can_have_a_jwt_made(tinybird: Tinybird) -> None:
    token = make(tinybird, limits={"rps": 50}).json()["token"]
    claims = jwt.decode(token, tinybird.key, algorithms=["HS256"])
    assert (claims["name"], claims["limits"]) == ("made", {"rps": 50})
    answer = tinybird.get("/v0/pipes/pages.json", token, tenant="b")
    assert (answer.status_code, answer.headers["X-RateLimit-Limit"]) == (200, "50")


def test_others_cannot(tinybird: Tinybird) -> None:
    assert make(tinybird, tinybird.token(reads("pages"))).status_code == 403


@pytest.mark.parametrize("changes", [{"scopes": []}, {"scopes": [{"type": "ADMIN"}]}])
def test_a_jwt_that_would_be_refused_is_not_made(tinybird: Tinybird, changes: Any) -> None:
    assert make(tinybird, **changes).status_code == 403


def built(tinybird: Tinybird, key: str, files: dict[str, str]) -> Any:
    parts = [("data_project://", (name, text)) for name, text in files.items()]
    return tinybird.post("/v1/build", key, files=parts).json()


@pytest.fixture
def made(tinybird: Tinybird, request: pytest.FixtureRequest) -> dict[str, str]:
    """A workspace of the test's own."""
    name = {"name": request.node.name}
    workspace: dict[str, str] = tinybird.post("/v1/workspaces", params=name).json()
    return workspace


def test_a_workspace_is_built_and_kept_apart(tinybird: Tinybird, made: dict[str, str]) -> None:
    result = built(tinybird, made["token"], FILES)
    assert result["result"] == "success"
    assert result["build"]["new_datasource_names"] == ["nested", "visits"]
    answer = tinybird.get("/v0/sql", made["token"], q="SELECT count() FROM visits")
    assert answer.text.strip() == "0"
    first = f"w_{tinybird.workspace_id.replace('-', '')}"
    other = tinybird.get("/v0/sql", made["token"], q=f"SELECT * FROM {first}.visits")
    assert other.status_code == 403


def test_one_workspaces_jwt_is_nothing_in_another(tinybird: Tinybird, made: dict[str, str]) -> None:
    built(tinybird, made["token"], FILES)
    claims = {
        "workspace_id": tinybird.workspace_id,
        "name": "x",
        "exp": time.time() + 60,
        "scopes": [reads("pages", tenant="a")],
    }
    forged = jwt.encode(claims, made["token"], algorithm="HS256")
    answer = tinybird.get("/v0/pipes/pages.json", forged)
    assert (answer.status_code, "another workspace" in answer.text) == (403, True)


def test_a_mistake_in_a_build_names_its_file(tinybird: Tinybird, made: dict[str, str]) -> None:
    wrong = {**FILES, "endpoints/echo.pipe": "NODE x\nSQL >\n    %\n    SELECT {% if x %}\n"}
    result = built(tinybird, made["token"], wrong)
    assert result["result"] == "failed"
    assert result["errors"][0]["filename"] == "endpoints/echo.pipe"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../out.pipe", "outside the project"),
        ("/tmp/out.pipe", "outside the project"),
        ("endpoints/../../out.pipe", "outside the project"),
        (f"{'n' * 300}.pipe", "too long"),
        (f"{'n' * 300}/a.pipe", "too long"),
        ("a\0.pipe", "not printable"),
        ("a\u0085b.pipe", "not printable"),
        (".", "empty"),
    ],
)
def test_a_build_with_a_name_of_no_file_is_refused(
    tinybird: Tinybird, made: dict[str, str], name: str, reason: str
) -> None:
    head = (
        f'--b\r\nContent-Disposition: form-data; name="data_project://"; filename="{name}"\r\n\r\n'
    )
    body = f"{head}NODE a\nSQL >\n    SELECT 1\r\n--b--\r\n".encode()
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = tinybird.post("/v1/build", made["token"], content=body, headers=kind)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]


def test_a_build_with_a_file_twice_is_refused(tinybird: Tinybird, made: dict[str, str]) -> None:
    parts = [("data_project://", ("endpoints/a.pipe", "NODE a\nSQL >\n    SELECT 1\n"))] * 2
    answer = tinybird.post("/v1/build", made["token"], files=parts)
    assert (answer.status_code, "twice" in answer.json()["error"]) == (400, True)


@pytest.mark.parametrize(
    "name", ["a b.pipe", "1a.pipe", "a-b.datasource", "ä.pipe", "a.b.pipe", f"{'n' * 129}.pipe"]
)
def test_a_file_whose_name_no_pipe_can_have_is_a_mistake(
    tinybird: Tinybird, made: dict[str, str], name: str
) -> None:
    result = built(tinybird, made["token"], {**FILES, name: "NODE a\nSQL >\n    SELECT 1\n"})
    assert result["result"] == "failed"
    [fault] = result["errors"]
    assert fault["filename"] == name
    assert "Rename the file" in fault["error"]


def test_the_longest_name_that_is_allowed_can_be_served(
    tinybird: Tinybird, made: dict[str, str]
) -> None:
    name = "n" * 128
    source = "SCHEMA >\n    `t` String\n"
    assert built(tinybird, made["token"], {f"{name}.datasource": source})["result"] == "success"
    answer = tinybird.post(f"/v0/events?name={name}&wait=true", made["token"], json={"t": "x"})
    assert answer.json()["successful_rows"] == 1


@pytest.mark.parametrize("names", [("a", "a/b.pipe"), ("a.pipe/b.pipe", "a.pipe")])
def test_a_folder_and_a_file_of_one_name_are_no_failure(
    tinybird: Tinybird, made: dict[str, str], names: tuple[str, str]
) -> None:
    files = dict.fromkeys(names, "NODE n\nSQL >\n    SELECT 1\n")
    assert built(tinybird, made["token"], {**FILES, **files})["result"] == "success"


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("ndjson", '{"at":"2030-01-01","tenant":"f","page":"/","status":1,"seconds":2}'),
        ("csv", "at,tenant,page,status,seconds,note\n2030-01-01,f,/,1,2,\n"),
        ("csv", "2030-01-01 00:00:00,f,/,1,2,\n"),
    ],
)
def test_a_file_is_appended(
    tinybird: Tinybird, made: dict[str, str], kind: str, content: str
) -> None:
    built(tinybird, made["token"], FILES)
    files = {"csv": ("rows", content)}
    where = f"/v1/datasources/visits/append?format={kind}"
    job = tinybird.post(where, made["token"], files=files).json()
    assert (job["successful_rows"], job["quarantine_rows"]) == (1, 0)
    assert tinybird.get(f"/v0/jobs/{job['id']}", made["token"]).json()["status"] == "done"
    query = "SELECT tenant, status, note FROM visits"
    assert tinybird.get("/v0/sql", made["token"], q=query).text == "f\t1\t\\N\n"


def test_a_removed_workspace_is_gone(tinybird: Tinybird, made: dict[str, str]) -> None:
    answer = tinybird.http.delete(f"/v1/workspaces/{made['name']}", headers=tinybird.bearer(None))
    assert answer.status_code == 200
    assert tinybird.get("/v1/workspace", made["token"]).status_code == 403


def test_the_first_workspace_cannot_be_removed(tinybird: Tinybird) -> None:
    where = f"/v1/workspaces/{tinybird.workspace_id}"
    assert tinybird.http.delete(where, headers=tinybird.bearer(None)).status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/user/workspaces"),
        ("POST", "/v1/workspaces?name=x"),
        ("DELETE", "/v1/workspaces/x"),
        ("GET", "/v1/workspace"),
        ("POST", "/v1/build"),
        ("POST", "/v1/datasources/visits/append"),
        ("GET", "/v0/tokens"),
        ("GET", "/v0/tokens/visits_append"),
        ("POST", "/v0/tokens"),
        ("GET", "/v0/jobs/x"),
        ("GET", "/v0/datasources/visits"),
    ],
)
def test_a_pipes_token_manages_nothing(tinybird: Tinybird, method: str, path: str) -> None:
    token = tinybird.token(reads("pages", tenant="a"))
    answer = tinybird.http.request(method, path, headers=tinybird.bearer(token), content="{}")
    assert (answer.status_code, tinybird.key in answer.text) == (403, False)


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("GET", "/v0/pipes/{}.json", "total"),
        ("GET", "/v0/pipes/{}", "total"),
        ("GET", "/v0/datasources/{}", "nested"),
        ("POST", "/v0/events?name={}", "nested"),
        ("POST", "/v0/datasources?name={}", "nested"),
        ("POST", "/v1/datasources/{}/append", "nested"),
    ],
)
def test_a_stranger_is_not_told_what_there_is(
    tinybird: Tinybird, method: str, path: str, known: str
) -> None:
    token = tinybird.token(reads("pages", tenant="a"))
    kind = "pipe" if "pipes" in path else "datasource"
    said = set()
    for name in (known, resource_id(tinybird.workspace_id, kind, known), "nope"):
        answer = tinybird.http.request(method, path.format(name), headers=tinybird.bearer(token))
        said.add((answer.status_code, answer.json()["error"].replace(name, "it")))
    [(status, _)] = said
    assert status == 403


def test_leftover_rows_are_not_lost_on_the_way(tinybird: Tinybird) -> None:
    tinybird.add(visit(tenant="kept"))
    assert tinybird.sql("SELECT count() FROM visits WHERE tenant = 'kept'") == "1"


def test_pipes_are_listed_with_the_fields_that_are_asked_for(tinybird: Tinybird) -> None:
    [first, *_] = tinybird.get("/v0/pipes", attrs="id,name").json()["pipes"]
    assert set(first) == {"id", "name", "url"}
    [first, *_] = tinybird.get("/v0/pipes", attrs="name", node_attrs="id,sql").json()["pipes"]
    assert (set(first), set(first["nodes"][0])) == ({"name", "nodes", "url"}, {"id", "sql"})
    # What a token may not see it cannot ask for.
    token = tinybird.token(reads("pages"))
    [only] = tinybird.get("/v0/pipes", token, attrs="nodes", node_attrs="sql,id").json()["pipes"]
    assert all(set(node) == {"id"} for node in only["nodes"])


def test_data_sources_are_listed_with_the_fields_that_are_asked_for(tinybird: Tinybird) -> None:
    found = tinybird.get("/v0/datasources", attrs="name,used_by").json()["datasources"]
    assert found
    assert all(each.keys() == {"name", "used_by"} for each in found)


CHAIN = {
    **{f"{name}.datasource": f"SCHEMA >\n    `{name}` Int8\n" for name in ("one", "two", "three")},
    "first.pipe": "NODE a\nSQL >\n    SELECT one AS two FROM one\n\n"
    "TYPE materialized\nDATASOURCE two\n",
    "second.pipe": "NODE a\nSQL >\n    SELECT two AS three FROM two\n\n"
    "TYPE materialized\nDATASOURCE three\n",
}


def test_what_a_data_source_fills_is_told_to_who_empties_it(
    tinybird: Tinybird, made: dict[str, str]
) -> None:
    key = made["token"]
    built(tinybird, key, CHAIN)
    for source, filled in (("one", {"two": ["first"], "three": ["second"]}), ("three", {})):
        found = tinybird.get("/v0/dependencies", key, datasource=source).json()
        assert found["dependencies"] == filled
    [pipe, _] = tinybird.get("/v0/pipes", key).json()["pipes"]
    sources = tinybird.get("/v0/datasources", key).json()["datasources"]
    [two] = [each["id"] for each in sources if each["name"] == "two"]
    assert pipe["nodes"][0]["materialized"] == two


def test_there_are_no_connections(tinybird: Tinybird) -> None:
    assert tinybird.get("/v0/connectors").json() == {"connectors": []}


def test_what_is_built_is_of_this_day(tinybird: Tinybird, made: dict[str, str]) -> None:
    built(tinybird, made["token"], {"one.datasource": "SCHEMA >\n    `one` Int8\n"})
    [found] = tinybird.get("/v0/datasources", made["token"]).json()["datasources"]
    written = datetime.fromisoformat(f"{found['updated_at']}+00:00")
    assert abs(written.timestamp() - time.time()) < 600


def test_a_build_tells_the_tokens_that_are_new_changed_and_gone(
    tinybird: Tinybird, made: dict[str, str]
) -> None:
    text = "SCHEMA >\n    `one` Int8\n"
    told = []
    for tokens in ('TOKEN "a" READ\nTOKEN "b" READ\n', 'TOKEN "b" APPEND\nTOKEN "c" READ\n'):
        done = tinybird.build({"one.datasource": tokens + text}, made["token"])["build"]
        told.append([done[f"{what}_token_names"] for what in ("new", "changed", "deleted")])
    assert told == [[["a", "b"], [], []], [["c"], ["b"], ["a"]]]


def test_a_data_source_is_described_as_clients_read_it(tinybird: Tinybird) -> None:
    found = tinybird.get("/v0/datasources/visits").json()
    assert found["type"] == "ndjson"
    assert found["engine"]["engine"] == "MergeTree"
    assert found["engine"]["sorting_key"] == "tenant, at"
    assert found["engine"]["engine_full"].startswith("MergeTree PARTITION BY toYYYYMM(at) ORDER")
    assert "SETTINGS" not in found["engine"]["engine_full"]
    assert found["schema"]["columns"][1]["jsonpath"] == "$.tenant"
    assert "`note` Nullable(String) `json:$.note`" in found["schema"]["sql_schema"]
    assert [pipe["name"] for pipe in found["used_by"]] == ["pages"]
    # Of pipes that a token may not read it is not told.
    token = tinybird.token({"type": "DATASOURCES:READ", "resource": "visits"})
    assert tinybird.get("/v0/datasources/visits", token).json()["used_by"] == []
    unknown = tinybird.get("/v0/datasources/nope")
    assert (unknown.status_code, unknown.json()["error"]) == (
        404,
        'Data Source "nope" does not exist',
    )
