"""A file beside a module is shared as Reflex shares it, without a look at the whole stack."""

import importlib
import inspect
from pathlib import Path

import pytest
from reflex import assets

BOTH_WAYS = """
import reflex as rx
from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset
usual, own = rx.asset("given.jsx", shared=True), shared_asset("given.jsx")
"""
MISSING = """
from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset
shared_asset("missing.jsx")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that modules are imported from and that is the app's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "given.jsx").write_text("export const given = 1;")
    return tmp_path


def test_its_address_its_name_and_its_link_are_those_that_reflex_makes(folder: Path) -> None:
    (folder / "asks_both_ways.py").write_text(BOTH_WAYS)

    module = importlib.import_module("asks_both_ways")

    assert module.own == module.usual
    assert module.own.importable_path == module.usual.importable_path
    (link,) = (folder / "assets" / "external").rglob("given.jsx")
    assert link.resolve() == folder / "given.jsx"


def test_a_file_that_is_missing_is_named_and_reflex_looks_at_the_stack_again(folder: Path) -> None:
    (folder / "asks_for_nothing.py").write_text(MISSING)

    with pytest.raises(FileNotFoundError, match=r"missing\.jsx"):
        importlib.import_module("asks_for_nothing")

    assert assets.inspect is inspect  # type: ignore[attr-defined]
