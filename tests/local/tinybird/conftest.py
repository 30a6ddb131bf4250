"""One embedded Tinybird for all tests that only add to it, others for those that break it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.tinybird.process import Tinybird
from tests.local.tinybird.project import visit, write_project


@pytest.fixture(scope="package")
def tinybird(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    """Rows: three visits of tenant a, one of tenant b."""
    folder = tmp_path_factory.mktemp("tinybird")
    project = write_project(folder / "project")
    with Tinybird(project, folder / "data", "--query-seconds", "1") as running:
        running.add(
            visit(),
            visit(page="/about", seconds=0.5),
            visit(seconds=2.25),
            visit(tenant="b", page="/secret"),
        )
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")
