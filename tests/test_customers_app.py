"""An app without a token page does not serve the states of the developer's tools."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = """
import json, sys
import clerk_tinybird_app.clerk_tinybird_app
from reflex.state import State
json.dump([state.__name__ for state in State.get_substates()], sys.stdout)
"""
TOOLS = {"PlaygroundState", "BreakInState"}


@pytest.mark.parametrize(("token_page", "tools"), [("0", set()), ("1", TOOLS)])
def test_without_the_token_page_no_event_can_reach_its_playground_or_its_break_in(
    tmp_path: Path, token_page: str, tools: set[str]
) -> None:
    env = {**os.environ, "TOKEN_PAGE": token_page, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=env, capture_output=True, check=True
    )

    states = set(json.loads(done.stdout.splitlines()[-1]))

    assert states & TOOLS == tools
    assert {"DashboardState", "SessionState"} <= states
