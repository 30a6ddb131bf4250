"""Each misconfiguration of the table, set up: what the start says, and what the check says.

The start is the command's own, up to the pages, which are not built here: whoever gets so far
starts. What the log says of a running app, and the browser shows, is in ``tests/e2e``.
"""

import io
import json
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from clerk_tinybird_app import products, services
from clerk_tinybird_app.check import Surroundings
from clerk_tinybird_app.commands import main
from clerk_tinybird_app.reflex_internals.configuration import ask_for_changes, reflex_variables
from clerk_tinybird_app.settings.shadowed_variables import contradicted, overridden
from clerk_tinybird_app.settings.unread_variables import unread_variables
from clerk_tinybird_app.tinybird.client import connections
from tests.check.servers import NOW
from tests.conftest import CHOICE
from tests.local.tinybird.process import Tinybird, free_port
from tests.misconfigurations import GROUPS, Case
from tests.redis_server import ADVICE, is_there, redis_server

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / CHOICE["TINYBIRD_PROJECT"]
CASES = [case for group in GROUPS for case in group.cases]
NOT_BUILT = "There are no pages to serve"
Places = Mapping[str, str]
Enter = Callable[[Case], dict[str, str]]

pytestmark = pytest.mark.usefixtures("own_logging")


def changed(project: Path, pipe: str, old: str, new: str) -> Path:
    """Return a copy of the project in which one pipe is as it was deployed before."""
    shutil.copytree(PROJECT, project)
    file = project / "endpoints" / f"{pipe}.pipe"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return project


@pytest.fixture(scope="module")
def workspaces(tinybird: Tinybird, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """The workspaces of one Tinybird: as it should be, and as cases have them."""
    folder = tmp_path_factory.mktemp("projects")
    empty = folder / "empty"
    shutil.copytree(PROJECT / "datasources", empty / "datasources")
    projects = {
        "": PROJECT,
        "other_": changed(folder / "other", "queues", "AS ms", "AS ms"),
        "empty_": empty,
        "older_": changed(folder / "older", "queues", "AS ms", "AS took"),
        "leaking_": changed(folder / "leaking", "queues", "FROM account_jobs AS", "FROM jobs AS"),
    }
    places = {"url": f"http://localhost:{tinybird.port}"}
    rows = list(map(json.loads, (PROJECT / "fixtures/jobs.ndjson").read_text().splitlines()))
    with ExitStack() as stack:
        for name, project in projects.items():
            own = stack.enter_context(tinybird.serving(project))
            own.add(*rows, name="jobs")
            places |= {f"{name}workspace": own.workspace_id, f"{name}key": own.key}
            if not name:
                tokens = own.get("/v0/tokens").json()["tokens"]
                places["reader"] = next(t["token"] for t in tokens if t["name"] == "jobs_append")
        yield places


@pytest.fixture
def enter(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    local_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Enter]:
    """Set up a case in a folder of its own, and return its variables."""
    with ExitStack() as stack:

        def entered(case: Case) -> dict[str, str]:
            taken = stack.enter_context(socket.socket())
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            places = {
                "taken": str(taken.getsockname()[1]),
                "closed": str(free_port()),
                "email_project": str(ROOT / "examples/email/tinybird"),
            }
            if case.redis is not None:
                if not is_there():
                    pytest.skip(ADVICE)
                url = stack.enter_context(redis_server(*case.redis)).url
                by = url.removeprefix("unix://")
                places |= {"redis": url, "redis_of_ada": f"unix://ada@{by}?password=lovelace"}
                places |= {"redis_of_nobody": f"unix://nobody@{by}?password=x"}
            if case.is_real:
                places |= request.getfixturevalue("workspaces")
            product = CHOICE | {"TINYBIRD_PROJECT": str(PROJECT)}
            ports = {name: str(free_port()) for name in ("REFLEX_FRONTEND_PORT", "TB_LOCAL_PORT")}
            begins_with = {} if case.is_real else case.begins_with
            variables = product | ports | dict(begins_with) | dict(case.environ)
            variables = {name: filled(value, places) for name, value in variables.items()}
            if not case.begins_with:
                # An embedded Clerk that has begun before: a key of its own takes a while to make.
                shutil.copytree(local_folder, tmp_path / ".local")
            for name, content in case.files.items():
                raw = content if isinstance(content, bytes) else content.encode()
                (tmp_path / name).write_bytes(raw)
            if (tmp_path / ".local").exists() and case.prepares.__name__ != "_nothing":
                shutil.rmtree(tmp_path / ".local")
            case.prepares(tmp_path)
            monkeypatch.chdir(tmp_path)
            monkeypatch.setattr("os.environ", {n: v for n, v in variables.items() if v})
            return variables

        yield entered


def filled(value: str, places: Places) -> str:
    for name, place in places.items():
        value = value.replace(f"{{{name}}}", place)
    return value


def names(case: Case) -> str:
    return case.what


@pytest.mark.parametrize(
    "case",
    # The start asks nobody.
    [case for case in CASES if not case.is_real and case.redis is None],
    ids=names,
)
def test_the_start_refuses_it_by_name_or_starts_and_says_it_in_the_log(
    case: Case,
    enter: Enter,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    enter(case)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    if "REFLEX_FRONTEND_PORT" not in os.environ:
        # Another program of this machine may have the usual port.
        monkeypatch.setattr("clerk_tinybird_app.commands.require_free", lambda *_, **__: None)
    for kept in (services.current, products.current):
        monkeypatch.setattr(f"{kept.__module__}.current", kept.__wrapped__)
    monkeypatch.setattr("clerk_tinybird_app.services.trusted", connections.trusted.__wrapped__)

    status: object = 1
    try:
        status = main(["serve", "--built"], around=Surroundings(), out=io.StringIO())
        told = capsys.readouterr().err
    except SystemExit as ended:
        told = str(ended.code)

    assert status == 1
    assert "Traceback" not in told
    assert case.start in told
    assert (NOT_BUILT in told) is not bool(case.start)
    if " " in case.log:
        assert "WARNING" in told
        assert case.log in told


@pytest.mark.parametrize("case", CASES, ids=names)
def test_the_check_says_it_by_its_code_and_what_to_do(case: Case, enter: Enter) -> None:
    enter(case)
    is_alone = case.is_real or case.check.startswith(("port/", "workers/"))
    around = Surroundings(
        unread=partial(unread_variables, reflex_variables()),
        contradicted=contradicted,
        overridden=overridden,
        cores=lambda: 2,
        ask_for_changes=ask_for_changes,
        transport=None if is_alone else case.servers.transport,
        clock=time.time if is_alone else lambda: NOW,
    )
    out = io.StringIO()

    status = main(["check", "--json"], around=around, out=out)

    found = json.loads(out.getvalue())
    own = [each for each in found if each["code"] == case.check]
    assert {each["level"] for each in own} == {case.level}, found
    said = "\n".join(f"{each['text']} {each['advice']}" for each in own)
    assert case.told in said
    assert all(each["advice"] for each in own)
    assert status == (1 if any(each["level"] == "failed" for each in found) else 0)
    if case.level == "failed":
        assert status == 1
