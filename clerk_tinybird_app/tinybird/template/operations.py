"""The operators and methods of a template, with limits on the size of their results."""

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from clerk_tinybird_app.tinybird.template.run import Run

MAX_BITS = 512
"""The most bits of an integer: twice as many as ClickHouse's widest type has."""

_SIZED = (str, list, tuple)
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


def bounded(number: Any) -> Any:
    """Return `number`.

    Raises:
        ValueError: It is an integer with more than MAX_BITS bits.
    """
    if isinstance(number, int) and number.bit_length() > MAX_BITS:
        raise ValueError(f"a number has more than {MAX_BITS} bits")
    return number


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


def compare(run: Run, names: tuple[str, ...], *operands: Any) -> bool:
    """`a < b`, and chains of them."""
    for value in operands:
        if isinstance(value, str):
            run.spend(len(value))
        elif value is not None and not _is_number(value):
            run.weigh(value)
    return all(
        _COMPARISONS[name](left, right)
        for name, left, right in zip(names, operands, operands[1:], strict=False)
    )


def item(run: Run, container: Any, key: Any) -> Any:
    """`container[key]`."""
    if not isinstance(container, (*_SIZED, dict)):
        raise TypeError(f"'{type(container).__name__}' object is not subscriptable")
    return container[key]


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
    for value in values:
        run.step(cost)
        yield value


def while_condition(run: Run, condition: Any, cost: int) -> bool:
    """Return the condition of a `while`. Each iteration costs `cost` of the budget."""
    run.step(cost)
    return bool(condition)


def _receiver(value: Any, kind: type, method: str) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"'{type(value).__name__}' object has no attribute '{method}'")


def get(run: Run, receiver: Any, key: Any, default: Any = None, /) -> Any:
    """`dict.get`."""
    _receiver(receiver, dict, "get")
    return receiver.get(key, default)


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
    run.fits(len(receiver) + receiver.count(old) * len(new))
    return str.replace(receiver, old, new, count)


def split(run: Run, receiver: Any, sep: Any = None, maxsplit: Any = -1) -> list[str]:
    """`str.split`."""
    _receiver(receiver, str, "split")
    run.fits(2 * len(receiver))
    return str.split(receiver, sep, maxsplit)


def strip(run: Run, receiver: Any, signs: Any = None, /) -> str:
    """`str.strip`."""
    _receiver(receiver, str, "strip")
    run.fits(len(receiver))
    return str.strip(receiver, signs)


def _affix_test(name: str) -> Callable[..., bool]:
    """`str.startswith` and `str.endswith`: with one text, or a tuple of texts."""
    ask: Callable[..., bool] = getattr(str, name)

    def method(run: Run, receiver: Any, part: Any, /) -> bool:
        _receiver(receiver, str, name)
        run.weigh(part)
        return ask(receiver, part)

    return method


OPERATORS: dict[str, Callable[..., Any]] = {
    "Add": add,
    "Sub": _arithmetic("-", operator.sub),
    "Mult": multiply,
    "Div": _arithmetic("/", operator.truediv),
    "FloorDiv": _arithmetic("//", operator.floordiv),
    "Mod": _arithmetic("%", operator.mod),
    "Pow": power,
}


METHODS: dict[str, Callable[..., Any]] = {
    **{name: _affix_test(name) for name in ("endswith", "startswith")},
    "get": get,
    "join": join,
    "replace": replace,
    "split": split,
    "strip": strip,
}
