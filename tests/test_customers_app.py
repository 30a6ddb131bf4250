"""An app without a token page neither serves nor names the developer's tools."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.check.environments import WHOLE

ROOT = Path(__file__).parents[1]
TOOLS = {"PlaygroundState", "BreakInState"}
PROGRAM = r"""
import json, re, sys
import clerk_tinybird_app.clerk_tinybird_app
from reflex.components.base.bare import Bare
from reflex.components.component import BaseComponent, Component
from reflex.state import State
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
states = [state.__name__ for state in State.get_substates()]
json.dump({"states": states, "texts": list(texts(shown))}, sys.stdout)
"""
TOOL = re.compile(r"tinybird|clerk|token|\bpipe|curl|query|queries", re.IGNORECASE)


@pytest.mark.parametrize("is_for_customers", [True, False])
def test_without_the_token_page_no_state_and_no_text_is_of_a_developers_tool(
    tmp_path: Path, is_for_customers: bool
) -> None:
    # No embedded service: what its banner says is for developers.
    page = WHOLE | {"TOKEN_PAGE": "0" if is_for_customers else "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, env=os.environ | page,
        capture_output=True, check=True,
    )  # fmt: skip

    told = json.loads(done.stdout.splitlines()[-1])

    states = set(told["states"])
    assert states & TOOLS == (set() if is_for_customers else TOOLS)
    assert {"DashboardState", "SessionState"} <= states
    named = [text for text in told["texts"] if TOOL.search(text)]
    assert len(told["texts"]) > 40
    assert bool(named) is not is_for_customers, named
