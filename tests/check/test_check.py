"""``python -m clerk_tinybird_app check``: what it says about each thing that can be wrong."""

import io
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from clerk_tinybird_app import services
from clerk_tinybird_app.__main__ import main
from clerk_tinybird_app.check import Surroundings
from clerk_tinybird_app.check import run as run_module
from clerk_tinybird_app.settings import Settings
from tests.check.servers import KEY, NOW, WORKSPACE, Servers
from tests.clerk.tokens import KID, jwk, pem
from tests.sessions import PIPES
from tests.test_settings import HOST_KEY

PROJECT = Path(__file__).parents[2] / "tinybird"
CLERK_HOST = "happy-cat-1.clerk.accounts.dev"
TINYBIRD_HOST = "api.tinybird.co"
CLERK = {"CLERK_PUBLISHABLE_KEY": HOST_KEY}
TINYBIRD = {
    "TINYBIRD_API_URL": f"https://{TINYBIRD_HOST}",
    "TINYBIRD_WORKSPACE_ID": WORKSPACE,
    "TINYBIRD_JWT_SECRET": KEY,
}

CONFIGURED = {"configuration", "origins"}
OF_TINYBIRD = {"Tinybird", "tokens", "pipes", "forgeries"}

Check = Callable[..., tuple[int, str]]


@pytest.fixture
def check(local_folder: Path, tmp_path: Path) -> Check:
    """Run the command against ``servers`` and return its exit status and what it printed."""

    def run(
        servers: Servers,
        environ: Mapping[str, str] = CLERK | TINYBIRD,
        project: Path = PROJECT,
    ) -> tuple[int, str]:
        folder = tmp_path / "local"
        shutil.copytree(local_folder, folder, dirs_exist_ok=True)
        around = Surroundings(
            load=lambda: Settings.from_environ(environ),
            build=lambda settings: services.build(settings, folder=folder),
            project=project,
            transport=servers.transport,
            clock=lambda: NOW,
        )
        out = io.StringIO()
        status = main(["check"], around=around, out=out)
        return status, out.getvalue()

    return run


def levels(text: str) -> dict[str, str]:
    """Return name -> level of the report, the worst level where a name is there twice."""
    order = ["ok", "note", "warning", "FAILED"]
    found: dict[str, str] = {}
    for line in text.splitlines():
        level, name = line[:9].strip(), line[9:24].strip()
        if level and order.index(level) >= order.index(found.get(name, "ok")):
            found[name] = level
    return found


def test_a_whole_and_right_configuration_passes(check: Check) -> None:
    status, text = check(Servers())

    assert status == 0
    assert set(levels(text)) == {*CONFIGURED, "Clerk keys", "clock", *OF_TINYBIRD, "project"}
    assert set(levels(text).values()) == {"ok"}
    assert f"{CLERK_HOST} publishes 1 key" in text


def test_no_secret_and_no_token_is_printed(check: Check) -> None:
    secret = {"CLERK_SECRET_KEY": "sk_test_a-secret-key", "TINYBIRD_API_KEY": "p.anonymous-token"}

    for servers in (Servers(), Servers(key="another-key-" * 4)):
        _, text = check(servers, CLERK | TINYBIRD | secret)

        assert not [value for value in (KEY, "eyJ", *secret.values()) if value in text]


def test_nothing_configured_passes_and_says_how_to_start_tinybird(check: Check) -> None:
    status, text = check(Servers(down=frozenset({"localhost"})), {})

    assert status == 0
    assert levels(text)["Clerk keys"] == "ok"
    assert levels(text)["Tinybird"] == "warning"
    assert "python -m clerk_tinybird_app.local.tinybird" in text


def test_a_tinybird_local_at_the_port_is_used_with_its_own_workspace(check: Check) -> None:
    status, text = check(Servers(key="another-machines-admin-token-" * 2, workspace="other"), {})

    assert status == 0
    assert levels(text)["tokens"] == "ok"


def test_a_tinybird_on_the_port_without_a_workspace_fails(check: Check) -> None:
    status, text = check(Servers(key=""), {})

    assert status == 1
    assert "names no workspace" in text


