"""Removes tokens and cookies from every log record of every library.

Reflex logs a whole event, with its headers, when it cannot handle the event. So the text of each
record is cleaned when the record is made, before any handler sees it.
"""

import logging
import re
from typing import Any, Final

_HIDDEN: Final = "[redacted]"
# A long text, or one with a digit: such a text is no word and no name in code.
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
# All characters but ASCII text and the letters and digits of any script; `_shown` decides.
_INVISIBLE: Final = re.compile(r"[^\w\n\t -~]")
_MAX_LENGTH: Final = 20_000


def redact(text: str) -> str:
    """Return ``text`` with every token, key and credential header replaced."""
    return _SECRETS.sub(_HIDDEN, text)


def clean(text: str) -> str:
    """Redact the text, cut it when it is too long, and spell out its control characters.

    All lines after the first are indented, so that no line looks like a record of its own.
    """
    cut = text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}… [{len(text)} characters]"
    return _INVISIBLE.sub(_shown, redact(cut)).replace("\n", "\n    ")


def _shown(match: re.Match[str]) -> str:
    """Spell out a character that a terminal cannot print, or obeys; return others unchanged."""
    character = match[0]
    return character if character.isprintable() else repr(character)[1:-1]


def redact_logs() -> None:
    """Clean every log record that this process makes from now on. A second call changes nothing."""
    factory = logging.getLogRecordFactory()
    if getattr(factory, "redacts", False):
        return

    def cleaned(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = factory(*args, **kwargs)
        text = _message(record)
        if record.exc_info and record.exc_info[0] is not None:
            # Part of the message, because handlers format exc_info without cleaning it.
            text += "\n" + logging.Formatter().formatException(record.exc_info)
        record.msg, record.args, record.exc_info = clean(text), None, None
        return record

    # The mark of our factory: a second call of `redact_logs` sees it.
    cleaned.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(cleaned)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        # The arguments do not fit the format. The logging module would drop the whole line.
        return f"{record.msg} {record.args}"
