"""Building the pages once, keeping each build whole, and what is said when there is none."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from reflex_base import constants

from clerk_tinybird_app.prebuilt import build as module
from clerk_tinybird_app.prebuilt.build import NotBuiltError, build, built
from clerk_tinybird_app.reflex_internals import as_built
from clerk_tinybird_app.settings import Settings
from tests.prebuilt.conftest import BUILDS, Building
from tests.running_app import wait_until

SETTINGS = Settings.from_environ({})


def times(app: Path) -> int:
    return len((app / "times").read_text().splitlines()) if (app / "times").exists() else 0


def builds(app: Path) -> list[str]:
    return sorted(path.name for path in (app / ".built").iterdir() if path.name != "lock")


@pytest.fixture
def told() -> list[str]:
    return []


def test_nothing_is_built_when_nothing_has_changed(
    app: Path, reflex: Building, told: list[str]
) -> None:
    first = build(SETTINGS, app, told.append)
    told.clear()

    assert build(SETTINGS, app, told.append) == first == built(SETTINGS, app)
    assert times(app) == 1
    assert told == ["The pages are built, and nothing has changed since."]


def test_what_has_changed_is_told_and_built(app: Path, reflex: Building, told: list[str]) -> None:
    before = build(SETTINGS, app, told.append)
    (app / "assets/look.css").write_text("second")
    told.clear()

    after = build(SETTINGS, app, told.append)

    assert (after / "build/client/index.html").read_text() == "second"
    assert told[0] == "Building the pages: changed since the last build: assets/look.css."
    assert re.fullmatch(r"Built in \d+\.\d s\.", told[1])
    # Who serves the pages from before goes on.
    assert (before / "build/client/index.html").read_text() == "first"


def test_what_serving_does_not_need_is_left_out(
    app: Path, reflex: Building, told: list[str]
) -> None:
    pages = build(SETTINGS, app, told.append)

    assert sorted(path.name for path in (pages / "build").iterdir()) == ["client"]
    # A page may have the name of what is left out.
    assert (pages / "build/client/server/index.html").is_file()


@pytest.mark.parametrize("web", [".web", "elsewhere"])
def test_an_asset_that_is_gone_or_older_does_not_stay_in_the_pages(
    app: Path, reflex: Building, told: list[str], web: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REFLEX_WEB_WORKDIR", web)
    (app / "assets/gone.txt").write_text("gone")
    build(SETTINGS, app, told.append)
    (app / "assets/gone.txt").unlink()
    (app / "assets/look.css").write_text("older")
    os.utime(app / "assets/look.css", (1, 1))
    # What Vite has built is its own to clear.
    shutil.rmtree(app / web / "build")

    pages = build(SETTINGS, app, told.append) / "build/client"

    assert not (pages / "gone.txt").exists()
    assert (pages / "look.css").read_text() == "older"


def test_reflex_names_its_folder_of_assets_so() -> None:
    assert as_built.PUBLIC == constants.Dirs.PUBLIC


def test_a_build_is_for_this_apps_own_server(
    app: Path, reflex: Building, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(as_built.EXPORTING_VARIABLE, "1")

    # The stand-in refuses the variable.
    assert build(SETTINGS, app, told.append).is_dir()


def test_a_build_that_fails_leaves_none(app: Path, reflex: Building, told: list[str]) -> None:
    reflex("import os, sys; os.makedirs('.web/build/client'); sys.exit(1)")

    with pytest.raises(NotBuiltError, match="could not be built"):
        build(SETTINGS, app, told.append)

    assert builds(app) == []
    with pytest.raises(NotBuiltError, match=r"none are built yet.*`python -m .* build`"):
        built(SETTINGS, app)


def test_old_builds_are_forgotten_but_for_the_last_three(
    app: Path, reflex: Building, told: list[str]
) -> None:
    made = []
    for number in range(5):
        (app / "assets/look.css").write_text(str(number))
        made.append(build(SETTINGS, app, told.append).name)
        os.utime(app / ".built" / made[-1], (number, number))

    assert builds(app) == sorted(made[-3:])


@pytest.mark.parametrize("used_by", ["build", "built"])
def test_a_build_that_is_used_again_is_not_an_old_one(
    app: Path, reflex: Building, told: list[str], used_by: str
) -> None:
    look = app / "assets/look.css"
    made = []
    for number in range(4):
        look.write_text(str(number))
        made.append(build(SETTINGS, app, told.append))
        os.utime(made[-1], (number, number))
        if number == 2:
            look.write_text("0")
            getattr(module, used_by)(SETTINGS, app, *([told.append] if used_by == "build" else []))

    assert [place.is_dir() for place in made] == [True, False, True, True]


_CHANGES = """
from pathlib import Path
look = Path("assets/look.css")
if not look.read_text().endswith("{end}"):
    look.write_text(look.read_text() + "!")
