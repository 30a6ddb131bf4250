"""A Tinybird as it answers over the network: reached, its tokens, its pipes, the anonymous key."""

from typing import Any

import pytest

from clerk_tinybird_app.check import run as run_module
from tests.check.conftest import Check, Report
from tests.check.environments import CLERK_HOST, TINYBIRD_HOST, WHOLE
from tests.check.servers import ANONYMOUS, NOW, Servers

KEYED = {"TINYBIRD_API_KEY": ANONYMOUS}


def asked(check: Check, servers: Servers, environ: dict[str, str] | None = None) -> Report:
    return check(WHOLE if environ is None else environ, transport=servers.transport, now=NOW)


def test_a_whole_and_right_configuration_has_nothing_that_fails(check: Check) -> None:
    report = asked(check, Servers())

    assert report.failed == set()
    assert report.levels["isolation/proved"] == "ok"
    assert set(report.levels.values()) == {"ok"}


def test_a_tinybird_of_this_machine_that_is_not_there_is_a_warning_that_says_how_to_start_it(
    check: Check,
) -> None:
    report = asked(check, Servers(down=frozenset({"localhost"})), {})

    assert report.failed == set()
    assert report.levels["clerk/embedded"] == "ok"
    assert report.levels["tinybird/not-running"] == "warning"
    assert "clerk_tinybird_app.local.tinybird" in report.said("tinybird/not-running")


def test_a_tinybird_local_at_the_port_is_used_with_its_own_workspace(check: Check) -> None:
    servers = Servers(key="another-machines-admin-token-" * 2, workspace="other")

    report = asked(check, servers, {})

    assert report.levels["tokens/taken"] == "ok"


def test_a_tinybird_on_the_port_without_a_workspace_fails(check: Check) -> None:
    report = asked(check, Servers(key=""), {})

    assert (report.status, report.levels["tinybird/no-workspace"]) == (1, "failed")


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        (f"https://{TINYBIRD_HOST}", "Check the network and TINYBIRD_API_URL"),
        ("http://localhost:7181", "tb local start"),
    ],
)
def test_a_configured_tinybird_that_cannot_be_reached_fails(
    check: Check, url: str, advice: str
) -> None:
    down = Servers(down=frozenset({TINYBIRD_HOST, "localhost"}))

    report = asked(check, down, WHOLE | {"TINYBIRD_API_URL": url})

    assert (report.status, report.levels["tinybird/unreachable"]) == (1, "failed")
    assert advice in report.said("tinybird/unreachable")


def test_another_server_at_tinybirds_address_fails(check: Check) -> None:
    report = asked(check, Servers(is_tinybird=False))

    assert (report.status, report.levels["tinybird/another-server"]) == (1, "failed")


@pytest.mark.parametrize("changes", [{"key": "another-key-" * 4}, {"workspace": "another"}])
def test_a_wrong_key_or_workspace_fails_and_proves_nothing_about_forgeries(
    check: Check, changes: dict[str, Any]
) -> None:
    report = asked(check, Servers(**changes))

    assert (report.status, report.levels["tokens/refused"]) == (1, "failed")
    assert not [code for code in report.levels if code.startswith(("tokens/forged", "isolation"))]


def test_a_tinybird_that_checks_no_tokens_fails(check: Check) -> None:
    report = asked(check, Servers(key=""))

    assert (report.status, report.levels["tokens/forged-taken"]) == (1, "failed")
    assert "a token signed with another key is answered" in report.said("tokens/forged-taken")
    assert "an expired token is answered" in report.said("tokens/forged-taken")


def test_rows_for_everybody_fail_and_are_not_repeated(check: Check) -> None:
    report = asked(check, Servers(everybody=[{"customer": "org_acme", "hits": 500}]))

    assert (report.status, report.levels["isolation/leak"]) == (1, "failed")
    assert "org_acme" not in str(report.findings)


def test_tenants_that_cannot_be_looked_for_are_a_warning_that_says_so(check: Check) -> None:
    report = asked(check, Servers(tenants=None))

    assert report.failed == set()
    assert report.levels["isolation/tenants-unknown"] == "warning"
    assert "the tenants of hits cannot be had" in report.said("isolation/tenants-unknown")
    assert "org_one" not in str(report.findings)
    assert "isolation/proved" not in report.levels


