"""Tinybird's own SDKs work unchanged: a project is deployed, filled, read and given back."""

import json
import subprocess
from pathlib import Path

import pytest

from clerk_tinybird_app.bun import BUN
from tests.local.tinybird.process import Tinybird
from tests.products.demo.clients import isolated
from tests.products.demo.clients.tb import SECONDS, quiet

HERE = Path(__file__).parent
LOCAL = isolated.FOLDER.parent
TYPESCRIPT = "@tinybirdco/sdk@0.0.84"
INSTALL_SECONDS = 120


@pytest.fixture(scope="module")
def python() -> list[str]:
    """The command that runs the Python SDK's program."""
    found = isolated.find_python()
    if found is None:
        pytest.skip(isolated.ADVICE)
    pins = HERE / "python_sdk_requirements.txt"
    programs = isolated.environment(found, LOCAL / "python-sdk-venv", pins, "--no-deps")
    return [str(programs / "python"), "-I", str(HERE / "python_sdk_program.py")]


@pytest.fixture(scope="module")
def typescript() -> list[str]:
    """The command that runs the TypeScript SDK's program, in the folder that has the SDK."""
    folder = LOCAL / TYPESCRIPT.replace("/", "-").removeprefix("@")
    if not (folder / "bun.lock").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        command = [str(BUN), "add", "--exact", "--ignore-scripts", TYPESCRIPT]
        subprocess.run(
            command, cwd=folder, check=True, capture_output=True, timeout=INSTALL_SECONDS
        )
    return [str(BUN), "--cwd", str(folder), str(HERE / "typescript_sdk_program.mjs")]


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_a_project_is_deployed_filled_read_and_given_back(
    request: pytest.FixtureRequest, tinybird: Tinybird, tmp_path: Path, language: str
) -> None:
    command = request.getfixturevalue(language)
    with tinybird.workspace(language) as made:
        done = subprocess.run(
            [*command, f"http://localhost:{tinybird.port}"],
            input=made["token"],
            env=dict(quiet(tmp_path)),
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=SECONDS,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "workspace": language,
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
