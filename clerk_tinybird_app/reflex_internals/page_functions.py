"""JavaScript functions of our own, to be called in a page's expressions."""

import json
from typing import Any

import reflex as rx
from reflex.vars import VarData
from reflex.vars.function import FunctionStringVar


def page_function(module: str, name: str, *made_with: str) -> FunctionStringVar[Any]:
    """Return a function that a module exports, or the one that it makes of some words.

    Args:
        module: The importable path of a shared asset.
        name: What it exports.
        made_with: The words; without any, the function is the export itself.
    """
    imported = VarData(imports={module: [rx.ImportVar(tag=name)]})
    call = f"({', '.join(map(json.dumps, made_with))})" if made_with else ""
    return FunctionStringVar.create(f"{name}{call}", _var_data=imported)
