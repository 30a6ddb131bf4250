"""The clients' environment is made once, and a failure to make it says what to do."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.products.demo.clients import isolated


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The commands that were asked for, instead of run; each leaves a Python behind."""
    asked: list[str] = []

    def run(command: tuple[str, ...], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(" ".join(command[1:3]))
        program = tmp_path / "venv" / "bin" / "python"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    return asked


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    file = tmp_path / "requirements.txt"
    file.write_text("client==1\n")
    return file


def test_it_is_made_once(steps: list[str], pins: Path, tmp_path: Path) -> None:
    made = [isolated.environment("python3", tmp_path / "venv", pins) for _ in range(3)]

    assert set(made) == {tmp_path / "venv" / "bin"}
    assert steps == ["-m venv", "-m pip"]


def test_it_is_made_again_for_other_pins(steps: list[str], pins: Path, tmp_path: Path) -> None:
    isolated.environment("python3", tmp_path / "venv", pins)
    pins.write_text("client==2\n")
    isolated.environment("python3", tmp_path / "venv", pins)

    assert steps == ["-m venv", "-m pip"] * 2


def test_it_is_made_again_when_its_python_is_gone(
    steps: list[str], pins: Path, tmp_path: Path
) -> None:
    bin_folder = isolated.environment("python3", tmp_path / "venv", pins)
    (bin_folder / "python").unlink()
    isolated.environment("python3", tmp_path / "venv", pins)

    assert steps == ["-m venv", "-m pip"] * 2


def test_a_step_that_fails_is_told_with_its_output_and_tried_again_next_time(
    monkeypatch: pytest.MonkeyPatch, pins: Path, tmp_path: Path
) -> None:
    def fail(command: tuple[str, ...], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "no index here")

    monkeypatch.setattr(subprocess, "run", fail)

    for _ in range(2):
        with pytest.raises(isolated.NotMadeError, match=r"(?s)needs .* pip .*no index here"):
            isolated.environment("python3", tmp_path / "venv", pins)


def test_a_step_that_hangs_is_told(
    monkeypatch: pytest.MonkeyPatch, pins: Path, tmp_path: Path
) -> None:
    def hang(command: tuple[str, ...], *, timeout: float, **_: object) -> None:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(subprocess, "run", hang)

    with pytest.raises(isolated.NotMadeError, match="longer than 300 s"):
        isolated.environment("python3", tmp_path / "venv", pins)


def test_an_older_python_stands_in_for_one_that_is_too_new(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "python3.13"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    (tmp_path / "python3.12").symlink_to(sys.executable)
    monkeypatch.setattr(sys, "version_info", isolated.TOO_NEW)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert isolated.find_python() == str(tmp_path / "python3.12")


def test_there_may_be_no_python_that_fits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "version_info", isolated.TOO_NEW)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert isolated.find_python() is None
