"""``tb fmt`` and ``tb test run`` in each product's folder, as a person runs them there."""

import re
import shutil
from pathlib import Path

import pytest

from tests.products.demo.clients import isolated
from tests.products.demo.clients.tb import Tb
from tests.products.product import Shipped


@pytest.fixture
def tb(served: Shipped, tmp_path: Path) -> Tb:
    """``tb`` in a copy of the product's project, without a login that it may have left there."""
    python = isolated.find_python()
    if python is None:
        pytest.skip("Tinybird's own CLI installs on Python 3.11 to 3.13; none of them is here.")
    ignore = shutil.ignore_patterns(".tinyb")
    project = shutil.copytree(served.product.project, tmp_path / "project", ignore=ignore)
    home = tmp_path / "home"
    home.mkdir()
    program = isolated.environment(python) / "tb"
    return Tb(program, project, home, served.tinybird.port, served.tinybird.key)


def test_every_file_of_the_project_is_formatted(tb: Tb) -> None:
    files = [path for kind in ("*.datasource", "*.pipe") for path in tb.project.rglob(kind)]

    said = tb.run("fmt", "--diff", *sorted(str(path.relative_to(tb.project)) for path in files))

    assert said.status == 0, said.text


def test_every_case_of_the_projects_own_tests_passes(tb: Tb, served: Shipped) -> None:
    files = sorted((tb.project / "tests").glob("*.yaml"))
    assert {file.stem for file in files} == set(served.product.policy.pipes)

    said = tb.local("test", "run")

    assert said.status == 0, said.text
    for file in files:
        cases = re.findall(r"^- name: (\w+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
        assert cases
        _, _, after = said.text.partition(f"* {file.name}\n")
        own = re.split(r"^\* |^$", after, maxsplit=1, flags=re.MULTILINE)[0]
        results = [line for line in own.splitlines() if line[:1] in "✓✗"]
        assert results == [f"✓ {case} passed" for case in cases], said.text
