"""``python -m clerk_tinybird_app check``: what it prints, and its exit status."""

import io
import re
from pathlib import Path

import pytest

from clerk_tinybird_app import products
from clerk_tinybird_app.check import Surroundings
from clerk_tinybird_app.commands import main
from clerk_tinybird_app.settings import Settings
from tests.check.conftest import Check
from tests.check.environments import WHOLE
from tests.check.servers import ANONYMOUS, KEY, NOW, Servers
from tests.conftest import CHOICE

ROOT = Path(__file__).parents[2]
CODE = re.compile(r'"([a-z]+(?:-[a-z]+)*/[a-z]+(?:-[a-z]+)*)"')


def test_people_and_scripts_are_told_the_same(check: Check) -> None:
    servers = Servers(refusals={"latest": (500, "oops")})

    report = check(WHOLE, transport=servers.transport, now=NOW, is_shown=True)

    assert all(set(each) == {"level", "code", "text", "advice"} for each in report.findings)
    assert {each["level"] for each in report.findings} <= {"ok", "note", "warning", "failed"}
    heads = [line for line in report.text.splitlines() if not line.startswith(" ")]
    assert [line.split()[:2] for line in heads] == [
        [each["level"].replace("failed", "FAILED"), each["code"]] for each in report.findings
    ]


def test_no_secret_and_no_token_is_printed(check: Check) -> None:
    secret = {"CLERK_SECRET_KEY": "sk_test_a-secret-key", "TINYBIRD_API_KEY": ANONYMOUS}

    for servers in (Servers(), Servers(key="another-key-" * 4)):
        report = check(WHOLE | secret, transport=servers.transport, now=NOW, is_shown=True)

        shown = report.text + str(report.findings)
        assert not [value for value in (KEY, "eyJ", *secret.values()) if value in shown]


def test_the_exit_status_is_0_without_and_1_with_something_that_failed(check: Check) -> None:
    well, chosen = Servers(tenants={}, everybody=[]), WHOLE | CHOICE

    assert check(chosen, products.assemble, transport=well.transport, now=NOW).status == 0
    assert (
        check(chosen, products.assemble, transport=Servers(jwks=404).transport, now=NOW).status == 1
    )


@pytest.mark.parametrize("arguments", [[], ["chekc"], ["check", "--fast"]])
def test_another_command_is_status_2_with_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments, around=Surroundings(), out=io.StringIO())

    assert ended.value.code == 2
    assert "usage: python -m clerk_tinybird_app" in capsys.readouterr().err


def test_a_check_that_cannot_be_run_is_status_2_and_prints_no_report(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken() -> Settings:
        raise RuntimeError("Authorization: Bearer abcdefgh12345678")

    out = io.StringIO()

    assert main(["check", "--json"], around=Surroundings(load=broken), out=out) == 2
    assert out.getvalue() == ""
    assert "could not be run" in (told := capsys.readouterr().err)
    assert "abcdefgh12345678" not in told


def test_the_help_tells_the_exit_statuses_and_what_a_script_gets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["check", "--help"], around=Surroundings(), out=io.StringIO())

    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(word in told for word in ("exit status", "0  ", "1  ", "2  ", "--json", "code"))


def test_every_code_is_explained_and_none_that_is_not_there() -> None:
    sources = (ROOT / "clerk_tinybird_app" / "check").glob("*.py")
    used = {code for file in sources for code in CODE.findall(file.read_text(encoding="utf-8"))}
    text = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `([a-z/-]+)`", text, re.MULTILINE)) == used
