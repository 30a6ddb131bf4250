"""What of the project's folder makes ``reflex run`` start the backend again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = """
import json, os, sys
# As ``reflex run`` has it.
sys.path[0] = os.getcwd()
from reflex_base.config import get_config
from reflex.utils.exec import get_reload_paths
get_config()
json.dump([path.name for path in get_reload_paths()], sys.stdout)
"""


@pytest.mark.parametrize("excluded", ["", "docs"])
def test_the_tinybird_project_is_the_embedded_tinybirds_to_watch(excluded: str) -> None:
    env = {**os.environ, "REFLEX_HOT_RELOAD_EXCLUDE_PATHS": excluded, "TINYBIRD_PROJECT": ""}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=env, capture_output=True, check=True
    )
    watched = json.loads(done.stdout.splitlines()[-1])
    assert {"clerk_tinybird_app", "rxconfig.py"} <= set(watched)
    assert "tinybird" not in watched
    assert ("docs" in watched) is (excluded == "")
