"""``python -m clerk_tinybird_app`` until a command begins; the commands have tests of their own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

# It presses Ctrl+C at the moment at which the app is imported.
_INTERRUPTED = """
import os, runpy, signal, sys

class Finder:
    def find_spec(self, name, *_):
        if name == "clerk_tinybird_app.commands":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
runpy.run_module("clerk_tinybird_app", run_name="__main__")
"""


def test_a_ctrl_c_while_the_app_is_imported_leaves_no_traceback() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED], capture_output=True, text=True, check=False
    )

    assert ended.returncode == -signal.SIGINT
    assert ended.stderr == ""


@pytest.mark.parametrize("command", [["serve", "--built"], ["check"]])
def test_a_folder_of_numbers_that_is_none_ends_every_command_with_a_sentence(
    command: list[str], tmp_path: Path
) -> None:
    (tmp_path / "numbers").touch()
    env = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "numbers")}

    ended = subprocess.run(
        [sys.executable, "-m", "clerk_tinybird_app", *command],
        env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == 1
    assert ended.stderr.startswith("Configuration error: PROMETHEUS_MULTIPROC_DIR names ")
    assert ended.stderr.count("\n") == 1
