"""A value that does not count, because another one does, is told; no value ever is."""

from pathlib import Path

import pytest

from clerk_tinybird_app.settings.shadowed_variables import contradicted, overridden


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.environ", {})


def test_a_name_twice_in_a_file_is_told_when_its_values_differ(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TINYBIRD_RPS=5\nTINYBIRD_RPS=50\nLOG_FORMAT=a\nLOG_FORMAT=a\n")

    assert contradicted(tmp_path) == [
        "TINYBIRD_RPS is twice in .env, with different values: the last one counts."
    ]


def test_two_names_of_one_setting_are_told_when_their_values_differ(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TINYBIRD_JWT_SECRET=one\nTINYBIRD_SIGNING_KEY=other\n")
    (told,) = contradicted(tmp_path)

    assert told == (
        "TINYBIRD_JWT_SECRET and TINYBIRD_SIGNING_KEY are one setting, set differently in .env: "
        "TINYBIRD_JWT_SECRET counts."
    )

    (tmp_path / ".env").write_text("TINYBIRD_JWT_SECRET=one\nTINYBIRD_SIGNING_KEY=one\n")
    assert contradicted(tmp_path) == []


def test_a_file_that_a_stronger_place_overrides_is_told_with_the_place_that_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("CLERK_PUBLISHABLE_KEY=new\nTINYBIRD_RPS=5\nLOG_FORMAT=text\n")
    (tmp_path / ".env.local").write_text("NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY=old\n")
    monkeypatch.setattr("os.environ", {"TINYBIRD_RPS": "7", "LOG_FORMAT": "text"})

    assert overridden(tmp_path) == [
        "CLERK_PUBLISHABLE_KEY is set differently in .env and .env.local: .env.local counts.",
        "TINYBIRD_RPS is set differently in .env and the environment: the environment counts.",
    ]
