"""What Reflex is configured with, and what makes it start the backend again."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import reflex as rx

ROOT = Path(__file__).parents[1]
RXCONFIG = ROOT / "rxconfig.py"
pytestmark = pytest.mark.usefixtures("own_logging")
RELOAD_PATHS = """
import json, os, sys
# ``reflex run`` sets the path so.
sys.path[0] = os.getcwd()
from reflex_base.config import get_config
from reflex.utils.exec import get_reload_paths
get_config()
json.dump([path.name for path in get_reload_paths()], sys.stdout)
"""


def _config() -> rx.Config:
    config: rx.Config = runpy.run_path(str(RXCONFIG))["config"]
    return config


def test_a_tab_has_five_minutes_to_come_back() -> None:
    assert _config().redis_token_expiration == 300


def test_redis_remembers_a_websocket_of_a_worker_that_died_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REFLEX_REDIS_URL", "redis://127.0.0.1:6379")
    monkeypatch.setenv("REDIS_SECRET", "s" * 32)

    assert _config().redis_token_expiration == 300


@pytest.mark.parametrize("excluded", ["", "docs"])
def test_the_tinybird_project_is_the_embedded_tinybirds_to_watch(excluded: str) -> None:
    env = {**os.environ, "REFLEX_HOT_RELOAD_EXCLUDE_PATHS": excluded, "TINYBIRD_PROJECT": ""}
    done = subprocess.run(
        [sys.executable, "-c", RELOAD_PATHS], cwd=ROOT, env=env, capture_output=True, check=True
    )
    watched = json.loads(done.stdout.splitlines()[-1])
    assert {"clerk_tinybird_app", "rxconfig.py"} <= set(watched)
    assert "tinybird" not in watched
    assert ("docs" in watched) is (excluded == "")


def test_a_variable_that_reflex_cannot_read_ends_the_start_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REFLEX_REDIS_TOKEN_EXPIRATION", "soon")

    with pytest.raises(SystemExit, match=r"Configuration error: Reflex cannot read .*token_expir"):
        _config()
