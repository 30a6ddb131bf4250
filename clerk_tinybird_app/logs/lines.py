"""One form for the log lines of every library: for a terminal, or JSON.

A line says time, level, logger and text; then the ids of the request, event, session and tenant
that it belongs to, and the fields that only some lines have, such as the code of a refusal.
"""

import json
import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final, TextIO

from clerk_tinybird_app.logs.context import ids
from clerk_tinybird_app.logs.redaction import clean, redact_logs

TEXT: Final = "text"
JSON: Final = "json"

FIELDS: Final = ("code", "place", "pipe", "client", "method", "path", "status", "ms")
"""What a line may say beside its text, with ``extra=``. Nothing else of a record is written."""

_IN_THE_TEXT: Final = frozenset({"code", "method", "path", "status", "ms"})
"""Fields that the text of a line says already, so that only programs need them."""

OWN_LOGGER: Final = "clerk_tinybird_app"
_GRANIANS: Final = ("_granian", "granian.access")
_MS: Final = 1000


def _beside(record: logging.LogRecord) -> dict[str, Any]:
    """Return the ids and the fields of a record."""
    fields = {name: value for name in FIELDS if (value := getattr(record, name, None)) is not None}
    # The text of a record is cleaned when it is made. These are not.
    return ids() | {
        name: clean(value) if isinstance(value, str) else value for name, value in fields.items()
    }


def _text(record: logging.LogRecord) -> str:
    text = record.getMessage()
    if getattr(record, "rich", False):
        # Reflex writes some lines in Rich's markup, for its own terminal.
        from rich.errors import MarkupError  # noqa: PLC0415 - a few lines of a start need it
        from rich.text import Text  # noqa: PLC0415

        try:
            return Text.from_markup(text).plain
        except MarkupError:
            return text
    return text


def _time(record: logging.LogRecord) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{moment}.{int(record.created * _MS) % _MS:03d}Z"


class JsonLine(logging.Formatter):
    """Writes a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        known = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": _text(record),
        }
        return json.dumps(known | _beside(record), ensure_ascii=False, default=str)


class TextLine(logging.Formatter):
    """Writes a record as one line for people; a traceback follows, indented."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        shown = {k: v for k, v in _beside(record).items() if k not in _IN_THE_TEXT}
        beside = " ".join(f"{name}={value}" for name, value in shown.items())
        first, *others = _text(record).split("\n")
        line = f"{_time(record)} {record.levelname:<7} {record.name}: {first}"
        return "\n".join([f"{line} [{beside}]" if beside else line, *others])


_FORMATTERS: Final[Mapping[str, type[logging.Formatter]]] = {TEXT: TextLine, JSON: JsonLine}


class OwnHandler(logging.StreamHandler[TextIO]):
    """The one handler of this process; the class is the mark by which a second call finds it."""


class _Diverted(logging.Filter):
    """Hands the records of somebody else's handler to ours, and keeps them from that handler."""

    def __init__(self, handler: logging.Handler) -> None:
        super().__init__()
        self._handler = handler

    def filter(self, record: logging.LogRecord) -> bool:
        self._handler.handle(record)
        return False


def write_lines(form: str, *, instead_of: Iterable[logging.Handler] = ()) -> None:
    """Write the lines of every logger to standard error in one form, cleaned.

    It is called again when a server has set up its own handlers: these are replaced then.

    Args:
        form: ``text`` or ``json``.
        instead_of: Handlers that would write in a form of their own, and come back when removed.
    """
    redact_logs()
    root = logging.getLogger()
    handler = next((one for one in root.handlers if isinstance(one, OwnHandler)), None)
    if handler is None:
        handler = OwnHandler()
        root.addHandler(handler)
    handler.setFormatter(_FORMATTERS[form]())
    # The root's own level, WARNING, keeps quiet what libraries do at each request.
    logging.getLogger(OWN_LOGGER).setLevel(logging.INFO)
    for name in _GRANIANS:
        granians = logging.getLogger(name)
        granians.handlers, granians.propagate = [handler], False
    for other in instead_of:
        if not any(isinstance(known, _Diverted) for known in other.filters):
            other.addFilter(_Diverted(handler))


def writes_json() -> bool:
    """Tell whether this process writes its lines as JSON."""
    handlers = (each for each in logging.getLogger().handlers if isinstance(each, OwnHandler))
    return any(isinstance(each.formatter, JsonLine) for each in handlers)
