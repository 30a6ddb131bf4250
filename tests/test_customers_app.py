"""An app without a token page does not serve the states of the developer's tools."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.check.environments import WHOLE

ROOT = Path(__file__).parents[1]
PROGRAM = """
import json, sys
import clerk_tinybird_app.clerk_tinybird_app
from reflex.state import State
json.dump([state.__name__ for state in State.get_substates()], sys.stdout)
"""
TOOLS = {"PlaygroundState", "BreakInState"}
TEXTS = r"""
import json, re, sys
from reflex.components.base.bare import Bare
from reflex.components.component import BaseComponent, Component
from reflex.utils.format import to_kebab_case
from reflex.vars.sequence import LiteralStringVar
from clerk_tinybird_app.components.layout import layout
from clerk_tinybird_app.components.notices import (
    clerk_failed_notice, impersonation_notice, refused_notice, stalled_notice, unconfirmed_notice,
)
from clerk_tinybird_app.pages.dashboard import dashboard_page

def texts(component):
    if isinstance(component, Bare) and isinstance(component.contents, LiteralStringVar):
        yield component.contents._var_value
    elif isinstance(component, Component):
        for name, value in component._render().props.items():
            if to_kebab_case(name) in ("aria-label", "title", "label"):
                yield from re.findall(r'"([^"]*)"', str(value))
    for child in component.children:
        yield from texts(child)

shown = layout(
    clerk_failed_notice(), impersonation_notice(), refused_notice(), stalled_notice(),
    unconfirmed_notice(), dashboard_page()(), dashboard_page("queue")(),
)
json.dump(list(texts(shown)), sys.stdout)
"""
TOOL = re.compile(r"tinybird|clerk|token|\bpipe|curl|query|queries", re.IGNORECASE)


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


@pytest.mark.parametrize("is_for_customers", [True, False])
def test_no_text_of_a_customers_page_names_a_developers_tool(
    tmp_path: Path, is_for_customers: bool
) -> None:
    # No embedded service: what its banner says is for developers.
    page = WHOLE | {"TOKEN_PAGE": "0" if is_for_customers else "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", TEXTS], cwd=tmp_path, env=os.environ | page,
        capture_output=True, check=True,
    )  # fmt: skip

    said = json.loads(done.stdout.splitlines()[-1])

    named = [text for text in said if TOOL.search(text)]
    assert len(said) > 40
    assert bool(named) is not is_for_customers, named
