"""Makes a CSV answer safe to open in a spreadsheet, which runs text that looks like a formula.

The rows may contain text from anybody. A route named ``=HYPERLINK(…)`` would be run on the machine
of the person who opens the download. See "CSV injection" at owasp.org.
"""

import re
from typing import Final

NOTE: Final = "Text that a spreadsheet would run as a formula has a ' before it."
"""The note about this beside each download."""

# The last four are full-width forms of the others. Some spreadsheets treat them the same.
_FORMULA: Final = rb"(?:[=+\-@]|\xef\xbc[\x9d\x8b\x8d\xa0])"
_NUMBER: Final = rb"[+-](?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|inf|nan)"

# A spreadsheet that expects semicolons or tabs can see more cells within one cell.
_BREAK: Final = rb"[;\t\r\n]"
_DANGER: Final = re.compile(
    rb"\A(?=[\t\r])|(?:\A|(?<=%b))(?=%b)(?!%b(?:%b|\Z))" % (_BREAK, _FORMULA, _NUMBER, _BREAK)
)

# Matches many harmless cells at once, because an answer can have millions of cells.
_PLAIN: Final = (
    rb'(?:[,\r\n]|"(?![=+\-@\xef])[^";\t\r\n]*+"(?!")'
    rb"|(?:(?![=+\-@\xef])[^\",;\t\r\n]++|%b)(?=[,\r\n]|\Z))++" % _NUMBER
)
_CELLS: Final = re.compile(rb'%b|(")([^"]*(?:""[^"]*)*)"|([^",\r\n][^,\r\n]*)' % _PLAIN)


def harmless(csv: bytes) -> bytes:
    """Return ``csv`` with a ``'`` before all that a spreadsheet would run; numbers are not changed.

    Args:
        csv: Cells divided by commas, and quoted where necessary, as ClickHouse writes them.
    """
    return _CELLS.sub(_harmless, csv)


def _harmless(cells: re.Match[bytes]) -> bytes:
    quote, quoted, bare = cells.groups(b"")
    text = quoted or bare
    return quote + _DANGER.sub(b"'", text) + quote if text else cells[0]
