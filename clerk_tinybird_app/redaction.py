"""Keeps tokens and cookies out of every log record, whichever library makes it.

Reflex logs a whole event, headers included, when it cannot handle it. So the text of each record
is cleaned when the record is made, before any handler sees it.
"""

import logging
import re
from typing import Any, Final

_HIDDEN: Final = "[redacted]"
_SECRETS: Final = re.compile(
    r"""
    eyJ[\w-]{10,}(?:\.[\w-]*)*                      # a JSON Web Token, also cut short
    | \b[sp]k_(?:test|live)_[\w-]{8,}               # Clerk's keys
    | \bp\.eyJ[\w-]+(?:\.[\w-]+)*                   # Tinybird's static tokens
    | (?<![a-z])(?:cookie|authorization)['"]?\s*[:=,]\s*b?   # a header, to the end of its value
      (?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\r\n]*)
    | \bbearer\s+[\w.~+/-]{8,}=*
    | (?<![a-z])(?:__client\w*|__session\w*|__clerk_db_jwt\w*|token)   # a cookie or parameter
      ['"]?\s*[:=]\s*['"]?[^'"\s&,;}]+
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_MAX_LENGTH: Final = 20_000


def redact(text: str) -> str:
    """Return ``text`` with every token, key and credential header replaced."""
    return _SECRETS.sub(_HIDDEN, text)


def _clean(text: str) -> str:
    """Redact, cut what is endless, and show control characters instead of obeying them."""
    cut = text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}… [{len(text)} characters]"
    return _CONTROL.sub(lambda match: repr(match[0])[1:-1], redact(cut))


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
