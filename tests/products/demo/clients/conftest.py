"""One embedded Tinybird, without rows at first, that serves a copy of the bundled project."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.tinybird.process import Tinybird
from tests.products.demo.clients import isolated
from tests.products.demo.clients.tb import Tb
from tests.products.demo.clients.verdin_client import Verdin


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder of the real clients' programs."""
    python = isolated.find_python()
    if python is None:
        pytest.skip(isolated.ADVICE)
    return isolated.environment(python)


def copy_project(target: Path) -> Path:
    """Copy the bundled project, without the login that the CLI may have left in it."""
    return shutil.copytree(
        isolated.ROOT / "tinybird", target, ignore=shutil.ignore_patterns(".tinyb")
    )


@pytest.fixture(scope="package")
def tinybird(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    folder = tmp_path_factory.mktemp("clients")
    project = copy_project(folder / "project")
    with Tinybird(project, folder / "data") as running:
        yield running


def make_tb(programs: Path, tinybird: Tinybird, folder: Path) -> Tb:
    home = folder / "home"
    home.mkdir()
    project = copy_project(folder / "project")
    return Tb(programs / "tb", project, home, tinybird.port, tinybird.key)


@pytest.fixture
def tb(programs: Path, tinybird: Tinybird, tmp_path: Path) -> Tb:
    """``tb`` in a copy of the project that a test may change."""
    return make_tb(programs, tinybird, tmp_path)


@pytest.fixture
def verdin(programs: Path, tinybird: Tinybird, tmp_path: Path) -> Verdin:
    return Verdin(programs / "python", tmp_path, tinybird.port, tinybird.key)