def test_tinybird_is_only_ever_read(check: Check) -> None:
    servers = Servers()

    asked(check, servers, WHOLE | KEYED)

    assert {each.method for each in servers.asked} == {"GET"}
    queries = [each.url.params["q"] for each in servers.asked if each.url.path == "/v0/sql"]
    assert all(query.startswith("SELECT") and " LIMIT " in query for query in queries)


@pytest.mark.parametrize(
    ("refusal", "code", "level"),
    [
        ((404, "The pipe 'x' does not exist"), "pipes/missing", "failed"),
        ((403, "no scope"), "pipes/failing", "failed"),
        ((400, "[Error] UNKNOWN_IDENTIFIER"), "pipes/failing", "failed"),
        ((500, "oops"), "pipes/failing", "failed"),
        (
            (400, "Template Syntax Error: Required parameter is not defined. x"),
            "pipes/not-run",
            "warning",
        ),
        ((408, "too slow"), "pipes/no-answer", "warning"),
        ((429, "too many"), "pipes/no-answer", "warning"),
    ],
)
def test_a_pipe_that_does_not_answer_is_named_once_with_tinybirds_words(
    check: Check, refusal: tuple[int, str], code: str, level: str
) -> None:
    report = asked(check, Servers(refusals={"latest": refusal}))

    assert report.levels[code] == level
    assert report.said(code).startswith("latest")
    assert report.said(code).count(refusal[1]) == 1


@pytest.mark.parametrize(
    "said",
    [
        "[Error] Cannot parse string 'o'hara' as UInt32: syntax error. (CANNOT_PARSE_TEXT)",
        "[Error] Unexpected value o'hara in enum (UNKNOWN_ELEMENT_OF_ENUM)",
        "[Error] Value o'hara: while executing 'FUNCTION toUInt32(person)'",
    ],
)
def test_an_error_that_quotes_a_row_is_told_without_its_value(check: Check, said: str) -> None:
    report = asked(check, Servers(refusals={"latest": (400, said)}))

    assert report.said("pipes/failing").startswith("latest: its SQL fails on a value of a row")
    assert "hara" not in report.text + str(report.findings)


def test_an_endpoint_of_the_workspace_that_nobody_may_read_is_a_note(check: Check) -> None:
    report = asked(check, Servers(extra=("total", "forgotten")))

    assert report.levels["pipes/unread"] == "note"
    assert "has forgotten," in report.said("pipes/unread")


def test_control_characters_of_a_server_never_reach_the_terminal(check: Check) -> None:
    servers = Servers(refusals={"latest": (500, "\x1b[2J\x07")})

    report = check(WHOLE, transport=servers.transport, now=NOW, is_shown=True)

    assert "\x1b" not in report.text + report.said("pipes/failing")
    assert "\x07" not in report.text + report.said("pipes/failing")


def test_an_anonymous_key_that_reads_nothing_of_the_policy_is_fit(check: Check) -> None:
    report = asked(check, Servers(), WHOLE | KEYED)

    assert report.levels["anonymous-key/fit"] == "ok"
    assert ANONYMOUS not in str(report.findings)


@pytest.mark.parametrize(
    ("anonymous", "code", "level"),
    [
        (None, "anonymous-key/refused", "failed"),
        ({"/v0/tokens": 200}, "anonymous-key/admin", "failed"),
        ({"/v0/datasources": 200}, "anonymous-key/data-sources", "failed"),
        ({"/v0/pipes/total.json": 200}, "anonymous-key/reads-pipes", "failed"),
        ({"/v0/pipes/total.json": 400}, "anonymous-key/reads-pipes", "failed"),
        ({"/v0/pipes/total.json": 500}, "anonymous-key/untried", "warning"),
    ],
)
def test_an_anonymous_key_is_tried_and_may_not_be_more_than_it_must(
    check: Check, anonymous: dict[str, int] | None, code: str, level: str
) -> None:
    report = asked(check, Servers(anonymous=anonymous), WHOLE | KEYED)

    assert report.levels[code] == level
    assert "anonymous-key/fit" not in report.levels
    assert report.status == 1 or level == "warning"


def test_a_service_that_answers_too_slowly_is_given_up(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "CLERK_SECONDS", 0.02)
    monkeypatch.setattr(run_module, "TINYBIRD_SECONDS", 0.02)

    report = asked(check, Servers(silent=frozenset({CLERK_HOST, TINYBIRD_HOST})))

    assert report.levels["clerk/too-slow"] == "failed"
    assert report.levels["tinybird/too-slow"] == "failed"
