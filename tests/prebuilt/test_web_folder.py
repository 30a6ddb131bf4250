"""Two commands never build in one folder at once; the second says who is there, and what to do."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clerk_tinybird_app.prebuilt.build import build
from clerk_tinybird_app.prebuilt.static_export import export_static
from clerk_tinybird_app.prebuilt.web_folder import FolderInUseError, held, web_folder
from clerk_tinybird_app.settings import Settings
from tests.prebuilt.conftest import Building
from tests.running_app import REFLEX, ROOT

_HOLDING = """
import sys, time
from pathlib import Path
from clerk_tinybird_app.prebuilt.web_folder import hold
hold(Path(sys.argv[1]), "reflex run")
print("held", flush=True)
time.sleep(60)
"""
_EXPORTS = """
import os
from pathlib import Path
assert os.environ["_CLERK_TINYBIRD_APP_EXPORTING"]
built = {"client/index.html": "a page", "static_host/backend.js": os.environ["NAMED"]}
for name, text in built.items():
    file = Path(".web/build") / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
"""


def test_pages_are_not_built_where_the_app_is_developed(app: Path, reflex: Building) -> None:
    told: list[str] = []
    with (
        held(web_folder(app), "reflex run"),
        pytest.raises(
            FolderInUseError, match=rf"`reflex run` \(process {os.getpid()}\)"
        ) as refusal,
    ):
        build(Settings(), app, told.append)

    assert "REFLEX_WEB_WORKDIR=.web-2" in str(refusal.value)
    assert not (app / "times").exists()
    build(Settings(), app, told.append)
    assert (app / "times").read_text() == "built\n"


def test_another_folder_is_free(
    app: Path, reflex: Building, monkeypatch: pytest.MonkeyPatch
) -> None:
    with held(web_folder(app), "reflex run"):
        monkeypatch.setenv("REFLEX_WEB_WORKDIR", ".web-2")
        build(Settings(), app, lambda _: None)

    assert (app / ".web-2").is_dir()


def test_who_is_killed_holds_it_no_longer(tmp_path: Path) -> None:
    web = tmp_path / ".web"
    command = [sys.executable, "-c", _HOLDING, str(web)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(FolderInUseError), held(web, "make export"):
            pass
        holder.send_signal(signal.SIGKILL)

    with held(web, "make export"):
        pass


@pytest.mark.parametrize("command", [("run",), ("export", "--frontend-only", "--no-zip")])
def test_reflexs_own_commands_look_too(command: tuple[str, ...], tmp_path: Path) -> None:
    web = tmp_path / "web"
    with held(web, "make prod"):
        done = subprocess.run(
            [REFLEX, *command],
            cwd=ROOT,
            env={**os.environ, "REFLEX_WEB_WORKDIR": str(web)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert done.returncode == 1
    assert "The folder web is in use by `make prod`" in done.stderr
    assert not web.exists()


@pytest.mark.parametrize(
    ("named", "said"),
    [("https://backend.invalid", "Its host says where the backend is"), ("x", "REFLEX_API_URL")],
)
def test_an_export_is_the_pages_with_what_their_host_reads_and_nothing_of_before(
    app: Path, reflex: Building, named: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reflex(_EXPORTS)
    monkeypatch.setenv("NAMED", named)
    (app / "export").mkdir()
    (app / "export/old.html").touch()
    told: list[str] = []

    export_static(app, told.append)

    assert sorted(each.name for each in (app / "export").iterdir()) == ["backend.js", "index.html"]
    assert said in "\n".join(told)
    with held(web_folder(app), "reflex run"), pytest.raises(FolderInUseError):
        export_static(app, told.append)
