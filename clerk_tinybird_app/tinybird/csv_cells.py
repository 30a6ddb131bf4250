"""Makes a CSV answer safe to open in a spreadsheet, which runs text that looks like a formula.

The rows hold what anybody sent to the API that they tell of: a route named ``=HYPERLINK(…)`` would
be run on the machine of whoever opens the download. See "CSV injection" at owasp.org.
"""

import re
from typing import Final

NOTE: Final = "Text that a spreadsheet would run as a formula has a ' before it."
"""What a download is to say about itself."""

# The last are full-width forms of the first four, which some spreadsheets take for them.
_FORMULA: Final = rb"(?:[=+\-@]|\xef\xbc[\x9d\x8b\x8d\xa0])"
_NUMBER: Final = rb"[+-](?:(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|inf|nan)"

# Where a spreadsheet expects semicolons or tabs, a cell can begin within what is one cell here.
_BREAK: Final = rb"[;\t\r\n]"
_DANGER: Final = re.compile(
    rb"\A(?=[\t\r])|(?:\A|(?<=%b))(?=%b)(?!%b(?:%b|\Z))" % (_BREAK, _FORMULA, _NUMBER, _BREAK)
)

# As many cells at once as plainly hold no danger: an answer has up to millions.
_PLAIN: Final = (
    rb'(?:[,\r\n]|"(?![=+\-@\xef])[^";\t\r\n]*+"(?!")'
    rb"|(?:(?![=+\-@\xef])[^\",;\t\r\n]++|%b)(?=[,\r\n]|\Z))++" % _NUMBER
)
_CELLS: Final = re.compile(rb'%b|(")([^"]*(?:""[^"]*)*)"|([^",\r\n][^,\r\n]*)' % _PLAIN)


def harmless(csv: bytes) -> bytes:
    """Return ``csv`` with a ``'`` before whatever a spreadsheet would run; numbers stay numbers.

    Args:
        csv: Cells divided by commas, in double quotes where need be, as ClickHouse writes them.
    """
    return _CELLS.sub(_harmless, csv)


def _harmless(cells: re.Match[bytes]) -> bytes:
    quote, quoted, bare = cells.groups(b"")
    text = quoted or bare
    return quote + _DANGER.sub(b"'", text) + quote if text else cells[0]
