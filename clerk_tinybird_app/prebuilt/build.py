"""Builds the pages when what they are made of has changed, and keeps each build whole.

A build is a folder below ``.built/`` that is named by its ingredients and never changes. It is put
there at the end, so a folder that is there is complete, and a server that runs keeps its own pages
while the next ones are built.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from clerk_tinybird_app.bun import BUN
from clerk_tinybird_app.prebuilt.ingredients import Ingredients
from clerk_tinybird_app.prebuilt.web_folder import HELD_VARIABLE, held, web_folder
from clerk_tinybird_app.reflex_internals import as_built
from clerk_tinybird_app.settings import Settings

BUILDS: Final = Path(".built")
_MADE_OF: Final = "made-of.json"
_LOCK: Final = "lock"
_KEPT: Final = 3
"""How many builds stay: the newest, and those that servers may still be using."""

_TRIES: Final = 3
"""How often the pages are built while somebody changes what they are made of."""

_COMMAND: Final = "python -m clerk_tinybird_app build"

Say = Callable[[str], None]


class NotBuiltError(Exception):
    """There are no pages to serve; the text says why and what to do."""


def built(settings: Settings, folder: Path) -> Path:
    """Return the folder of the pages that are built for ``settings``.

    Args:
        settings: The configuration.
        folder: Where the app is.

    Raises:
        NotBuiltError: They are not built, or something has changed since.
    """
    ingredients = Ingredients.of(settings, folder)
    if place := _found(ingredients, folder / BUILDS):
        return place
    told = _why(ingredients, folder / BUILDS)
    raise NotBuiltError(
        f"There are no pages to serve: {told}. Build them with `{_COMMAND}`, where bun is and with "
        f"the configuration of this start, and bring the folder {BUILDS}/ here."
    )


def build(settings: Settings, folder: Path, say: Say) -> Path:
    """Return the folder of the pages for ``settings``, built now unless they are there.

    Args:
        settings: The configuration.
        folder: Where the app is.
        say: Gets a sentence about each step that takes long.

    Raises:
        NotBuiltError: They cannot be built.
        FolderInUseError: Another command builds or serves where they would be built.
    """
    begun = time.monotonic()
    builds = folder / BUILDS
    ingredients = Ingredients.of(settings, folder)
    if place := _found(ingredients, builds):
        say("The pages are built, and nothing has changed since.")
        return place
    if not BUN.is_file():
        raise NotBuiltError(
            f"The pages must be built ({_why(ingredients, builds)}), and bun, which builds them, "
            "is not installed: pip install -r requirements.txt. Or build them elsewhere, and bring "
            f"the folder {BUILDS}/ here."
        )
    try:
        builds.mkdir(exist_ok=True)
        with _locked(builds / _LOCK, say):
            place = _build(settings, folder, say)
    except OSError as error:
        raise NotBuiltError(
            f"The pages cannot be built and kept in {builds}: {error}. Let this user write there, "
            "or build them elsewhere, and bring that folder here."
        ) from error
    say(f"Built in {time.monotonic() - begun:.1f} s.")
    return place


def changed_since(pages: Path, settings: Settings, folder: Path) -> str:
    """Name what has changed since ``pages`` were built, "" when nothing has or nobody knows."""
    before = Ingredients.load(pages / _MADE_OF)
    return Ingredients.of(settings, folder).changed_since(before) if before else ""


def _found(ingredients: Ingredients, builds: Path) -> Path | None:
    """Return the build of these ingredients, if there is one, and make it count as a new one."""
    place = builds / ingredients.stamp
    if not place.is_dir():
        return None
    # Else a few builds later it would be forgotten as an old one while it is served. Who only
    # reads it cannot do so.
    with suppress(OSError):
        os.utime(place)
    return place


def _build(settings: Settings, folder: Path, say: Say) -> Path:
    """Build, under the lock, until the pages are surely made of what their name says."""
    builds = folder / BUILDS
    web = web_folder(folder)
    # What was changed while another process was building counts.
    ingredients = Ingredients.of(settings, folder)
    if place := _found(ingredients, builds):
        return place
    say(f"Building the pages: {_why(ingredients, builds)}.")
    for _ in range(_TRIES):
        with held(web, _COMMAND):
            export_pages(folder, web, {as_built.BACKEND_PORT_VARIABLE: ""})
            before, ingredients = ingredients, Ingredients.of(settings, folder)
            if ingredients == before:
                _publish(web, ingredients, builds / ingredients.stamp)
                _forget_old(builds)
                return builds / ingredients.stamp
        changed = ingredients.changed_since(before)
        say(f"Changed while the pages were built: {changed}.")
    raise NotBuiltError(
        f"The pages were built {_TRIES} times, and each time something had changed meanwhile, at "
        f"last {changed}. Build them when nothing changes these files."
    )


def _why(ingredients: Ingredients, builds: Path) -> str:
    """Say why there is no build of these ingredients."""
    for latest in _newest_first(builds):
        if before := Ingredients.load(latest / _MADE_OF):
            return f"changed since the last build: {ingredients.changed_since(before)}"
    return "none are built yet"


def _newest_first(builds: Path) -> list[Path]:
    found = [path for path in builds.glob("[!.]*") if path.is_dir()]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def export_pages(folder: Path, web: Path, variables: Mapping[str, str]) -> None:
    """Let Reflex build in ``web``, which the caller holds.

    Args:
        folder: Where the app is.
        web: Where Reflex builds.
        variables: What its environment has beside this one's.

    Raises:
        NotBuiltError: It cannot; it has said why.
    """
    # Else an asset that is gone, or older than the one that it replaces, would stay as it was.
    if (public := web / as_built.PUBLIC).exists():
        shutil.rmtree(public)
    env = {**os.environ, HELD_VARIABLE: "1"}
    env.pop(as_built.EXPORTING_VARIABLE, None)
    env |= variables
    # In a session of its own, so that a stop ends also what it starts.
    process = subprocess.Popen(  # noqa: S603 - a fixed command, no shell
        as_built.EXPORT, cwd=folder, env=env, start_new_session=True
    )
    try:
        status = process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    if status:
        raise NotBuiltError("The pages could not be built. What was said before this tells why.")


def _publish(web: Path, ingredients: Ingredients, place: Path) -> None:
    """Copy what serving needs out of ``web``, and put it at its place when it is complete."""
    left_out = {web / part for part in as_built.NOT_SERVED}
    with TemporaryDirectory(dir=place.parent, prefix=".") as name:
        draft = Path(name) / place.name
        for part in as_built.SERVED:
            shutil.copytree(
                web / part,
                draft / part,
                ignore=lambda at, names: {each for each in names if Path(at, each) in left_out},
            )
        ingredients.save(draft / _MADE_OF)
        draft.rename(place)


def _forget_old(builds: Path) -> None:
    """Delete old builds, and drafts of processes that were killed; the lock is this one's."""
    for old in (*_newest_first(builds)[_KEPT:], *builds.glob(".*/")):
        shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _locked(file: Path, say: Say) -> Iterator[None]:
    """Hold a lock on ``file``; it ends with the process, however that ends."""
    with file.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another process is building the pages. Waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
