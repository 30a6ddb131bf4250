"""A small app to build, and a stand-in for Reflex that builds it at once."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from clerk_tinybird_app.reflex_internals import as_built

BUILDS = """
import os, shutil, sys
from pathlib import Path
assert "_CLERK_TINYBIRD_APP_EXPORTING" not in os.environ
assert not os.environ.get("REFLEX_BACKEND_PORT")
Path("times").open("a").write("built\\n")
web = Path(os.environ.get("REFLEX_WEB_WORKDIR") or ".web")
for folder in ("backend", "public", "build/client/server", "build/server"):
    (web / folder).mkdir(parents=True, exist_ok=True)
# Like Reflex, it replaces only what is older, and deletes nothing.
for asset in Path("assets").iterdir():
    copy = web / "public" / asset.name
    if not copy.exists() or copy.stat().st_mtime < asset.stat().st_mtime:
        shutil.copy2(asset, copy)
shutil.copytree(web / "public", web / "build/client", dirs_exist_ok=True)
Path(web / "build/client/index.html").write_text(Path("assets/look.css").read_text())
Path(web / "build/client/server/index.html").touch()
Path(web / "build/server/index.js").touch()
"""

Building = Callable[[str], None]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """Return the folder of an app with two sources."""
    (tmp_path / "clerk_tinybird_app").mkdir()
    (tmp_path / "clerk_tinybird_app/routes.py").write_text("HOME = 1")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/look.css").write_text("first")
    return tmp_path


@pytest.fixture
def reflex(monkeypatch: pytest.MonkeyPatch) -> Building:
    """Replace Reflex by a script, at first by one that builds; call it for another."""

    def be(script: str) -> None:
        monkeypatch.setattr(as_built, "EXPORT", (sys.executable, "-c", script))

    be(BUILDS)
    return be
