"""A product's pipes are named by the product and by its own tests, and nowhere else."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
PROJECTS: Final = (ROOT / "tinybird", *sorted(ROOT.glob("examples/*/tinybird")))
FRAMEWORK: Final = (ROOT / "clerk_tinybird_app", ROOT / "tests")
OF_PRODUCTS: Final = (ROOT / "clerk_tinybird_app" / "product", ROOT / "tests" / "products")


def _pipes() -> set[str]:
    return {file.stem for project in PROJECTS for file in project.rglob("*.pipe")}


def _files() -> Iterator[Path]:
    for folder in FRAMEWORK:
        for file in sorted(folder.rglob("*")):
            is_source = file.suffix in (".py", ".jsx", ".js", ".pipe", ".yaml")
            if is_source and not any(file.is_relative_to(own) for own in OF_PRODUCTS):
                yield file


def _named(pipes: set[str]) -> list[str]:
    # One word may be any word; two or more, or a text that is nothing else, are the pipe's name.
    several = (rf"(?<![a-z]){pipe}(?![a-z])" for pipe in pipes if "_" in pipe)
    single = (rf"(?<=[\"']){pipe}(?=[\"'])" for pipe in pipes if "_" not in pipe)
    words = "|".join((*several, *single))
    return [
        f"{file.relative_to(ROOT)}:{number}: {found[0]}"
        for file in _files()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if (found := re.search(words, line))
    ]


@pytest.mark.parametrize("project", PROJECTS, ids=lambda each: str(each.relative_to(ROOT)))
def test_each_shipped_project_has_pipes_to_look_for(project: Path) -> None:
    assert {file.stem for file in project.rglob("*.pipe")} <= _pipes()
    assert list(project.rglob("*.pipe"))


def test_no_module_of_the_framework_and_no_test_of_it_names_a_shipped_pipe() -> None:
    assert _named(_pipes()) == []
