"""The commands of the workflows with the real ``tb``, against the embedded Tinybird."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.local.tinybird.process import ROOT, Tinybird, free_port, until
from tests.products.demo.clients.conftest import copy_project
from tests.products.demo.clients.tb import quiet
from tests.workflows import scripts


def run(
    script: str, folder: Path, programs: Path, seconds: float = 120, /, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run a step of a workflow as its machine does; what it started ends with its time."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.defpath))
    home = folder / "home"
    home.mkdir()
    # Where the workflow has made the environment of the CLI.
    (folder / "temporary").mkdir()
    (folder / "temporary" / "tb").symlink_to(programs.parent)
    own = {"PATH": path, "RUNNER_TEMP": str(folder / "temporary")}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    with subprocess.Popen(
        command,
        cwd=folder / "project",
        env={**quiet(home), **own, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def deployment(tinybird: Tinybird) -> Mapping[str, str]:
    return {
        "TINYBIRD_HOST": f"http://localhost:{tinybird.port}",
        "TINYBIRD_DEPLOY_TOKEN": tinybird.key,
    }


def test_what_a_step_started_ends_with_its_time(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    file = tmp_path / "started"
    with pytest.raises(subprocess.TimeoutExpired):
        run('sleep 60 & echo $! > "$FILE"; wait', tmp_path, tmp_path / "bin", 2, FILE=str(file))
    started = Path("/proc") / file.read_text().strip() / "cmdline"
    # Whoever has ended has no command any more, be it waited for or not.
    until(lambda: not started.exists() or not started.read_text(), "it still runs")


def test_what_somebody_starts_checks_the_project_and_deploys_it(
    programs: Path, tmp_path: Path
) -> None:
    project = copy_project(tmp_path / "project")
    [script] = [each for each in scripts("deploy-tinybird.yml") if each.startswith("tb ")]
    with Tinybird(copy_project(tmp_path / "before"), tmp_path / "data") as tinybird:
        (project / "endpoints" / "brand_new.pipe").write_text(
            "NODE one\nSQL >\n    SELECT 1 AS one\nTYPE ENDPOINT\n"
        )
        path = os.pathsep.join((str(programs), os.defpath))
        done = run(script, tmp_path, programs, PATH=path, **deployment(tinybird))

        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"Deployment #\d+ is live!", done.stdout + done.stderr)
        answer = tinybird.http.get("/v0/pipes/brand_new.json", params={"token": tinybird.key})
        assert answer.json()["data"] == [{"one": 1}]


def test_each_change_is_linted_built_and_tested(programs: Path, tmp_path: Path) -> None:
    checkout = tmp_path / "project"
    (checkout / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "tinybird", checkout / ".ci")
    (checkout / "clerk_tinybird_app").symlink_to(ROOT / "clerk_tinybird_app")
    project = copy_project(checkout / "tinybird")
    [script] = [each for each in scripts("ci.yml") if ".ci/tinybird" in each]

    done = run(script, tmp_path, programs, TB_LOCAL_PORT=str(free_port()))

    assert done.returncode == 0, done.stdout + done.stderr
    tested = set(re.findall(r"^\* (\w+\.yaml)$", done.stdout, re.MULTILINE))
    assert tested == {each.name for each in (project / "tests").glob("*.yaml")} != set()
