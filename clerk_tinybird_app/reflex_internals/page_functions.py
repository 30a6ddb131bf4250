"""Makes JavaScript functions of this app available in the expressions of a page."""

import json
from typing import Any

import reflex as rx
from reflex.vars import VarData
from reflex.vars.function import FunctionStringVar


def page_function(module: str, name: str, *made_with: str) -> FunctionStringVar[Any]:
    """Return a function that a module exports, or the function that the export returns.

    Args:
        module: The importable path of a shared asset.
        name: What it exports.
        made_with: Arguments for the export; without any, the export itself is the function.
    """
    imported = VarData(imports={module: [rx.ImportVar(tag=name)]})
    call = f"({', '.join(map(json.dumps, made_with))})" if made_with else ""
    return FunctionStringVar.create(f"{name}{call}", _var_data=imported)
