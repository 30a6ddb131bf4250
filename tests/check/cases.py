"""The cases of the table of misconfigurations, for tests that set them up."""

from collections.abc import Callable, Mapping
from typing import Final

from tests.conftest import CHOICE
from tests.misconfigurations import GROUPS, Case
from tests.running_app import ROOT

CASES: Final = [case for group in GROUPS for case in group.cases]
PROJECT: Final = ROOT / CHOICE["TINYBIRD_PROJECT"]

Places = Mapping[str, str]
Enter = Callable[[Case], dict[str, str]]
"""Sets a case up in a folder of its own, and returns its variables."""


def names(case: Case) -> str:
    return case.what
