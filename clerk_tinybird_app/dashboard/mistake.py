"""A mistake in a declared dashboard: its text, and the line of the file that it is on."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from clerk_tinybird_app.tinybird.nearest import did_you_mean


@dataclass(frozen=True)
class Mistake:
    """Something declared that is not there.

    Attributes:
        text: What is wrong, with the nearest name that exists.
        names: What the declaration says, the wrong name first: where to look for it.
    """

    text: str
    names: tuple[str, ...]


def unknown(
    where: str, does: str, name: str, known: Iterable[str], why: str, *others: str
) -> Mistake:
    """Return that a name is not among those that are known, with the nearest of them.

    Args:
        where: Who says the name.
        does: What it does with it.
        name: The wrong one.
        known: Those that there are.
        why: Why it is wrong.
        others: More names that the mistake's place has.
    """
    hint = did_you_mean(name, known)
    return Mistake(f"{where} {does} '{name}', {why}.{hint}", (name, *others))


def line_of(mistake: Mistake, source: str) -> int:
    """Return the line of a declaration's source that a mistake is on, 1 when it is not found.

    It is the wrong name, within the smallest call that has the other names of the mistake too.
    """
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    for wrong in mistake.names:
        others = set(mistake.names) - {wrong}
        places = [
            (
                -len(others & texts.keys()),
                # A panel's own pipe, not that of a trend in another one.
                not any(_is_text(each.value, wrong) for each in call.keywords),
                (call.end_lineno or 0) - call.lineno,
                texts[wrong],
            )
            for call in calls
            for texts in (_texts(call),)
            if wrong in texts
        ]
        if places:
            return min(places)[-1]
    return 1


def _is_text(node: ast.expr, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _texts(call: ast.Call) -> dict[str, int]:
    """Return every text in a call and the first line that it is on."""
    found: dict[str, int] = {}
    for node in ast.walk(call):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found[node.value] = min(node.lineno, found.get(node.value, node.lineno))
    return found
