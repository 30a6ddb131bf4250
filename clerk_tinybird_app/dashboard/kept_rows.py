"""A panel's rows between two refreshes, in about a seventh of the memory."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

Row = dict[str, Any]
KeptRows = bytes | tuple[Row, ...]
"""Packed rows; or the rows themselves, where they do not fit into the packed form."""


def packed(rows: tuple[Row, ...]) -> KeptRows:
    """Return rows as they are kept: the columns' names once, then the values."""
    names = list(rows[0]) if rows else []
    if any(list(row) != names for row in rows):
        return rows
    try:
        return msgspec.msgpack.encode((names, [list(row.values()) for row in rows]))
    except (OverflowError, ValueError):
        # A number of more than 64 bits, or half a character.
        return rows


def unpacked(kept: KeptRows) -> tuple[Row, ...]:
    """Return the rows that were packed."""
    if not isinstance(kept, bytes):
        return kept
    names, rows = msgspec.msgpack.decode(kept)
    return tuple(dict(zip(names, row, strict=True)) for row in rows)


class UnpackedRows(Mapping[str, tuple[Row, ...]]):
    """The rows of some panels by their keys, each unpacked when it is first asked for."""

    def __init__(self, kept: Mapping[str, KeptRows]) -> None:
        self._kept = kept
        self._unpacked: dict[str, tuple[Row, ...]] = {}

    def __getitem__(self, panel: str) -> tuple[Row, ...]:
        """Return the rows of a panel."""
        # What is forgotten meanwhile is gone here too.
        kept = self._kept[panel]
        if panel not in self._unpacked:
            self._unpacked[panel] = unpacked(kept)
        return self._unpacked[panel]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the panels."""
        return iter(self._kept)

    def __len__(self) -> int:
        """Return how many panels there are."""
        return len(self._kept)

    def __contains__(self, panel: object) -> bool:
        """Tell whether there are rows of a panel, without unpacking them."""
        return panel in self._kept
