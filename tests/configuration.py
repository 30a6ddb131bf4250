"""Writes docs/configuration.md and .env.example: ``python -m tests.configuration``."""

import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any, Final

from clerk_tinybird_app.clerk import errors as clerk_errors
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.environment import ALIASES
from clerk_tinybird_app.state import wording
from clerk_tinybird_app.tinybird import client as tinybird_errors
from tests.misconfigurations import GROUPS, Case, Group
from tests.running_app import ROOT

PAGE: Final = ROOT / "docs" / "configuration.md"
EXAMPLE: Final = ROOT / ".env.example"
COMMAND: Final = "python -m tests.configuration"
_WIDTH: Final = 100
_TEMPLATE: Final = ROOT / "tests" / "misconfigurations" / "page.md"
_WHOLE: Final = re.compile(
    r"\W*[A-Z]+_|LOG_|PORT|(?:Nobody|Another|The|Make|A|Tinybird|Clerk|What is embedded)\b"
)
"""How a sentence of the start begins that names what it is about."""

_EXAMPLE_HEAD: Final = """\
# Copy to .env and fill in. Everything is optional: with nothing set, the embedded Clerk and the
# embedded Tinybird serve this machine, with no account. Set a service whole or not at all.
# The Next.js demo's .env.local works as it is: its NEXT_PUBLIC_ spellings are accepted.
# docs/configuration.md says who needs what, and what is told of each mistake.
"""


def page() -> str:
    """Return docs/configuration.md."""
    rows = ["| variable | default | what it does | who sets it | |", "|---|---|---|---|---|"]
    rows += [_setting(item) for item in fields(Settings)]
    groups = "".join(line for group in GROUPS for line in _group(group))
    text = _TEMPLATE.read_text(encoding="utf-8")
    return text.replace("{settings}", "\n".join(rows)).replace("{mistakes}", groups)


def example() -> str:
    """Return .env.example."""
    return _EXAMPLE_HEAD + "".join(_lines(item) for item in fields(Settings))


def _lines(item: Field[Any]) -> str:
    about, unset = item.metadata["about"], ""
    if about.unset:
        unset = f" Empty: {about.unset.replace('`', '')}."
    others = [name for name in ALIASES.get(item.metadata["env"], ()) if "NEXT_PUBLIC_" not in name]
    same = f" ({', '.join(others)} is the same.)" if others else ""
    comment = textwrap.fill(
        f"{about.does}{unset}{same}",
        _WIDTH,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return f"\n{comment}\n{item.metadata['env']}={_default(item)}\n"


def _default(item: Field[Any]) -> str:
    return "" if item.default in ("", (), None) else str(item.default)


def _setting(item: Field[Any]) -> str:
    name, about = item.metadata["env"], item.metadata["about"]
    shown = [f"`{name}`", *(f"`{alias}`" for alias in ALIASES.get(name, ()))]
    default = f"`{_default(item)}`" if _default(item) else about.unset
    marks = [mark for mark, key in (("secret", "secret"), ("pages", "baked")) if item.metadata[key]]
    cells = (", also ".join((shown[0], ", ".join(shown[1:]))) if shown[1:] else shown[0],)
    return "| " + " | ".join((*cells, default, about.does, about.who, ", ".join(marks))) + " |"


def _group(group: Group) -> Iterator[str]:
    yield f"\n### {group.title}\n"
    yield "| what is wrong | at the start | `make check` | in the browser | in the log |\n"
    yield "|---|---|---|---|---|\n"
    for case in group.cases:
        cells = (case.what, _start(case), _check(case), shown_in_browser(case), _log(case))
        yield "| " + " | ".join(_cell(each) for each in cells) + " |\n"


def _start(case: Case) -> str:
    named = next(iter(case.environ), "")
    if not named or not case.start or _WHOLE.match(case.start):
        return case.start or "—"
    return f"{named} … {case.start}"


def _check(case: Case) -> str:
    head = f"{case.level} `{case.check}`"
    return head if case.told == case.start else f"{head}: {case.told}"


def shown_in_browser(case: Case) -> str:
    """Return what a customer's page shows, "" for nothing."""
    if case.start:
        return ""
    if not case.code:
        return case.browser
    error = errors()[case.code]
    kinds = error.mro()
    return next(wording._TO_CUSTOMERS[kind] for kind in kinds if kind in wording._TO_CUSTOMERS)


def _log(case: Case) -> str:
    said = case.code or case.log
    return f"`{said}`" if said and " " not in said else said


def errors() -> dict[str, type[Exception]]:
    """Return code -> the error that has it."""
    found = [*vars(clerk_errors).values(), *vars(tinybird_errors).values()]
    return {
        each.code: each
        for each in found
        if isinstance(each, type) and issubclass(each, Exception) and hasattr(each, "code")
    }


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def main() -> int:
    """Write both files."""
    PAGE.write_text(page(), encoding="utf-8")
    EXAMPLE.write_text(example(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
