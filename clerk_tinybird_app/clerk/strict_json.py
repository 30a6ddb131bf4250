"""JSON objects read without any room for two readings of the same bytes."""

import json
from typing import Final, NoReturn


def _unique(members: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(members)
    if len(value) != len(members):
        raise ValueError("duplicated member")
    return value


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)


def parse_object(data: bytes) -> dict[str, object]:
    """Read one JSON object from UTF-8 bytes.

    Raises:
        ValueError: If the bytes are no UTF-8, no JSON, no object, or if any object in them has
            two members of one name. The error does not repeat the bytes.
    """
    try:
        value = _DECODER.decode(data.decode())
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value
    # Raised out here so that no chained exception carries the text that was read.
    raise ValueError("not a strict JSON object")