@pytest.mark.parametrize(
    ("environ", "name", "words"),
    [
        ({"CLERK_SECRET_KEY": "sk_test_x"}, "configuration", "CLERK_PUBLISHABLE_KEY"),
        ({"TINYBIRD_RPS": "ten"}, "configuration", "TINYBIRD_RPS"),
        ({"REFLEX_BACKEND_HOST": "0.0.0.0"}, "starting", "not a loopback address"),
        (TINYBIRD | {"TINYBIRD_API_KEY": KEY}, "configuration", "is the workspace's signing key"),
    ],
)
def test_a_configuration_that_cannot_serve_fails_by_name(
    check: Check, environ: dict[str, str], name: str, words: str
) -> None:
    status, text = check(Servers(), environ)

    assert status == 1
    assert levels(text)[name] == "FAILED"
    assert words in text


def test_the_project_is_held_to_the_policy_whatever_the_configuration(check: Check) -> None:
    _, text = check(Servers(), {"TINYBIRD_RPS": "ten"})

    assert levels(text) == {"configuration": "FAILED", "project": "ok"}


def test_an_origin_in_the_clear_is_a_warning(check: Check) -> None:
    origin = {"CLERK_AUTHORIZED_PARTIES": "http://app.example.com,http://localhost:3000"}

    status, text = check(Servers(), CLERK | TINYBIRD | origin)

    assert (status, levels(text)["origins"]) == (0, "warning")
    assert "unprotected to http://app.example.com\n" in text


@pytest.mark.parametrize("jwks", [404, "<html>", {"keys": []}, {"keys": [{"kty": "oct"}]}])
def test_a_clerk_without_usable_keys_fails(check: Check, jwks: object) -> None:
    status, text = check(Servers(jwks=jwks))

    assert (status, levels(text)["Clerk keys"]) == (1, "FAILED")


def test_a_clerk_that_cannot_be_reached_fails(check: Check) -> None:
    status, text = check(Servers(down=frozenset({CLERK_HOST})))

    assert (status, levels(text)["Clerk keys"]) == (1, "FAILED")
    assert levels(text)["tokens"] == "ok"


def test_with_a_key_in_the_settings_clerk_need_not_be_reached(check: Check) -> None:
    own = {"CLERK_JWT_KEY": pem()}

    status, text = check(Servers(down=frozenset({CLERK_HOST})), CLERK | TINYBIRD | own)

    assert (status, levels(text)["Clerk keys"]) == (0, "warning")


@pytest.mark.parametrize(("kid", "level"), [(KID, "ok"), ("ins_other", "FAILED")])
def test_a_key_in_the_settings_must_be_one_that_clerk_publishes(
    check: Check, kid: str, level: str
) -> None:
    own = {"CLERK_JWT_KEY": pem()}

    _, text = check(Servers(jwks={"keys": [jwk(kid)]}), CLERK | TINYBIRD | own)

    assert levels(text)["Clerk keys"] == level


@pytest.mark.parametrize(
    ("behind", "level"), [(0, "ok"), (5, "ok"), (-5, "ok"), (30, "warning"), (-30, "warning")]
)
def test_a_clock_that_is_off_is_a_warning(check: Check, behind: int, level: str) -> None:
    _, text = check(Servers(behind=behind))

    assert levels(text)["clock"] == level
    if level == "warning":
        assert f"30 seconds {'ahead of' if behind > 0 else 'behind'}" in text


def test_a_server_that_does_not_say_the_time_is_a_note(check: Check) -> None:
    status, text = check(Servers(says_time=False))

    assert (status, levels(text)["clock"]) == (0, "note")


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
    down = frozenset({TINYBIRD_HOST, "localhost"})

    status, text = check(Servers(down=down), CLERK | TINYBIRD | {"TINYBIRD_API_URL": url})

    assert (status, levels(text)["Tinybird"]) == (1, "FAILED")
    assert advice in text


