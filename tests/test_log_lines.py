"""The log lines of every library have one form, as text or as JSON."""

import json
import logging
import logging.config

import pytest
from reflex_base.utils.log import RichConsoleHandler

from clerk_tinybird_app.logs import context
from clerk_tinybird_app.logs.lines import JSON, TEXT, write_lines
from tests.clerk.tokens import token_with

pytestmark = pytest.mark.usefixtures("own_logging")


def test_a_json_line_says_when_who_what_and_whose(capsys: pytest.CaptureFixture[str]) -> None:
    write_lines(JSON)
    with context.in_request("r-1"):
        context.is_for("sess_1", "org_1")
        fields = {"code": "session_expired", "place": "push"}
        logging.getLogger("clerk_tinybird_app.x").info("said %s", "so", extra=fields)

    line = json.loads(capsys.readouterr().err)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "clerk_tinybird_app.x",
        "message": "said so",
        "request_id": "r-1",
        "session_id": "sess_1",
        "tenant_id": "org_1",
        **fields,
    }


def test_a_text_line_says_the_same_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    write_lines(TEXT)
    with context.in_request("r-1"):
        logging.getLogger("clerk_tinybird_app.x").warning("said so\nand more")

    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("Z WARNING clerk_tinybird_app.x: said so [request_id=r-1]")
    assert second == "    and more"


def test_a_request_that_follows_knows_nothing_of_the_session_before() -> None:
    with context.in_request("r-1"):
        context.is_for("sess_1", "org_1")
        with context.in_request("r-2"):
            assert context.ids() == {"request_id": "r-2"}
        assert context.ids()["session_id"] == "sess_1"
    assert context.ids() == {}


@pytest.mark.parametrize("form", [TEXT, JSON])
def test_no_secret_gets_into_a_line_by_its_text_its_fields_or_its_error(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_lines(form)
    secret = token_with()
    try:
        int(secret)
    except ValueError:
        fields = {"path": f"/x/{secret}", "pipe": secret, "unknown": secret}
        logging.getLogger("somebody.elses").exception("failed with %s", secret, extra=fields)

    written = capsys.readouterr().err
    assert secret[:40] not in written
    assert "invalid literal" in written


def test_json_stays_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    write_lines(JSON)
    fields = {"path": '/"}\n{"level": "CRITICAL"}'}
    logging.getLogger("somebody.elses").error('a"}\n{"level": "CRITICAL"}\u2028', extra=fields)

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["level"] == "ERROR"


def test_libraries_keep_quiet_about_what_they_do_at_each_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_lines(JSON)
    logging.getLogger("httpx").info("HTTP Request: GET https://example.com/?secret=1")

    assert capsys.readouterr().err == ""


def test_a_second_call_changes_the_form_and_doubles_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_lines(TEXT)
    write_lines(JSON)
    logging.getLogger("somebody.elses").error("once")

    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "once"


def test_a_servers_own_handlers_are_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    granian = logging.getLogger("_granian")
    granian.addHandler(logging.StreamHandler())
    write_lines(JSON)
    granian.warning("listening")

    captured = capsys.readouterr()
    assert json.loads(captured.err)["logger"] == "_granian"
    assert captured.out == ""


def test_a_handler_that_comes_back_hands_its_records_over(
    capsys: pytest.CaptureFixture[str],
) -> None:
    theirs = logging.getLogger("somebody.elses")
    theirs.addHandler(handler := RichConsoleHandler())
    theirs.propagate = False
    write_lines(JSON, instead_of=[handler])
    write_lines(JSON, instead_of=[handler])
    theirs.error("compiled [bold]well[/bold]", extra={"rich": True})

    captured = capsys.readouterr()
    assert json.loads(captured.err)["message"] == "compiled well"
    assert captured.out == ""
