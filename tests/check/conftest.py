"""The command, run in surroundings that a test makes."""

import io
import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from clerk_tinybird_app.check import Surroundings
from clerk_tinybird_app.check.product import Load
from clerk_tinybird_app.commands import main
from clerk_tinybird_app.local.clerk.seed import ACME_ID
from clerk_tinybird_app.products import Product
from clerk_tinybird_app.reflex_internals.configuration import ask_for_changes
from clerk_tinybird_app.settings import Settings
from tests.check.cases import PROJECT, Enter, Places
from tests.check.pipes import PIPES
from tests.check.product import product, write_project
from tests.conftest import CHOICE
from tests.local.tinybird.process import Tinybird, free_port
from tests.misconfigurations import Case
from tests.redis_server import ADVICE, is_there, redis_server
from tests.running_app import ROOT


@dataclass(frozen=True)
class Report:
    """What the command answered.

    Attributes:
        status: Its exit status.
        findings: What ``--json`` prints.
        text: What it prints to people.
    """

    status: int
    findings: list[dict[str, str]]
    text: str

    @property
    def levels(self) -> dict[str, str]:
        """Code -> its worst level."""
        return {
            each["code"]: each["level"]
            for level in ("ok", "note", "warning", "failed")
            for each in self.findings
            if each["level"] == level
        }

    @property
    def failed(self) -> set[str]:
        """The codes that failed, but for the lint's, which has tests of its own."""
        return {c for c, level in self.levels.items() if level == "failed"}

    def said(self, code: str) -> str:
        """Return the texts and the advice under a code."""
        return "\n".join(f"{e['text']}\n{e['advice']}" for e in self.findings if e["code"] == code)


Check = Callable[..., Report]


@pytest.fixture
def check(local_folder: Path, tmp_path: Path) -> Check:
    """Run the command, as for a script and as for a person."""
    folder = tmp_path / "local"
    shutil.copytree(local_folder, folder)
    own = write_project(tmp_path / "tinybird")

    def run(
        environ: Mapping[str, str],
        about: Product | Load | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        now: float | None = None,
        unread: Callable[[], list[str]] = list,
        is_shown: bool = False,
    ) -> Report:
        about = about or product(own)
        around = Surroundings(
            load=lambda: Settings.from_environ(environ),
            product=about if not isinstance(about, Product) else lambda *_: about,
            unread=unread,
            ask_for_changes=ask_for_changes,
            folder=folder,
            transport=transport,
            clock=time.time if now is None else lambda: now,
        )
        out, shown = io.StringIO(), io.StringIO()
        status = main(["check", "--json"], around=around, out=out)
        if is_shown:
            assert main(["check"], around=around, out=shown) == status
        return Report(status, json.loads(out.getvalue()), shown.getvalue())

    return run


@pytest.fixture(scope="package")
def tinybird(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    """A Tinybird that serves every pipe of these tests, safe and leaking: three customers."""
    folder = tmp_path_factory.mktemp("check")
    project = write_project(folder / "project", PIPES)
    with Tinybird(project, folder / "data") as running:
        now = datetime.now(UTC)
        running.add(
            *(
                {
                    "at": f"{now - timedelta(minutes=10 * n):%Y-%m-%d %H:%M:%S}",
                    "customer": customer,
                    "person": f"{customer}-person-{n % 3}",
                    "amount": 17 + 3 * n,
                }
                for customer, count in (("org_one", 37), ("org_two", 14), ("org_three", 5))
                for n in range(count)
            ),
            name="hits",
        )
        running.add({"plan": "gold", "price": 49}, {"plan": "free", "price": 0}, name="plans")
        yield running


@pytest.fixture(scope="package")
def workspaces(tinybird: Tinybird, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    """The workspaces of one Tinybird: as it should be, and as cases have them."""
    folder = tmp_path_factory.mktemp("projects")
    empty = folder / "empty"
    shutil.copytree(PROJECT / "datasources", empty / "datasources")
    projects = {
        "": PROJECT,
        "other_": _changed(folder / "other", "queues", "AS ms", "AS ms"),
        "empty_": empty,
        "older_": _changed(folder / "older", "queues", "AS ms", "AS took"),
        "leaking_": _changed(folder / "leaking", "queues", "FROM account_jobs AS", "FROM jobs AS"),
    }
    places = {"url": f"http://localhost:{tinybird.port}"}
    rows = list(map(json.loads, (PROJECT / "fixtures/jobs.ndjson").read_text().splitlines()))
    with ExitStack() as stack:
        for name, project in projects.items():
            own = stack.enter_context(tinybird.serving(project))
            own.add(*rows, name="jobs")
            if name == "older_":
                # A customer of the app's own Clerk, whose dashboard has something to show.
                at = f"{datetime.now(UTC) - timedelta(minutes=5):%Y-%m-%d %H:%M:%S.000}"
                own.add(rows[0] | {"account": ACME_ID, "ended": at}, name="jobs")
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
            variables = {name: _filled(value, places) for name, value in variables.items()}
            if not case.begins_with:
                # An embedded Clerk that has begun before: a key of its own takes a while to make.
                shutil.copytree(local_folder, tmp_path / ".local")
            for name, content in case.files.items():
                raw = content if isinstance(content, bytes) else content.encode()
                (tmp_path / name).write_bytes(raw)
                (tmp_path / name).chmod(case.mode)
            if (tmp_path / ".local").exists() and case.prepares.__name__ != "_nothing":
                shutil.rmtree(tmp_path / ".local")
            case.prepares(tmp_path)
            monkeypatch.chdir(tmp_path)
            monkeypatch.setattr("os.environ", {n: v for n, v in variables.items() if v})
            return variables

        yield entered


def _changed(project: Path, pipe: str, old: str, new: str) -> Path:
    """Return a copy of the project in which one pipe is as it was deployed before."""
    shutil.copytree(PROJECT, project)
    file = project / "endpoints" / f"{pipe}.pipe"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    return project


def _filled(value: str, places: Places) -> str:
    for name, place in places.items():
        value = value.replace(f"{{{name}}}", place)
    return value
