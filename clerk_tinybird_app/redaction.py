"""Keeps tokens and cookies out of every log line, whoever writes it.

Reflex logs a whole event, headers included, when it cannot handle it. So the text of each record
is cleaned when the record is made, before any handler sees it.
"""

import logging
import re
from typing import Any, Final

_HIDDEN: Final = "[redacted]"
_SECRETS: Final = re.compile(
    r"""
    eyJ[\w-]{10,}(?:\.[\w-]*)*                              # a JSON Web Token, also cut short
    | \b[sp]k_(?:test|live)_[\w-]{8,}                       # Clerk's keys
    | \bp\.eyJ[\w-]+(?:\.[\w-]+)*                           # Tinybird's static tokens
    | (?<!\w)(?:cookie|authorization|__client|__session\w*|token)
      ['"]?\s*[:=]\s*['"]?(?:bearer\s+)?[^'"\s&,}]+[^'"&}]*  # a header, cookie or parameter
    """,
    re.IGNORECASE | re.VERBOSE,
)


def redact(text: str) -> str:
    """Return ``text`` with every token, key and credential header replaced."""
    return _SECRETS.sub(_HIDDEN, text)


def redact_logs() -> None:
    """Clean every log record that this process makes from now on; harmless to call twice."""
    factory = logging.getLogRecordFactory()
    if getattr(factory, "redacts", False):
        return

    def clean(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = factory(*args, **kwargs)
        record.msg, record.args = redact(_message(record)), None
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
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
