"""tinybird-sdk, the Python SDK, works unchanged: a project is deployed, filled and read."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.local.tinybird.process import Tinybird
from tests.products.demo.clients import isolated
from tests.products.demo.clients.tb import SECONDS, quiet

PROGRAM = Path(__file__).with_name("sdk_program.py")
PINS = Path(__file__).with_name("sdk_requirements.txt")
FOLDER = isolated.FOLDER.with_name("sdk-venv")


@pytest.fixture(scope="module")
def python() -> Path:
    found = isolated.find_python()
    if found is None:
        pytest.skip("The SDK is tested on the Pythons of Tinybird's own CLI; none of them is here.")
    return isolated.environment(found, FOLDER, PINS, "--no-deps") / "python"


def test_a_project_is_deployed_filled_and_read(
    python: Path, tinybird: Tinybird, tmp_path: Path
) -> None:
    made = tinybird.post("/v1/workspaces", params={"name": "of_the_sdk"}).json()
    done = subprocess.run(
        [str(python), "-I", str(PROGRAM), f"http://localhost:{tinybird.port}"],
        input=made["token"],
        env=dict(quiet(tmp_path)),
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "workspace": "of_the_sdk",
        "build": True,
        "deploy": True,
        "one": {"successful_rows": 1, "quarantined_rows": 0},
        "more": {"successful_rows": 2, "quarantined_rows": 1},
        "pages": [{"path": "/a", "views": 1}, {"path": "/b", "views": 1}],
        "days": [{"views": 3}],
        "tenant": [{"path": "/es", "views": 1}],
        "refused": [403, 403, 400],
        "removed": 1,
        "left": [],
        "pulled": True,
    }