def test_another_server_at_tinybirds_address_fails(check: Check) -> None:
    status, text = check(Servers(is_tinybird=False))

    assert (status, levels(text)["Tinybird"]) == (1, "FAILED")
    assert "is not Tinybird's API" in text


@pytest.mark.parametrize("changes", [{"key": "another-key-" * 4}, {"workspace": "another"}])
def test_a_wrong_key_or_workspace_fails_and_proves_nothing_about_forgeries(
    check: Check, changes: dict[str, Any]
) -> None:
    status, text = check(Servers(**changes))

    assert (status, levels(text)["tokens"]) == (1, "FAILED")
    assert "forgeries" not in levels(text)


def test_a_tinybird_that_takes_any_token_fails(check: Check) -> None:
    status, text = check(Servers(key=""))

    assert (status, levels(text)["forgeries"]) == (1, "FAILED")
    assert "a token signed with another key is answered" in text
    assert "an expired token is answered" in text


def test_rows_of_other_tenants_for_a_tenant_without_rows_fail(check: Check) -> None:
    status, text = check(Servers(rows=[{"tenant_id": "org_acme"}]))

    assert (status, levels(text)["pipes"]) == (1, "FAILED")
    assert f"{PIPES[0]} answered 1 rows of other tenants" in text
    assert "org_acme" not in text


@pytest.mark.parametrize(
    ("refusal", "status", "level"),
    [
        ((404, "The pipe 'x' does not exist"), 1, "FAILED"),
        ((403, "no scope"), 1, "FAILED"),
        ((400, "[Error] UNKNOWN_IDENTIFIER"), 1, "FAILED"),
        ((500, "oops"), 1, "FAILED"),
        ((400, "Template Syntax Error: Required parameter is not defined. x"), 0, "warning"),
        ((408, "too slow"), 0, "warning"),
        ((429, "too many"), 0, "warning"),
    ],
)
def test_a_pipe_that_does_not_answer_is_named_with_tinybirds_words(
    check: Check, refusal: tuple[int, str], status: int, level: str
) -> None:
    found, text = check(Servers(refusals={PIPES[1]: refusal}))

    assert (found, levels(text)["pipes"]) == (status, level)
    assert PIPES[1] in text
    assert refusal[1] in text


def test_control_characters_of_a_server_never_reach_the_terminal(check: Check) -> None:
    _, text = check(Servers(refusals={PIPES[0]: (500, "\x1b[2J\x07")}))

    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT 1 {% if defined(tenant_id) %}{{ String(tenant_id) }}{% end %}", ":4: tenant_id"),
        (None, "The pipe has no NODE"),
    ],
)
def test_a_project_that_could_leak_or_cannot_be_read_fails_with_file_and_line(
    check: Check, tmp_path: Path, sql: str | None, words: str
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    text = f"NODE a\nSQL >\n    %\n    {sql}\nTYPE endpoint\n" if sql else "DESCRIPTION x\n"
    (project / f"{PIPES[0]}.pipe").write_text(text)

    status, shown = check(Servers(), project=project)

    assert (status, levels(shown)["project"]) == (1, "FAILED")
    assert f"project/{PIPES[0]}.pipe:" in shown
    assert words in shown


def test_a_project_that_is_not_there_fails(check: Check, tmp_path: Path) -> None:
    status, text = check(Servers(), project=tmp_path / "nowhere")

    assert (status, levels(text)["project"]) == (1, "FAILED")


def test_a_service_that_answers_too_slowly_is_given_up(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "SECTION_SECONDS", 0.02)

    status, text = check(Servers(silent=frozenset({CLERK_HOST, TINYBIRD_HOST})))

    assert status == 1
    assert text.count("did not finish in time") == 2


@pytest.mark.parametrize("arguments", [[], ["chekc"], ["check", "--fast"]])
def test_an_unknown_command_shows_the_usage(arguments: list[str]) -> None:
    out = io.StringIO()

    assert main(arguments, around=Surroundings(), out=out) == 2
    assert out.getvalue().startswith("usage: python -m clerk_tinybird_app check")
