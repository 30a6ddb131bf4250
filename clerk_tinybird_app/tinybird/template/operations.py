"""The operators and methods of a template, with limits on the size of their results."""

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from clerk_tinybird_app.tinybird.template.run import MAX_BITS, Run, bounded
from clerk_tinybird_app.tinybird.template.values import SqlFloat, SqlFragment, SqlInt, plain

_KEY_BITS = 60
"""The most bits of an integer that is a key: Python gives two such ones two hashes."""

_QUICK = 16
"""So many characters or places of a table are looked at in the time of one unit of work."""

_MOST_SOUGHT = 100
"""Python looks for a text in linear time when it is longer than this."""

_SIZED = (str, list, tuple)
_MOST_WIDTH = 99
_FORMAT = re.compile(r"%(?:%|(?:\(\w*\))?[-+ 0#]*\d{0,2}(?:\.\d{0,2})?[sdifeEgGxX])")
_FORMAT_SPEC = re.compile(
    r"(?:.?[<>=^])?[-+ ]?#?0?\d{0,2}[,_]?(?:\.\d{1,2})?[bdeEfFgGnosxX%]?", re.DOTALL
)
_KEYS = re.compile(r"%\((\w*)\)")
_COMPARING = frozenset({"lstrip", "rfind", "rpartition", "rstrip", "strip"})
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Is": operator.is_,
    "IsNot": operator.is_not,
    "In": lambda left, right: left in right,
    "NotIn": lambda left, right: left not in right,
}
COMPARISONS = frozenset(_COMPARISONS)


