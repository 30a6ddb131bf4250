"""Runs axe-core, which finds accessibility problems of a page."""

import json
import subprocess
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from clerk_tinybird_app.bun import BUN
from tests.running_app import ROOT, wait_until

VERSION: Final = "4.14.1"
_FOLDER: Final = ROOT / ".local" / f"axe-core-{VERSION}"
_SECONDS: Final = 120
_IS_STILL: Final = """
    !document.querySelector(".other-view") && document.getAnimations().every((each) =>
        each.playState === "finished" || each.effect?.getTiming().iterations === Infinity)
"""
"""What moves has no colours yet, and what another view is about to replace is dimmed."""

_FIND: Final = """
    async (only) => {
      const { violations } = await axe.run({ resultTypes: ["violations"], ...only });
      return violations.flatMap((rule) =>
          rule.nodes.map((node) => `${rule.id}: ${node.target.join(" ")}`));
    }
"""


def axe_script() -> str:
    """Return axe-core's source, fetched by bun on the first call on a machine."""
    script = _FOLDER / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        (_FOLDER / "package.json").write_text(json.dumps({"private": True}))
        command = [str(BUN), "add", "--exact", f"axe-core@{VERSION}"]
        subprocess.run(command, cwd=_FOLDER, check=True, capture_output=True, timeout=_SECONDS)
    return Path(script).read_text(encoding="utf-8")


def findings(page: Page, script: str, *rules: str) -> list[str]:
    """Return what axe finds on the page by ``rules``, or by all; one line for each element."""
    wait_until(lambda: bool(page.evaluate(_IS_STILL)), what="the page does not come to rest")
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(script)
    only = {"runOnly": list(rules)} if rules else {}
    found: list[str] = page.evaluate(_FIND, only)
    return found
