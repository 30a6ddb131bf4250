"""Variables that nothing reads are reported, with the name that was probably meant."""

from pathlib import Path

import pytest

from clerk_tinybird_app.reflex_internals.configuration import reflex_variables
from clerk_tinybird_app.settings.unread_variables import unread_variables


def told(folder: Path, monkeypatch: pytest.MonkeyPatch, *names: str, in_file: str = "") -> str:
    (folder / ".env").write_text(in_file)
    monkeypatch.setattr("os.environ", dict.fromkeys(names, "secret"))
    return "\n".join(unread_variables(reflex_variables(), folder))


@pytest.mark.parametrize(
    ("mistaken", "meant"),
    [
        ("CLERK_AUTHORISED_PARTIES", "CLERK_AUTHORIZED_PARTIES"),
        ("NEXT_PUBLIC_CLERK_PUBLISHABLEKEY", "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY"),
        ("TINYBIRD_WORKSPACEID", "TINYBIRD_WORKSPACE_ID"),
        ("REFLEX_DEPLOYURL", "REFLEX_DEPLOY_URL"),
        ("DASHBOARD_REFRESH_SECOND", "DASHBOARD_REFRESH_SECONDS"),
        ("TB_LOCALPORT", "TB_LOCAL_PORT"),
        ("UVICORN_BACKLGO", "UVICORN_BACKLOG"),
    ],
)
def test_a_name_that_nobody_reads_is_told_with_the_nearest_that_is_known(
    mistaken: str, meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = told(tmp_path, monkeypatch, mistaken)

    assert text == f"{mistaken} is set, and nothing here reads it. Did you mean {meant}?"


def test_a_name_in_a_dotenv_file_is_told_as_well_and_no_value_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = told(tmp_path, monkeypatch, in_file="TINYBIRD_SECRET_SAUCE=do-not-show\n")

    assert "TINYBIRD_SECRET_SAUCE" in text
    assert "do-not-show" not in text


@pytest.mark.parametrize(
    "name",
    [
        *(
            "CLERK_PROXY_URL",
            "NEXT_PUBLIC_CLERK_DOMAIN",
            "GRANIAN_HOST",
            "GRANIAN_HTTP1_KEEP_ALIVE",
        ),
        *("UVICORN_HOST", "UVICORN_WORKERS", "UVICORN_SSL_KEYFILE"),
    ],
)
def test_what_others_know_and_the_app_does_not_use_is_told_with_the_reason(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(tmp_path, monkeypatch, name).startswith(f"{name} is set and not used: ")


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("BACKPRESSURE", "UVICORN_LIMIT_CONCURRENCY"),
        ("BACKLOG", "UVICORN_BACKLOG"),
        ("LOG_LEVEL", "LOG_FORMAT"),
        ("UDS", "UVICORN_UDS"),
        ("WORKERS_MAX_RSS", "WORKER_MAX_MEMORY"),
    ],
)
def test_what_counted_of_granian_is_told_with_what_counts_now(
    before: str, now: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert now in told(tmp_path, monkeypatch, f"GRANIAN_{before}")


def test_names_that_somebody_reads_are_not_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("REFLEX_TELEMETRY_ENABLED", "REFLEX_ENV_MODE", "TB_TOKEN", "HOME", "CLERKS_OFFICE")
    servers = ("UVICORN_BACKLOG", "UVICORN_UDS", "GRANIAN_WORKERS")
    example = (Path(__file__).parent.parent / ".env.example").read_text(encoding="utf-8")
    filled = example.replace("=\n", "=x\n")

    assert (
        told(
            tmp_path,
            monkeypatch,
            *names,
            *servers,
            in_file=f"{filled}UVICORN_LIMIT_CONCURRENCY=9\n",
        )
        == ""
    )


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("APP_PRODCUT=x", "APP_PRODUCT"),
        ("LOG_FROMAT=json", "LOG_FORMAT"),
        ("clerk_publishable_key=x", "CLERK_PUBLISHABLE_KEY"),
        ("REACT_APP_CLERK_PUBLISHABLE_KEY=x", "CLERK_PUBLISHABLE_KEY"),
    ],
)
def test_a_slip_in_a_file_is_told_whatever_it_begins_with(
    line: str, meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(tmp_path, monkeypatch, in_file=f"{line}\n").endswith(f"Did you mean {meant}?")


def test_in_the_environment_only_what_is_nearly_a_name_of_the_app_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = told(tmp_path, monkeypatch, "LOG_FROMAT", "LOG_FORMATTER", "MY_APP_PRODUCT", "HOSTNAME")

    assert text == "LOG_FROMAT is set, and nothing here reads it. Did you mean LOG_FORMAT?"


@pytest.mark.parametrize("name", ["OTEL_TRACES_EXPORTER", "HTTPS_PROXY", "REFLEX_LOGLEVEL"])
def test_what_libraries_read_of_the_environment_is_told_in_a_file_alone(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_file = told(tmp_path, monkeypatch, in_file=f"{name}=x\n")

    assert in_file == f"{name} counts in the environment alone, and not in a file. Set it there."
    assert told(tmp_path, monkeypatch, name) == ""


def test_what_a_platform_calls_a_setting_is_told_until_the_setting_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told(tmp_path, monkeypatch, "PORT").endswith("REFLEX_FRONTEND_PORT is what counts.")
    assert told(tmp_path, monkeypatch, "PORT", "REFLEX_FRONTEND_PORT") == ""
