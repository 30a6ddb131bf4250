"""What the workflows of ``.github`` run."""

import re
import textwrap
from typing import Final

from tests.running_app import ROOT

FOLDER: Final = ROOT / ".github" / "workflows"
_RUN: Final = re.compile(r"^ +(?:- )?run: (?:\|\n((?: {10,}.*\n?)+)|(.*))$", re.MULTILINE)


def scripts(name: str) -> list[str]:
    """Return what each step of a workflow runs, as bash gets it."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert len(_RUN.findall(text)) == text.count("run: ")
    return [textwrap.dedent(block) or line for block, line in _RUN.findall(text)]
