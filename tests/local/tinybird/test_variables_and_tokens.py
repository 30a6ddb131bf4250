"""Secrets for pipes, which nobody reads back, and tokens that are made, changed and taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.project import visit, write_project

SEALED = """
NODE n
SQL >
    %
    SELECT page FROM visits WHERE cityHash64(page, {{ tb_secret('salt') }}) != 0
    {% if defined(wrong) %} AND nope{{ tb_secret('salt') }} = 1 {% end %}
    {% if defined(worse) %} AND toInt32({{ tb_secret('salt') }}) = 1 {% end %}

TYPE endpoint
"""


@pytest.fixture
def own(tinybird: Tinybird, tmp_path: Path) -> Iterator[Tinybird]:
    project = write_project(tmp_path / "project")
    (project / "endpoints" / "salted.pipe").write_text(SEALED)
    with tinybird.serving(project) as running:
        running.add(visit(page="/a"), visit(page="/b", tenant="b"))
        yield running


def test_a_variable_is_made_listed_changed_and_removed(own: Tinybird) -> None:
    assert own.get("/v0/variables").json() == {"variables": []}
    made = own.post("/v0/variables", data={"name": "salt", "value": "zebra", "type": "secret"})
    assert {key: made.json()[key] for key in ("name", "type")} == {"name": "salt", "type": "secret"}
    assert own.get("/v0/variables/salt").json() == made.json()
    assert own.get("/v0/variables").json() == {"variables": [made.json()]}
    again = own.post("/v0/variables", data={"name": "salt", "value": "x"})
    assert (again.status_code, "already" in again.json()["error"]) == (400, True)
    changed = own.http.put("/v0/variables/salt", data={"value": "walrus"}, headers=own.bearer(None))
    assert changed.json()["created_at"] == made.json()["created_at"]
    told = [made.text, changed.text, own.get("/v0/variables").text]
    assert not [text for text in told if "zebra" in text or "walrus" in text]
    gone = own.http.delete("/v0/variables/salt", headers=own.bearer(None))
    assert gone.json() == {"ok": True}
    for method, said in (("GET", "Not found"), ("PUT", "Variable not found")):
        answer = own.http.request(method, "/v0/variables/salt", headers=own.bearer(None))
        assert (answer.status_code, answer.json()["error"]) == (404, said)


@pytest.mark.parametrize(
    "data",
    [
        {"name": "a b", "value": "x"},
        {"value": "x"},
        {"name": "a"},
        {"name": "a", "value": "x" * 8_193},
        {"name": "a", "value": "x", "type": "plain"},
    ],
    ids=str,
)
def test_what_is_no_variable_is_refused(own: Tinybird, data: dict[str, str]) -> None:
    assert own.post("/v0/variables", data=data).status_code == 400
    assert own.get("/v0/variables").json() == {"variables": []}


def test_a_pipe_has_the_value_and_its_callers_are_not_told(own: Tinybird) -> None:
    token = own.token(reads("salted"))
    missing = own.get("/v0/pipes/salted.json", token)
    assert (missing.status_code, "secret 'salt'" in missing.json()["error"]) == (400, True)
    own.post("/v0/variables", data={"name": "salt", "value": "zebra77"})
    assert own.get("/v0/pipes/salted.json", token).json()["rows"] == 2
    for wrong in ("wrong", "worse"):
        answer = own.get("/v0/pipes/salted.json", token, **{wrong: 1})
        assert (answer.status_code, "zebra" in answer.text) == (400, False)
    query = "% SELECT {{ tb_secret('salt') }}"
    for caller in (token, own.key):
        answer = own.get("/v0/sql", caller, q=query)
        assert (answer.status_code, "zebra" in answer.text) == (400, False)


def test_the_workspaces_own_token_has_the_names_that_tinybird_local_gives_it(own: Tinybird) -> None:
    listed = own.get("/v0/tokens").json()["tokens"]
    for name in ("workspace admin token", "admin local_testing@tinybird.co"):
        [found] = [token for token in listed if token["name"] == name]
        assert found["token"] == own.key
        for path in (name, found["id"]):
            assert own.get(f"/v0/tokens/{path}").json() == found
    unknown = own.get("/v0/tokens/nope")
    assert (unknown.status_code, unknown.json()["error"]) == (
        403,
        "Token has not enough permissions to get information about this token",
    )


def make(own: Tinybird, *scopes: str, name: str = "mine") -> str:
    query = "&".join(f"scope={scope}" for scope in scopes)
    answer = own.post(f"/v0/tokens?name={name}&{query}")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["token"])


def test_a_token_is_made_refreshed_and_removed(own: Tinybird) -> None:
    first = make(own, "PIPES:READ:pages", "DATASOURCES:APPEND:visits")
    assert own.get("/v0/pipes/pages.json", first, tenant="a").json()["rows"] == 1
    assert own.post("/v0/events?name=visits", first, json=visit()).status_code == 202
    assert own.get("/v0/pipes/total.json", first, tenant="a").status_code == 403
    again = own.post("/v0/tokens?name=mine&scope=ADMIN")
    assert (again.status_code, "already exists" in again.json()["error"]) == (400, True)
    second = own.post("/v0/tokens/mine/refresh").json()["token"]
    assert own.get("/v0/pipes/pages.json", first, tenant="a").status_code == 403
    assert own.get("/v0/pipes/pages.json", second, tenant="a").status_code == 200
    assert own.get("/v0/tokens/mine").json()["token"] == second
    removed = own.http.delete("/v0/tokens/mine", headers=own.bearer(None))
    assert removed.json() == {"ok": True}
    assert own.get("/v0/pipes/pages.json", second, tenant="a").status_code == 403


def test_a_made_tokens_filter_holds(own: Tinybird) -> None:
    token = make(own, "DATASOURCES:READ:visits:tenant = 'a' AND page != 'x:y'")
    assert own.get("/v0/sql", token, q="SELECT page FROM visits").text.split() == ["/a"]
    for query in ("SELECT page FROM visits FINAL", "SELECT * FROM nested", "SELECT * FROM pages"):
        assert "/b" not in own.get("/v0/sql", token, q=query).text
    # Of two filters nobody knows which is meant.
    twice = own.post(
        "/v0/tokens?name=x&scope=DATASOURCES:READ:visits:1&scope=DATASOURCES:READ:visits"
    )
    assert twice.status_code == 403


@pytest.mark.parametrize("scope", ["PIPES:CREATE", "TOKENS", "DATASOURCES:DROP:visits", "", "x:y"])
def test_a_scope_that_is_not_done_is_refused_by_name(own: Tinybird, scope: str) -> None:
    answer = own.post(f"/v0/tokens?name=x&scope={scope}")
    assert answer.status_code == 400
    assert "is not supported" in answer.json()["error"]


def test_a_token_without_a_scope_is_told_what_it_lacks(own: Tinybird) -> None:
    answer = own.post("/v0/tokens/", data={"name": "mine"})
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("A token needs a scope")


def test_a_token_of_one_workspace_opens_no_other(own: Tinybird, tinybird: Tinybird) -> None:
    token = make(own, "ADMIN")
    assert own.get("/v0/tokens", token).status_code == 200
    database = f"w_{tinybird.workspace_id.replace('-', '')}"
    answer = own.get("/v0/sql", token, q=f"SELECT * FROM {database}.visits")
    assert (answer.status_code, "/secret" in answer.text) == (403, False)
    assert tinybird.key not in own.get("/v0/tokens", token).text


@pytest.mark.parametrize("name", ["workspace admin token", "visits_append"])
def test_what_the_app_or_a_data_file_names_is_not_changed_here(own: Tinybird, name: str) -> None:
    before = own.get(f"/v0/tokens/{name}").json()["token"]
    assert own.post(f"/v0/tokens/{name}/refresh").status_code == 403
    answer = own.http.delete(f"/v0/tokens/{name}", headers=own.bearer(None))
    assert answer.status_code == 403
    assert own.get(f"/v0/tokens/{name}").json()["token"] == before
