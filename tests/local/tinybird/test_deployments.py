"""What is deployed serves at once, or when that is asked; a refused deployment changes nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.project import FILES, write_project

HELLO = "NODE endpoint\nSQL >\n    SELECT '{}' AS said\n\nTYPE ENDPOINT\n"


class Deploying:
    """A workspace, and the files that are deployed to it."""

    def __init__(self, tinybird: Tinybird) -> None:
        self.tinybird = tinybird
        self.files = {**FILES, "endpoints/hello.pipe": HELLO.format("hello")}

    def sent(self, **params: str) -> httpx.Response:
        parts = [("data_project://", (name, text)) for name, text in self.files.items()]
        return self.tinybird.post("/v1/deploy", files=parts, params=params)

    def deploy(self, **params: str) -> dict[str, Any]:
        answer = self.sent(**params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def listed(self) -> list[tuple[str, bool]]:
        found = self.tinybird.get("/v1/deployments").json()["deployments"]
        return [(each["id"], each["live"]) for each in found]

    def ask(self, method: str, path: str) -> Any:
        bearer = self.tinybird.bearer(None)
        return self.tinybird.http.request(method, f"/v1/deployments/{path}", headers=bearer)

    def said(self) -> str:
        answer = self.tinybird.get("/v0/pipes/hello.json")
        return str(answer.json()["data"][0]["said"]) if answer.is_success else ""


@pytest.fixture
def own(tinybird: Tinybird, tmp_path: Path) -> Iterator[Deploying]:
    with tinybird.serving(write_project(tmp_path / "project")) as running:
        yield Deploying(running)


def test_what_is_deployed_with_auto_promote_serves_at_once(own: Deploying) -> None:
    done = own.deploy(auto_promote="true")

    made = done["deployment"]
    assert (done["result"], made["status"], made["live"]) == ("success", "data_ready", True)
    assert made["new_pipe_names"] == ["hello"]
    assert own.said() == "hello"
    assert own.listed() == [("1", True)]
    own.files["endpoints/hello.pipe"] = HELLO.format("bye")
    assert own.deploy(auto_promote="true")["deployment"]["changed_pipe_names"] == ["hello"]
    assert own.said() == "bye"
    assert own.listed() == [("2", True)]


def test_without_it_what_is_deployed_serves_once_it_is_promoted(own: Deploying) -> None:
    made = own.deploy()["deployment"]
    assert (made["status"], made["live"], own.said()) == ("data_ready", False, "")
    assert own.listed() == [("0", True), ("1", False)]

    assert own.ask("POST", "1/set-live").json()["deployment"]["live"]

    assert own.said() == "hello"
    assert own.listed() == [("0", False), ("1", True)]
    assert own.ask("POST", "0/set-live").status_code == 400
    assert own.ask("DELETE", "0").json()["deployment"]["status"] == "deleted"
    assert own.ask("GET", "0").json()["deployment"]["status"] == "deleted"
    assert own.listed() == [("1", True)]


def test_of_two_at_once_only_one_can_wait(own: Deploying) -> None:
    with ThreadPoolExecutor(2) as threads:
        answers = [each.result() for each in [threads.submit(own.sent) for _ in range(2)]]

    assert sorted(answer.status_code for answer in answers) == [200, 400]
    assert own.listed() == [("0", True), ("1", False)]


def test_a_discarded_deployment_never_serves(own: Deploying) -> None:
    own.deploy(auto_promote="true")
    own.files["endpoints/hello.pipe"] = HELLO.format("bye")
    own.deploy()
    waiting = own.tinybird.post("/v1/deploy")
    assert (waiting.status_code, "waits" in waiting.json()["error"]) == (400, True)

    assert own.ask("DELETE", "1").status_code == 400
    assert own.ask("DELETE", "2").is_success

    assert (own.listed(), own.said()) == ([("1", True)], "hello")
    assert own.ask("POST", "2/set-live").status_code == 400
    assert own.ask("GET", "9").status_code == 404
    assert own.said() == "hello"


@pytest.mark.parametrize("params", [{"auto_promote": "true"}, {}, {"check": "true"}])
def test_a_refused_deployment_leaves_what_was_served(
    own: Deploying, params: dict[str, str]
) -> None:
    own.deploy(auto_promote="true")
    own.files["endpoints/hello.pipe"] = HELLO.format("bye").replace("SELECT", "SELECT nope,")

    done = own.deploy(**params)

    assert (done["result"], done["deployment"]["status"]) == ("failed", "failed")
    [fault] = done["deployment"]["errors"]
    assert fault["filename"] == "endpoints/hello.pipe"
    assert fault["error"].startswith("line 3: ")
    assert (own.listed(), own.said()) == ([("1", True)], "hello")


def test_a_check_changes_nothing(own: Deploying) -> None:
    done = own.deploy(check="true", auto_promote="true")

    assert (done["result"], done["deployment"]["new_pipe_names"]) == ("success", ["hello"])
    assert (own.listed(), own.said()) == ([], "")


def test_a_data_source_goes_only_when_that_is_allowed(own: Deploying) -> None:
    row = {"event": {"id": 1, "user": {"name": "x"}}, "items": [{"price": 2}]}
    own.tinybird.add(row, name="nested")
    nested = own.files.pop("datasources/nested.datasource")

    [fault] = own.deploy(auto_promote="true")["deployment"]["errors"]
    assert fault["filename"] == "datasources/nested.datasource"
    assert "--allow-destructive-operations" in fault["error"]
    assert own.tinybird.get("/v0/datasources/nested").is_success

    allowed = own.deploy(auto_promote="true", allow_destructive_operations="true")
    assert allowed["deployment"]["deleted_datasource_names"] == ["nested"]
    assert own.tinybird.get("/v0/datasources/nested").status_code == 404

    own.files["datasources/nested.datasource"] = nested
    own.deploy(auto_promote="true")
    assert own.tinybird.sql("SELECT count() FROM nested") == "1"


def test_only_admins_deploy(own: Deploying) -> None:
    own.deploy()
    tinybird = own.tinybird
    token = tinybird.token(reads("pages", tenant="a"))
    for method, path in (
        ("POST", "/v1/deploy"),
        ("GET", "/v1/deployments"),
        ("GET", "/v1/deployments/1"),
        ("POST", "/v1/deployments/1/set-live"),
        ("DELETE", "/v1/deployments/1"),
    ):
        answer = tinybird.http.request(method, path, headers=tinybird.bearer(token))
        assert answer.status_code == 403
    assert (own.listed(), own.said()) == ([("0", True), ("1", False)], "")


@pytest.mark.parametrize("path", ["/v1/build", "/v1/deploy"])
def test_files_that_are_too_large_together_are_refused(own: Deploying, path: str) -> None:
    half = "-- nothing\n" * 460_000
    parts = [("data_project://", (f"{name}.pipe", half)) for name in "ab"]

    answer = own.tinybird.post(path, files=parts)

    assert (answer.status_code, "larger than" in answer.json()["error"]) == (413, True)
