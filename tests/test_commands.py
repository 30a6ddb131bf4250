"""``python -m clerk_tinybird_app``: what it is on this machine; each command has its own tests."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clerk_tinybird_app import commands
from tests.check.environments import WHOLE

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


def _with_numbers_in(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clerk_tinybird_app", *command],
        env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_folder_of_numbers_that_is_none_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "numbers").touch()

    ended = _with_numbers_in(tmp_path / "numbers", "serve", "--built")

    assert ended.returncode == 1
    assert ended.stderr.startswith("Configuration error: PROMETHEUS_MULTIPROC_DIR names ")
    assert ended.stderr.count("\n") == 1


def test_a_folder_of_numbers_that_is_none_is_a_finding_of_the_check(tmp_path: Path) -> None:
    (tmp_path / "numbers").touch()

    ended = _with_numbers_in(tmp_path / "numbers", "check", "--json")

    assert ended.returncode == 1
    (found,) = [each for each in json.loads(ended.stdout) if each["level"] == "failed"]
    assert found["code"] == "metrics/unusable"
    assert found["text"].startswith("PROMETHEUS_MULTIPROC_DIR names ")


@pytest.mark.usefixtures("own_logging")
def test_the_check_looks_at_the_files_and_the_cores_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = {"REFLEX_REDIS_URL": "redis://localhost", "REDIS_SECRET": "s" * 32}
    (tmp_path / ".env").write_text("".join(f"{n}={v}\n" for n, v in (WHOLE | shared).items()))
    (tmp_path / ".env").chmod(0o644)
    # With it the check ends before it asks anybody.
    monkeypatch.setattr("os.environ", {"SSL_CERT_FILE": "/nowhere/ca.pem"})
    monkeypatch.setattr("clerk_tinybird_app.prebuilt.cores.usable_cores", lambda _: 4)
    monkeypatch.chdir(tmp_path)

    assert commands.run(["check", "--json"]) == 1

    found = {each["code"]: each["text"] for each in json.loads(capsys.readouterr().out)}
    assert "REDIS_SECRET" in found["configuration/exposed"]
    assert found["metrics/one-worker"].startswith("each of 4 workers ")