def key_of(run: Run, key: Any, size: int = 0) -> Any:
    """Return the key of an object that has `size` of them, and count the search for it.

    Texts have secret hashes. A caller can choose numbers that all stand in each other's way.

    Raises:
        TypeError: It is neither a text nor a small number.
    """
    if isinstance(key, str):
        run.spend(len(key))
    elif key is None or (isinstance(key, int) and key.bit_length() <= _KEY_BITS):
        run.spend(1 + size // _QUICK)
    else:
        raise TypeError(
            f"a key is a text or a whole number of at most {_KEY_BITS} bits, "
            f"not '{type(key).__name__}'"
        )
    return key


def text(run: Run, x: Any = "", /) -> str:
    """Python's `str`; a text stays what it is, a secret one among them."""
    if isinstance(x, str):
        return x
    run.weigh(x)
    made = plain(_bare(x))
    run.fits(len(made))
    return made


def _bare(value: Any) -> Any:
    """Return a number with a type as the number, which is written without the type."""
    if isinstance(value, SqlInt):
        return int(value)
    return float(value) if isinstance(value, SqlFloat) else value


def seek(run: Run, whole: Any, sought: Any) -> None:
    """Count the search for a text in another one, from its beginning."""
    if isinstance(whole, str) and isinstance(sought, str):
        run.spend(len(whole) * min(len(sought), _MOST_SOUGHT) // _QUICK)


def _seek_each(run: Run, whole: str, sought: Any) -> None:
    """Count a search that may compare each character with each."""
    if isinstance(sought, str):
        run.spend(len(whole) * len(sought) // _QUICK)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _both_numbers(sign: str, left: Any, right: Any) -> None:
    if not (_is_number(left) and _is_number(right)):
        raise TypeError(f"{sign} is for numbers only")
    bounded(left)
    bounded(right)


def add(run: Run, left: Any, right: Any) -> Any:
    """`left + right`: numbers, texts or lists."""
    if _is_number(left) and _is_number(right):
        return bounded(left + right)
    run.fits(run.weigh(left) + run.weigh(right))
    return left + right


def multiply(run: Run, left: Any, right: Any) -> Any:
    """`left * right`: numbers, or a text or list repeated."""
    if _is_number(left) and _is_number(right):
        _both_numbers("*", left, right)
        return bounded(left * right)
    times = left if isinstance(left, int) else right
    repeated = right if isinstance(left, int) else left
    if not isinstance(times, int) or not isinstance(repeated, _SIZED):
        raise TypeError("* takes numbers, or a text or list and a whole number")
    run.fits(run.weigh(repeated) * max(times, 0))
    return repeated * times


def power(run: Run, left: Any, right: Any) -> Any:
    """`left ** right`, when the result is not too large."""
    _both_numbers("**", left, right)
    exact = isinstance(left, int) and isinstance(right, int)
    if exact and left.bit_length() * abs(right) > 2 * MAX_BITS:
        raise ValueError(f"a number has more than {MAX_BITS} bits")
    result = left**right
    if isinstance(result, complex):
        raise TypeError("** would leave the real numbers")
    return bounded(result)


def _arithmetic(sign: str, function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def operation(run: Run, left: Any, right: Any) -> Any:
        _both_numbers(sign, left, right)
        return bounded(function(left, right))

    return operation


def modulo(run: Run, left: Any, right: Any) -> Any:
    """`left % right`: numbers, or a text with `%s`, `%d` and the like."""
    if not isinstance(left, str):
        _both_numbers("%", left, right)
        return bounded(left % right)
    if "%" in _FORMAT.sub("", left):
        raise TypeError(f"% is for numbers only, or for a text with %s, %d... up to {_MOST_WIDTH}")
    places = left.count("%")
    # A key may stand in several places, and what it names is written in each.
    named = _KEYS.findall(left) if isinstance(right, dict) else []
    size = run.weigh(right) + sum(run.weigh(right.get(name)) for name in named)
    run.fits(len(left) + size + places * 2 * _MOST_WIDTH)
    made = left % _written(right)
    run.fits(len(made))
    return made


def _written(value: Any) -> Any:
    """Return what `%` writes: numbers without their types, and no finished SQL."""
    if isinstance(value, tuple):
        return tuple(map(_written_one, value))
    if isinstance(value, dict):
        return {key: _written_one(each) for key, each in value.items()}
    return _written_one(value)


def _written_one(value: Any) -> Any:
    return plain(value) if isinstance(value, SqlFragment) else _bare(value)


def formatted(run: Run, value: Any, spec: str) -> str:
    """`{value:spec}` in an f-string."""
    if not spec:
        return text(run, value)
    if not _FORMAT_SPEC.fullmatch(spec):
        raise TypeError(f"the format '{spec}' is not supported")
    run.weigh(value)
    made = format(value, spec)
    run.fits(len(made))
    return made


def joined(run: Run, *parts: str) -> str:
    """The parts of an f-string."""
    run.fits(sum(map(len, parts)))
    return "".join(parts)


def put(run: Run, container: Any, key: Any, value: Any) -> None:
    """`container[key] = value`."""
    if not isinstance(container, (list, dict)):
        raise TypeError(f"'{type(container).__name__}' object does not support item assignment")
    run.weigh([key, value])
    if isinstance(container, dict):
        key_of(run, key, len(container))
    container[key] = value


def compare(run: Run, names: tuple[str, ...], *operands: Any) -> bool:
    """`a < b`, and chains of them."""
    for value in operands:
        if isinstance(value, str):
            run.spend(len(value))
        elif value is not None and not _is_number(value):
            run.weigh(value)
    for name, left, right in zip(names, operands, operands[1:], strict=False):
        if name in {"In", "NotIn"}:
            seek(run, right, left)
    return all(
        _COMPARISONS[name](left, right)
        for name, left, right in zip(names, operands, operands[1:], strict=False)
    )


def item(run: Run, container: Any, key: Any) -> Any:
    """`container[key]`."""
    if not isinstance(container, (*_SIZED, dict)):
        raise TypeError(f"'{type(container).__name__}' object is not subscriptable")
    return container[key_of(run, key, len(container)) if isinstance(container, dict) else key]


def part(run: Run, container: Any, start: Any, stop: Any, step: Any) -> Any:
    """`container[start:stop:step]`."""
    if not isinstance(container, _SIZED):
        raise TypeError(f"'{type(container).__name__}' object has no parts")
    run.spend(len(container))
    return container[start:stop:step]


def display(run: Run, value: Any) -> Any:
    """A list, tuple or object that is a literal of the template."""
    run.weigh(value)
    return value


def for_values(run: Run, values: Iterable[Any], cost: int) -> Iterator[Any]:
    """Yield the values of a `for`. Each iteration costs `cost` of the budget."""
    if not isinstance(values, (*_SIZED, dict)):
        iter(values)  # raises the error of Python, or of an Array
        raise TypeError(f"'{type(values).__name__}' object is not iterable")
    if isinstance(values, dict):
        # As it is now: a template may add to it while it goes through it.
        run.spend(len(values))
        values = list(values)
    for value in values:
        run.step(cost)
        yield value


def while_condition(run: Run, condition: Any, cost: int) -> bool:
    """Return the condition of a `while`. Each iteration costs `cost` of the budget."""
    run.step(cost)
    return bool(condition)


def _receiver(value: Any, kind: type | tuple[type, ...], method: str) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"'{type(value).__name__}' object has no attribute '{method}'")


def get(run: Run, receiver: Any, key: Any, default: Any = None, /) -> Any:
    """`dict.get`."""
    _receiver(receiver, dict, "get")
    return receiver.get(key_of(run, key, len(receiver)), default)


def join(run: Run, receiver: Any, parts: Any, /) -> str:
    """`str.join`."""
    _receiver(receiver, str, "join")
    total = run.weigh(parts)
    run.fits(total + len(receiver) * len(parts))
    return str.join(receiver, parts)


def replace(run: Run, receiver: Any, old: Any, new: Any, count: Any = -1, /) -> str:
    """`str.replace`."""
    _receiver(receiver, str, "replace")
    run.spend(len(receiver))
    seek(run, receiver, old)
    run.fits(len(receiver) + receiver.count(old) * len(new))
    return str.replace(receiver, old, new, count)


def split(run: Run, receiver: Any, sep: Any = None, maxsplit: Any = -1) -> list[str]:
    """`str.split`."""
    _receiver(receiver, str, "split")
    run.fits(2 * len(receiver))
    seek(run, receiver, sep)
    return str.split(receiver, sep, maxsplit)


def append(run: Run, receiver: Any, value: Any, /) -> None:
    """`list.append`; a loop's steps bound how much longer a list can be."""
    _receiver(receiver, list, "append")
    run.weigh(value)
    receiver.append(value)


def _method(name: str, *kinds: type, growth: int = 1) -> Callable[..., Any]:
    """A method of Python's whose result is so many times as large as what it is given, at most."""

    def method(run: Run, receiver: Any, /, *given: Any) -> Any:
        _receiver(receiver, kinds, name)
        run.fits(growth * (run.weigh(receiver) + run.weigh(given)))
        if isinstance(receiver, str) and given:
            (_seek_each if name in _COMPARING else seek)(run, receiver, given[0])
        kind = next(each for each in kinds if isinstance(receiver, each))
        found = getattr(kind, name)(receiver, *given)
        # A view of an object would change with it.
        return list(found) if kind is dict else found

    return method


OPERATORS: dict[str, Callable[..., Any]] = {
    "Add": add,
    "Sub": _arithmetic("-", operator.sub),
    "Mult": multiply,
    "Div": _arithmetic("/", operator.truediv),
    "FloorDiv": _arithmetic("//", operator.floordiv),
    "Mod": modulo,
    "Pow": power,
}


STATEMENT_METHODS: dict[str, Callable[..., Any]] = {
    **{
        name: _method(name, str)
        for name in (
            *("find", "isalnum", "isalpha", "isdigit", "islower", "isnumeric", "isspace"),
            *("isupper", "lstrip", "partition", "removeprefix", "removesuffix", "rfind"),
            *("rpartition", "rstrip", "splitlines"),
        )
    },
    # A letter can be three in the other case.
    **{
        name: _method(name, str, growth=3)
        for name in ("capitalize", "casefold", "lower", "swapcase", "title", "upper")
    },
    **{name: _method(name, str, list, tuple) for name in ("count", "index")},
    **{name: _method(name, dict) for name in ("items", "keys", "values")},
    "append": append,
}
"""Those that Tinybird takes in statements, and not between `{{` and `}}`."""

METHODS: dict[str, Callable[..., Any]] = {
    **STATEMENT_METHODS,
    **{name: _method(name, str) for name in ("endswith", "startswith", "strip")},
    "get": get,
    "join": join,
    "replace": replace,
    "split": split,
}
