"""Numbers of a bounded size."""

from typing import Any

MAX_BITS = 512
"""Twice ClickHouse's widest integer."""


def bounded(number: Any) -> Any:
    """`number`, unless it is an integer too long to be meant.

    Raises:
        ValueError: for an integer of more than MAX_BITS bits.
    """
    if isinstance(number, int) and number.bit_length() > MAX_BITS:
        raise ValueError(f"a number has more than {MAX_BITS} bits")
    return number