"""


def test_what_changes_while_the_pages_are_built_is_built_too(
    app: Path, reflex: Building, told: list[str]
) -> None:
    reflex(BUILDS + _CHANGES.format(end="!"))

    pages = build(SETTINGS, app, told.append)

    assert (pages / "build/client/index.html").read_text() == "first!"
    assert pages == built(SETTINGS, app)
    assert told[1] == "Changed while the pages were built: assets/look.css."
    assert times(app) == 2
    assert len(builds(app)) == 1


def test_what_changes_all_the_time_is_not_built(
    app: Path, reflex: Building, told: list[str]
) -> None:
    reflex(BUILDS + _CHANGES.format(end="never"))

    with pytest.raises(NotBuiltError, match=r"3 times.*at last assets/look\.css"):
        build(SETTINGS, app, told.append)

    assert times(app) == 3
    assert builds(app) == []


@pytest.mark.parametrize("path", [".built", ".built/lock"])
def test_a_place_where_no_build_can_be_kept_is_told(
    app: Path, reflex: Building, told: list[str], path: str
) -> None:
    if path == ".built":
        (app / path).touch()
    else:
        (app / path).mkdir(parents=True)

    with pytest.raises(NotBuiltError, match=rf"kept in .*{re.escape(str(app / path))}"):
        build(SETTINGS, app, told.append)


def test_a_draft_that_a_killed_build_has_left_is_deleted(
    app: Path, reflex: Building, told: list[str]
) -> None:
    (app / ".built/.draft/0123/build").mkdir(parents=True)

    pages = build(SETTINGS, app, told.append)

    assert builds(app) == [pages.name]


def test_two_that_start_at_once_build_once(app: Path, reflex: Building, told: list[str]) -> None:
    both = [threading.Thread(target=build, args=(SETTINGS, app, told.append)) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()

    assert times(app) == 1
    assert len(builds(app)) == 1


def test_pages_that_are_not_up_to_date_are_not_served(
    app: Path, reflex: Building, told: list[str]
) -> None:
    build(SETTINGS, app, told.append)
    elsewhere = Settings.from_environ({"CLERK_SIGN_IN_URL": "/in"})

    with pytest.raises(NotBuiltError, match="changed since the last build: CLERK_SIGN_IN_URL"):
        built(elsewhere, app)


def test_looking_for_pages_writes_nothing(app: Path) -> None:
    with pytest.raises(NotBuiltError):
        built(SETTINGS, app)

    assert not (app / ".built").exists()


def test_without_bun_it_is_told_how_to_get_it_or_do_without(
    app: Path, reflex: Building, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUN", app / "no-bun")

    with pytest.raises(NotBuiltError, match=r"requirements\.txt.*\.built/"):
        build(SETTINGS, app, told.append)


_BUILDING = """
import signal, sys
from pathlib import Path
from clerk_tinybird_app import commands as main
from clerk_tinybird_app.check import Surroundings
from clerk_tinybird_app.reflex_internals import as_built
# A shell that runs the tests beside something else has told them to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
script = "import os, time; open('building', 'w').write(str(os.getpid())); time.sleep(60)"
as_built.EXPORT = (sys.executable, "-c", script)
sys.exit(main.main(["build"], around=Surroundings(), out=sys.stdout))
"""


@pytest.fixture
def building(app: Path) -> Iterator[subprocess.Popen[str]]:
    """A build that would take long, in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(
        [sys.executable, "-c", _BUILDING], cwd=app, env=env, stderr=subprocess.PIPE, text=True
    )
    pid = app / "building"
    wait_until(lambda: pid.exists() and pid.read_text() != "", seconds=30, what="it builds not")
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_build_with_all_that_it_has_started(
    app: Path, building: subprocess.Popen[str], number: signal.Signals
) -> None:
    reflexs_own = int((app / "building").read_text())
    building.send_signal(number)
    _, said = building.communicate(timeout=10)

    assert building.returncode == 128 + number
    assert said == ""
    with pytest.raises(ProcessLookupError):
        os.kill(reflexs_own, 0)
    assert builds(app) == []
