"""Reflex's lines have the form of all others, but for its own in development."""

import json
import logging

import pytest
from reflex_base.environment import environment
from reflex_base.utils.log import RichConsoleHandler

from clerk_tinybird_app.logs.lines import JSON, TEXT
from clerk_tinybird_app.reflex_internals.configuration import unify_logs

pytestmark = pytest.mark.usefixtures("own_logging", "as_under_its_command")


@pytest.fixture
def as_under_its_command(monkeypatch: pytest.MonkeyPatch, own_logging: None) -> None:
    """Give Reflex's logger what its command gives it."""
    monkeypatch.delenv(environment.REFLEX_ENV_MODE.name, raising=False)
    reflexs = logging.getLogger("reflex")
    reflexs.handlers[:], reflexs.propagate = [RichConsoleHandler()], False


@pytest.mark.parametrize(("form", "mode"), [(JSON, ""), (JSON, "prod"), (TEXT, "prod")])
def test_reflexs_lines_are_written_as_all_others(
    form: str, mode: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if mode:
        monkeypatch.setenv(environment.REFLEX_ENV_MODE.name, mode)
    unify_logs(form)
    logging.getLogger("reflex.utils").warning("compiled")

    captured = capsys.readouterr()
    assert captured.out == ""
    if form == JSON:
        assert json.loads(captured.err)["message"] == "compiled"
    else:
        assert captured.err.endswith("WARNING reflex.utils: compiled\n")


def test_in_development_reflexs_command_writes_for_people(
    capsys: pytest.CaptureFixture[str],
) -> None:
    unify_logs(TEXT)
    logging.getLogger("reflex.utils").warning("compiled")

    captured = capsys.readouterr()
    assert "Warning: compiled" in captured.out
    assert captured.err == ""


def test_the_websockets_libraries_write_a_line_once(capsys: pytest.CaptureFixture[str]) -> None:
    engineio = logging.getLogger("engineio.server")
    engineio.addHandler(logging.StreamHandler())
    unify_logs(JSON)
    engineio.error("once")

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "once"
