"""Runs a module of the benchmarks in a process of its own, for one job."""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Final

from tests.running_app import ROOT

_TIMEOUT_SECONDS: Final = 60


def run_apart(module: str, job: Mapping[str, Any]) -> Any:
    """Give ``job`` as JSON to a module's input; return the JSON it prints.

    The job goes by the input because a command line is readable by everybody on the machine, and
    jobs hold tokens.

    Raises:
        subprocess.SubprocessError: It failed, or took longer than a minute.
    """
    done = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT, input=json.dumps(job), stdout=subprocess.PIPE,
        text=True, check=True, timeout=_TIMEOUT_SECONDS,
    )  # fmt: skip
    return json.loads(done.stdout)
