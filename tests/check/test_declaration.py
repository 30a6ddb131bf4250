"""A product's mistakes, each told once, while all the rest is judged."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clerk_tinybird_app import products
from tests.check.conftest import Check, Report
from tests.check.environments import WHOLE
from tests.check.servers import NOW, Servers

Judge = Callable[..., Report]
NAME = "judged_product"
PROJECT = Path("tests/product/tinybird")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files of the tests' product, to be changed."""
    return shutil.copytree(PROJECT, tmp_path / "project")


@pytest.fixture
def judge(
    check: Check, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Judge]:
    """Checks the tests' product, changed by what is added to one of its modules."""
    folder = tmp_path / NAME
    folder.mkdir()
    folder.joinpath("__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)

    def judged(*, refusals: dict[str, tuple[int, str]] | None = None, **added: str) -> Report:
        for module in ("policy", "dashboard", "words", "sample"):
            text = f"from tests.product.{module} import *\n{added.get(module, '')}"
            folder.joinpath(f"{module}.py").write_text(text)
        servers = Servers(tenants={}, everybody=[], refusals=refusals or {})
        chosen = WHOLE | {"APP_PRODUCT": NAME, "TINYBIRD_PROJECT": str(project)}
        return check(chosen, products.assemble, transport=servers.transport, now=NOW)

    yield judged
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def test_a_sample_that_fits_is_said_to(judge: Judge) -> None:
    report = judge()

    assert (report.status, report.levels["sample/fits"]) == (0, "ok")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("columns={**SAMPLE.columns, 'queu': 'x'}", "'jobs' has no column 'queu'. Did you mean"),
        ("columns={'ended': Moment()}", "'jobs' also needs the column 'id'; add it to SAMPLE."),
        ("source='job'", "no data source 'job'. Did you mean 'jobs'?"),
    ],
)
def test_a_sample_that_does_not_fit_fails_with_its_module_and_the_nearest_name(
    judge: Judge, change: str, told: str
) -> None:
    report = judge(
        sample="from dataclasses import replace\n"
        "from clerk_tinybird_app.sample.vocabulary import Moment\n"
        f"SAMPLE = replace(SAMPLE, {change})\n"
    )

    assert (report.status, report.levels["sample/misfit"]) == (1, "failed")
    assert f"{NAME}.sample: " in report.said("sample/misfit")
    assert told in report.said("sample/misfit")
    assert report.levels["pipes/answer"] == "ok"


def test_every_mistake_in_a_dashboard_is_told_and_the_pipes_are_judged_all_the_same(
    judge: Judge,
) -> None:
    wrong = (
        "from dataclasses import replace\n"
        "DASHBOARD = replace(\n"
        "    DASHBOARD,\n"
        "    panels=(\n"
        "        replace(QUEUES, by=('queu',)),\n"
        "        replace(LATEST, id='ident'),\n"
        "    ),\n"
        ")\n"
    )

    report = judge(dashboard=wrong, words="EVENT_SOURCE = 'job'")

    mistakes = [each["text"] for each in report.findings if each["code"] == "product/mistake"]
    assert report.status == 1
    assert any(f"{NAME}/dashboard.py:" in text and "'queu'" in text for text in mistakes)
    assert any("'ident'" in text for text in mistakes)
    assert any("EVENT_SOURCE is 'job'" in text for text in mistakes)
    assert report.levels["project/requires-tenant"] == "ok"
    assert report.levels["pipes/answer"] == "ok"
    assert report.levels["tokens/forged-refused"] == "ok"


@pytest.mark.parametrize("module", ["dashboard", "words", "sample"])
def test_a_module_that_raises_is_told_with_its_line_and_the_pipes_are_judged_all_the_same(
    judge: Judge, module: str
) -> None:
    report = judge(**{module: "int('acme')\n"})

    assert report.failed == {"product/unusable"}
    assert f"ValueError in {NAME}.{module}, line 2: " in report.said("product/unusable")
    assert report.levels["pipes/answer"] == "ok"


def test_a_policy_that_is_wrong_is_told_as_its_own_fault_and_once(judge: Judge) -> None:
    wrong = (
        "granted = scopes\n"
        "def scopes(session):\n"
        "    yield from granted(session)\n"
        "    if session.has_role('org:admin'):\n"
        "        yield Scope('secrets', {'who': session.user_id})\n"
    )

    report = judge(policy=wrong)

    assert report.failed == {"policy/refused"}
    assert report.levels["tokens/forged-refused"] == "ok"


def test_a_pipe_that_is_nowhere_is_told_once(judge: Judge, project: Path) -> None:
    (project / "endpoints" / "latest_jobs.pipe").unlink()
    missing = {"latest_jobs": (404, "The pipe 'latest_jobs' does not exist")}

    report = judge(refusals=missing)

    failed = [each for each in report.findings if each["level"] == "failed"]
    assert [each["code"] for each in failed] == ["project/lint"]
    assert "latest_jobs" in failed[0]["text"]
    assert "pipes/answer" not in report.levels


def test_a_pipe_that_the_project_has_and_the_workspace_does_not_is_told(judge: Judge) -> None:
    report = judge(refusals={"queues": (404, "The pipe 'queues' does not exist")})

    assert report.failed == {"pipes/missing"}


def test_a_pipe_that_only_the_dashboard_names_is_told_once(judge: Judge) -> None:
    wrong = "from dataclasses import replace\nDASHBOARD = replace(DASHBOARD, newest='lately', "
    wrong += "panels=(*DASHBOARD.panels, replace(LATEST, pipe='lately')))\n"

    report = judge(dashboard=wrong)

    mistakes = [each["text"] for each in report.findings if each["code"] == "product/mistake"]
    assert len(mistakes) == 1
    assert "the panel 'lately' asks the pipe 'lately'" in mistakes[0]
