"""The commands of the workflows with the real ``tb``, against the embedded Tinybird."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.local.tinybird.process import ROOT, Tinybird, free_port
from tests.products.demo.clients.conftest import copy_project
from tests.products.demo.clients.tb import quiet
from tests.workflows import scripts


def run(script: str, folder: Path, programs: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a step of a workflow as its machine does."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.defpath))
    home = folder / "home"
    home.mkdir()
    # Where the workflow has made the environment of the CLI.
    (folder / "temporary").mkdir()
    (folder / "temporary" / "tb").symlink_to(programs.parent)
    own = {"PATH": path, "RUNNER_TEMP": str(folder / "temporary")}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder / "project",
        env={**quiet(home), **own, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def deployment(tinybird: Tinybird) -> Mapping[str, str]:
    return {
        "TINYBIRD_HOST": f"http://localhost:{tinybird.port}",
        "TINYBIRD_DEPLOY_TOKEN": tinybird.key,
    }


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
