"""A file with a secret is its owner's alone; no value is ever told."""

from pathlib import Path

import pytest

from clerk_tinybird_app.settings.exposed_files import exposed

SECRETS = "METRICS_TOKEN=abcdefgh12345678\nTINYBIRD_SIGNING_KEY=another-key\n"


def written(folder: Path, text: str, mode: int, name: str = ".env") -> list[str]:
    (folder / name).write_text(text)
    (folder / name).chmod(mode)
    return exposed(folder)


@pytest.mark.parametrize(
    ("mode", "whose"), [(0o644, "this machine"), (0o604, "this machine"), (0o640, "its group")]
)
def test_who_can_read_it_is_told_with_the_names_alone(
    tmp_path: Path, mode: int, whose: str
) -> None:
    assert written(tmp_path, SECRETS, mode, ".env.local") == [
        f".env.local holds METRICS_TOKEN, TINYBIRD_JWT_SECRET, and all users of {whose} can read it"
    ]


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (SECRETS, 0o600),
        ("TINYBIRD_RPS=5\nCLERK_PUBLISHABLE_KEY=pk_test_x\nMETRICS_TOKEN=\n", 0o644),
        ("TINYBIRD_API_KEY=for-every-visitor\nCLERK_JWT_KEY=public\n", 0o644),
    ],
    ids=["its owner's alone", "no secret in it", "what is public by nature"],
)
def test_what_nobody_else_can_read_or_may_know_is_well(
    tmp_path: Path, text: str, mode: int
) -> None:
    assert written(tmp_path, text, mode) == []


def test_no_file_is_well(tmp_path: Path) -> None:
    assert exposed(tmp_path) == []
