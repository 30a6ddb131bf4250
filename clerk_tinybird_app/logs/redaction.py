"""Keeps tokens and cookies out of every log record, whichever library makes it.

Reflex logs a whole event, headers included, when it cannot handle it. So the text of each record
is cleaned when the record is made, before any handler sees it.
"""

import logging
import re
from typing import Any, Final

_HIDDEN: Final = "[redacted]"
# Long, or with a digit in it: neither a word of prose nor a name in code.
_OPAQUE: Final = r"(?:(?=[\w.~+/-]*\d)[\w.~+/-]{8,}|[\w.~+/-]{20,})=*"
_SECRETS: Final = re.compile(
    rf"""
    eyJ[\w-]{{10,}}(?:\.[\w-]*)*                       # a JSON Web Token, also cut short
    | \b[sp]k_(?:test|live)_[\w-]{{8,}}                # Clerk's keys
    | \bp\.eyJ[\w-]+(?:\.[\w-]+)*                     # Tinybird's static tokens
    | (?<![a-z])(?:cookie|authorization)['"]\s*[:=,]\s*b?   # a header, quoted, with its value
      (?:'(?:[^'\\]|\\.)+'|"(?:[^"\\]|\\.)+")
    | (?<![a-z])cookie:[ \t]*[\w-]+=[^\r\n]*            # a header's line
    | (?<![a-z])(?:authorization:[ \t]*|bearer\s+|basic\s+){_OPAQUE}
    | (?<![a-z])(?:__client\w*|__session\w*|__clerk_db_jwt\w*)   # a cookie with its value
      (?:=|['"]\s*[:,]\s*['"])[^'"\s&,;}}]+
    | (?<=[?&])token=[^'"\s&]+                        # in an address, whatever it is
    | (?<![a-z])token['"]?\s*[:=]\s*['"]?              # elsewhere with a digit and a letter
      (?=[\w.~+/-]*\d)(?=[\d.~+/_-]*[a-z])[\w~+/-][\w.~+/-]{{15,}}=*
    """,
    re.IGNORECASE | re.VERBOSE,
)
# Whatever is neither ASCII text nor a letter or digit of any script; `_shown` looks closer.
_INVISIBLE: Final = re.compile(r"[^\w\n\t -~]")
_MAX_LENGTH: Final = 20_000


def redact(text: str) -> str:
    """Return ``text`` with every token, key and credential header replaced."""
    return _SECRETS.sub(_HIDDEN, text)


def _clean(text: str) -> str:
    """Redact, cut what is endless, and show control characters instead of obeying them.

    A line after the first one is indented, so that none can pass for a record of its own.
    """
    cut = text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}… [{len(text)} characters]"
    return _INVISIBLE.sub(_shown, redact(cut)).replace("\n", "\n    ")


def _shown(match: re.Match[str]) -> str:
    """Spell what a terminal would obey, reorder by, or fail on; leave the other text alone."""
    character = match[0]
    return character if character.isprintable() else repr(character)[1:-1]


def redact_logs() -> None:
    """Clean every log record that this process makes from now on; harmless to call twice."""
    factory = logging.getLogRecordFactory()
    if getattr(factory, "redacts", False):
        return

    def clean(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = factory(*args, **kwargs)
        text = _message(record)
        if record.exc_info and record.exc_info[0] is not None:
            # Within the message: handlers format what is in exc_info by themselves.
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        record.msg, record.args, record.exc_info = _clean(text), None, None
        return record

    # Marks the factory, so that a second call finds it in place.
    clean.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(clean)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        # The arguments do not fit the format; logging itself would have lost the line.
        return f"{record.msg} {record.args}"
