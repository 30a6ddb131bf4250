"""Many values: `Array`, `split_to_array`, `enumerate`, `enumerate_with_last`, and `JSON`."""

import json
from typing import Any

from clerk_tinybird_app.tinybird.template.errors import syntax_error
from clerk_tinybird_app.tinybird.template.literals import SqlFragment, quote, shown
from clerk_tinybird_app.tinybird.template.numbers import bounded
from clerk_tinybird_app.tinybird.template.run import Run
from clerk_tinybird_app.tinybird.template.types import CONVERTERS, plain, told_as


def array(  # noqa: PLR0917 (Tinybird's signature)
    run: Run,
    x: Any,
    type: Any = "String",  # noqa: A002 (Tinybird's name for it)
    default: Any = None,
    defined: Any = True,
    required: Any = None,
    description: Any = None,
    enum: Any = None,
    example: Any = None,
    format: Any = None,  # noqa: A002 (Tinybird's name for it)
) -> SqlFragment | None:
    """`Array(x, 'Int32')`: a SQL array from "1,2" or a JSON list."""
    value = default if x is None else x
    if value is None:
        if defined:
            raise run.required()
        return None
    run.weigh(value)
    if isinstance(value, str):
        items: list[Any] = value.split(",")
    elif isinstance(value, list):
        items = value
    else:
        raise syntax_error("transform type function Array is not well defined")
    written = [_element(run, value, place, item, str(type)) for place, item in enumerate(items)]
    return SqlFragment("[" + ",".join(written) + "]", "Array")


def _element(run: Run, whole: Any, place: int, item: Any, type_name: str) -> str:
    if item is None:
        raise run.required()
    convert = CONVERTERS.get(type_name)
    if convert is None:  # Tinybird writes elements of any other type as text, e.g. UUID
        return quote(plain(item))
    try:
        checked = convert(item)
    except ValueError:
        told = "empty string" if item == "" else shown(item)
        raise syntax_error(
            f"Error validating [{shown(whole)}][{place}] ({told}) to type {told_as(type_name)}"
        ) from None
    if isinstance(checked, str):
        return quote(checked)
    return int.__repr__(checked) if isinstance(checked, int) else float.__repr__(checked)


def split_to_array(run: Run, x: Any, default: Any = "", separator: Any = ",") -> list[str]:
    """`split_to_array(x)`: the parts of a text, without the blanks around them."""
    value = default if x is None else x
    if not isinstance(value, str):
        raise syntax_error(
            "First argument of split_to_array has to be a value that can be split to a list of "
            "elements, but found a PlaceHolder with no value instead",
            anchor="#split_to_array",
        )
    run.fits(2 * len(value))
    return [part.strip() for part in value.split(separator)]


def enumerate_with_last(run: Run, xs: Any) -> list[tuple[bool, Any]]:
    """Pairs of (is it the last?, element)."""
    run.weigh(xs)
    items = list(xs)
    return [(place == len(items), item) for place, item in enumerate(items, 1)]


def enumerated(run: Run, xs: Any, start: Any = 0) -> list[tuple[int, Any]]:
    """Python's `enumerate`, as a list."""
    run.weigh(xs)
    return list(enumerate(list(xs), bounded(int(start))))


def parse_json(run: Run, x: Any, default: Any = None, defined: Any = True) -> Any:
    """`JSON(x)`: the value in a JSON text (or as it came in a POST body); {} when missing."""
    value = default if x is None else x
    if value is None:
        return {}
    run.weigh(value)
    if not isinstance(value, str):
        return value
    try:
        parsed = json.loads(value, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise syntax_error(f"Error parsing JSON: '{shown(value)}' - {error}") from None
    run.weigh(parsed)
    return parsed


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")
