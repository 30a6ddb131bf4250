"""The style sheets hold what the pages use, and no more."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from clerk_tinybird_app.components.look import STYLE_SHEETS
from clerk_tinybird_app.dashboard.declaration import Tone

ROOT: Final = Path(__file__).parent.parent
PACKAGE: Final = ROOT / "clerk_tinybird_app"
LOOK: Final = ROOT / "assets/look"
COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
BLOCK: Final = re.compile(r"\{[^{}]*\}")
CLASS: Final = re.compile(r"\.([a-z][\w-]*)", re.IGNORECASE)
IN_SCRIPT: Final = re.compile(r"`[^`]*`|\"[^\"\n]*\"")
MADE_BY_OTHERS: Final = re.compile(r"cl-|dark$")
COLOUR: Final = re.compile(r"#[0-9a-f]{3,8}\b(?![-\w])|\b(?:rgb|hsl|light-dark)\(")

NAMES: Final = sorted(path.stem for path in LOOK.glob("*.css"))


@cache
def _sheet(name: str) -> str:
    return COMMENT.sub("", (LOOK / f"{name}.css").read_text())


@cache
def _sources() -> dict[Path, str]:
    return {
        path: path.read_text()
        for folder in ("components", "pages", "clerk")
        for ending in ("py", "jsx")
        for path in (PACKAGE / folder).rglob(f"*.{ending}")
    }


def _texts() -> Iterator[str]:
    """Every text in the sources of the pages that can be one of classes."""
    for path, source in _sources().items():
        if path.suffix == ".jsx":
            yield from IN_SCRIPT.findall(source)
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


@cache
def _used() -> set[str]:
    words = {word for text in _texts() for word in re.split(r"[^\w-]+", text)}
    return words | {f"tone-{tone}" for tone in Tone} | {str(tone) for tone in Tone}


def test_every_sheet_is_one_of_the_pages() -> None:
    assert sorted(f"/look/{name}.css" for name in NAMES) == sorted(STYLE_SHEETS)


@pytest.mark.parametrize("name", NAMES)
def test_every_class_is_used(name: str) -> None:
    selectors = re.sub(r"@[^{;]*", "", BLOCK.sub("{}", _sheet(name)))
    classes = {each for each in CLASS.findall(selectors) if not MADE_BY_OTHERS.match(each)}

    assert classes - _used() == set()


def test_every_token_is_used() -> None:
    tokens = set(re.findall(r"(--[\w-]+):", _sheet("tokens")))
    everything = [*map(_sheet, NAMES), *_sources().values()]

    used = {each for text in everything for each in re.findall(r"(--[\w-]+)\b(?!:)", text)}
    assert {each for each in tokens if not each.startswith("--tone-")} - used == set()
    assert {f"--tone-{tone}" for tone in Tone} <= tokens


@pytest.mark.parametrize("name", sorted({*NAMES} - {"tokens"}))
def test_a_colour_is_written_among_the_tokens_alone(name: str) -> None:
    assert COLOUR.findall(_sheet(name)) == []
