"""The copy of the app that browser tests run serves pages that ask it, and no other app."""

from pathlib import Path

import pytest

from tests.running_app import RunningApp


def test_kept_pages_that_ask_at_an_unknown_port_are_not_served(tmp_path: Path) -> None:
    scripts = tmp_path / "kept" / "build" / "client" / "assets"
    scripts.mkdir(parents=True)
    (scripts / "reflex-env-1.js").write_text("const env = 'http://localhost:2/_event'")
    (tmp_path / "kept" / "port").write_text("1")

    with pytest.raises(RuntimeError, match="names localhost:1,"):
        RunningApp(tmp_path / "app").prod(tmp_path / "kept")
