r"""From a value to SQL text.

A value keeps its type until it is written. Text is written as one single-quoted literal in
ClickHouse's backslash style; `%` is escaped too, as Tinybird does: in a LIKE, a caller's `%`
then stands for itself (ClickHouse keeps the backslash of `\%` everywhere else).
"""

import re
from collections.abc import Callable, Iterator

from clerk_tinybird_app.tinybird.template.errors import clipped, syntax_error
from clerk_tinybird_app.tinybird.template.run import MAX_DEPTH, Run

_ESCAPES = {
    "\\": "\\\\",
    "'": "\\'",
    '"': '\\"',
    "`": "\\`",
    "%": "\\%",
    "\0": "\\0",
    "\b": "\\b",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
}
_TABLE = str.maketrans(_ESCAPES)
_TABLE_BUT_PERCENT = str.maketrans({key: to for key, to in _ESCAPES.items() if key != "%"})
_SPECIAL = re.compile("[\\\\'\"`%\0\b\n\r\t]")
_COMMENT_MARKS = re.compile(r"\*(?=/)|/(?=\*)|\n")


class SqlFragment:
    """Finished SQL, such as a column's name: it can be written, and nothing else."""

    __slots__ = ("maker", "sql")

    def __init__(self, sql: str, maker: str) -> None:
        self.sql = sql
        self.maker = maker

    def __str__(self) -> str:
        return self.sql

    def __iter__(self) -> Iterator[str]:
        raise TypeError(
            f"{self.maker}() gives SQL text, which cannot be looped over or taken apart; "
            "use split_to_array() for a list"
        )


class LikeText(str):
    """Text whose `%` is written plainly, made by `sql_unescape(x, '%')`."""

    __slots__ = ()


class SecretText(str):
    """A secret's value: shown in no error."""

    __slots__ = ()


class SqlInt(int):
    """An integer that is written as `toInt32('5')`; arithmetic gives a plain one."""

    type_name = ""

    def __str__(self) -> str:
        return f"to{self.type_name}('{int.__repr__(self)}')"


class SqlFloat(float):
    """A float that is written as `toFloat64('1.5')`; arithmetic gives a plain one."""

    type_name = ""

    def __str__(self) -> str:
        return f"to{self.type_name}('{float.__repr__(self)}')"


def quote(text: str) -> str:
    """One SQL string literal that holds exactly `text` (but see `%` above)."""
    return f"'{text.translate(_TABLE)}'" if _SPECIAL.search(text) else f"'{text}'"


def shown(value: object) -> str:
    """A value for an error's text."""
    return "***" if isinstance(value, SecretText) else clipped(str(value))


def sql(value: object) -> str:
    """`value` as SQL.

    Raises:
        TemplateError: for what has no SQL form.
    """
    if isinstance(value, str):
        if isinstance(value, LikeText):
            return f"'{value.translate(_TABLE_BUT_PERCENT)}'"
        return quote(value)
    if isinstance(value, SqlFragment):
        return value.sql
    if isinstance(value, (int, float)):
        return str(value)
    return _nested(value, 0)


def _nested(value: object, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise syntax_error(f"a value has lists more than {MAX_DEPTH} deep")
    if isinstance(value, list):
        return "[" + ", ".join(_nested(item, depth + 1) for item in value) + "]"
    if isinstance(value, tuple):
        return "(" + ", ".join(_nested(item, depth + 1) for item in value) + ")"
    if isinstance(value, dict):
        pairs = (f"{sql(str(key))}: {_nested(item, depth + 1)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if value is None:
        return "NULL"
    if isinstance(value, (str, SqlFragment, int, float)):
        return sql(value)
    raise syntax_error(f"a value of type {type(value).__name__} cannot be written as SQL")


def write(run: Run, value: object, source: str) -> bytes:
    """What `{{ source }}` puts into the query."""
    text = _written(run, value, source)
    run.emit(len(text))
    return text.encode()


def write_after_minus(run: Run, value: object, source: str) -> bytes:
    """As `write`, for a place right after a `-`, which a negative number would make a comment."""
    written = write(run, value, source)
    return b" " + written if written.startswith(b"-") else written


def write_after_word(run: Run, value: object, source: str) -> bytes:
    """As `write`, for a place right after a word, such as `events_{{n}}`."""
    if type(value) in (int, float, bool) and not str(value).isdigit():
        raise syntax_error(f'"{source}" continues a word, so it must be a whole number')
    return write(run, value, source)


def write_in_comment(run: Run, value: object, source: str) -> bytes:
    """As `write`, for a place inside a comment, which the value must not end."""
    text = _COMMENT_MARKS.sub(" ", _written(run, value, source))
    run.emit(len(text))
    return text.encode()


def write_in_quotes(run: Run, value: object, source: str) -> bytes:
    """As `write`, for a place between quotes: there, only a plain number cannot do harm."""
    if type(value) not in (int, float, bool):
        raise syntax_error(
            f'"{source}" stands between quotes, which its own quotes would end: '
            "take away the quotes around the braces"
        )
    return write(run, value, source)


def _written(run: Run, value: object, source: str) -> str:
    if value is None:
        raise syntax_error(f'expression "{source}" evaluated to null')
    if isinstance(value, (list, tuple, dict)):
        run.weigh(value)
    elif isinstance(value, str):
        run.fits(len(value))
    return sql(value)


WRITERS: dict[str, Callable[[Run, object, str], bytes]] = {
    "write": write,
    "write_after_minus": write_after_minus,
    "write_after_word": write_after_word,
    "write_in_comment": write_in_comment,
    "write_in_quotes": write_in_quotes,
}
"""By the name that compiled templates call them by."""
