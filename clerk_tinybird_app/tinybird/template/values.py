r"""Makes SQL text from the values of a request: the types of a template, and how each is written.

A value has its type until it is written. Text is written as one literal in single quotes with
backslashes, as ClickHouse reads it. `%` is escaped too, as Tinybird does: in a LIKE the `%` of a
value then means only itself. (Everywhere else ClickHouse keeps the backslash of `\%`.)
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from clerk_tinybird_app.tinybird.template.run import MAX_DEPTH, Run, clipped, syntax_error

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

Converter: TypeAlias = Callable[[Any], Any]
"""Returns the value with its type; raises ValueError when it is not of this type."""

_SIGNED = re.compile(r"[+-]?\d{1,100}")
_UNSIGNED = re.compile(r"\d{1,100}")
_FALSE = frozenset({"", "0", "false"})
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[ T][0-9]{2}:[0-9]{2}:[0-9]{2}"

# What may follow, as in Tinybird: fractions, Z, an offset, the name of a zone.
_TAIL = r"[0-9A-Za-z .:+/_-]{0,48}"
_SHAPES = {
    "Date": re.compile(_DAY),
    "DateTime": re.compile(_DAY + _TIME + _TAIL),
    "DateTime64": re.compile(_DAY + _TIME + r"\.[0-9]{3}" + _TAIL),
}
_BITS = (8, 16, 32, 64, 128, 256)
_ERROR_NAMES = {"Int": "Int32", "Integer": "Int32"}


class SqlFragment:
    """Finished SQL, such as the name of a column. It can only be written."""

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
    """Text whose `%` is not escaped, made by `sql_unescape(x, '%')`."""

    __slots__ = ()


class SecretText(str):
    """The value of a secret. No error shows it."""

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
    """Return one SQL string literal with exactly `text`; for `%` see above."""
    return f"'{text.translate(_TABLE)}'" if _SPECIAL.search(text) else f"'{text}'"


def shown(value: object) -> str:
    """Return a value for the text of an error."""
    return "***" if isinstance(value, SecretText) else clipped(str(value))


def sql(value: object) -> str:
    """Return `value` as SQL.

    Raises:
        TemplateError: The value has no form in SQL.
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
    """Return the text of `{{ source }}` in the query."""
    text = _written(run, value, source)
    run.emit(len(text))
    return text.encode()


def write_after_minus(run: Run, value: object, source: str) -> bytes:
    """Like `write`, after a `-`: a negative number would begin a comment with it."""
    written = write(run, value, source)
    return b" " + written if written.startswith(b"-") else written


def write_after_word(run: Run, value: object, source: str) -> bytes:
    """Like `write`, after a word, such as `events_{{n}}`."""
    if type(value) in (int, float, bool) and not str(value).isdigit():
        raise syntax_error(f'"{source}" continues a word, so it must be a whole number')
    return write(run, value, source)


def write_in_comment(run: Run, value: object, source: str) -> bytes:
    """Like `write`, inside a comment, which the value must not end."""
    text = _COMMENT_MARKS.sub(" ", _written(run, value, source))
    run.emit(len(text))
    return text.encode()


def write_in_quotes(run: Run, value: object, source: str) -> bytes:
    """Like `write`, between quotes, where only a plain number is safe."""
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
"""The writers by their names in compiled templates."""


def plain(value: object) -> str:
    """Return a value as text; finished SQL is refused."""
    if isinstance(value, SqlFragment):
        raise TypeError(f"{value.maker}() gives SQL text, which no type can be made of")
    return str(value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else plain(value)


def _integer(low: int, high: int, make: Callable[[int], int]) -> Converter:
    digits = _SIGNED if low < 0 else _UNSIGNED

    def convert(value: Any) -> int:
        text = plain(value)
        if not digits.fullmatch(text):
            raise ValueError
        number = int(text)
        if not low <= number <= high:
            raise ValueError
        return make(number)

    return convert


def _float(make: Callable[[float], float]) -> Converter:
    def convert(value: Any) -> float:
        text = plain(value)
        if "_" in text:
            raise ValueError
        return make(float(text))

    return convert


def _shaped(shape: re.Pattern[str]) -> Converter:
    def convert(value: Any) -> str:
        text = plain(value)
        if not shape.fullmatch(text):
            raise ValueError
        return text

    return convert


def truth(value: Any) -> int:
    """Tinybird's Boolean: all but "", 0 and false is true; upper and lower case are the same."""
    if isinstance(value, str):
        return int(value.lower() not in _FALSE)
    return int(bool(value))


def _number_class(base: type, name: str) -> Any:
    return type(name, (base,), {"type_name": name})


def _converters() -> dict[str, Converter]:
    table: dict[str, Converter] = {"String": _text, "Boolean": truth}
    for bits in _BITS:
        half, name = 1 << (bits - 1), f"Int{bits}"
        table[name] = _integer(-half, half - 1, _number_class(SqlInt, name))
        table[f"U{name}"] = _integer(0, 2 * half - 1, _number_class(SqlInt, f"U{name}"))
    for name in ("Int", "Integer"):
        table[name] = _integer(-(1 << 31), (1 << 31) - 1, int)
    for name in ("Float32", "Float64"):
        table[name] = _float(_number_class(SqlFloat, name))
    return table | {name: _shaped(shape) for name, shape in _SHAPES.items()}


CONVERTERS = _converters()


def error_name(name: str) -> str:
    """Return the name of a type in errors: `Int` is checked like Int32, and is named so."""
    return _ERROR_NAMES.get(name, name)


def _scalar(name: str) -> Callable[..., Any]:
    convert = CONVERTERS[name]

    def typed(  # noqa: PLR0917 (Tinybird's signature)
        run: Run,
        x: Any,
        default: Any = None,
        defined: Any = True,
        required: Any = None,
        description: Any = None,
        enum: Any = None,
        example: Any = None,
        format: Any = None,  # noqa: A002 (Tinybird's name for it)
    ) -> Any:
        """As in Tinybird, the arguments from `required` on are only documentation."""
        value = default if x is None else x
        if value is None:
            if defined:
                raise run.required()
            return None
        if isinstance(value, str):
            run.spend(len(value))
        else:
            run.weigh(value)
        try:
            return convert(value)
        except ValueError:
            raise syntax_error(
                f"Error validating '{shown(value)}' to type {error_name(name)}"
            ) from None

    return typed


def boolean(run: Run, x: Any, default: Any = None) -> int:
    """`Boolean(x)`: 1 or 0, and 0 when missing."""
    value = default if x is None else x
    run.weigh(value)
    return truth(value)


TYPES: dict[str, Callable[..., Any]] = {
    name: _scalar(name) for name in CONVERTERS if name != "Boolean"
} | {"Boolean": boolean}
