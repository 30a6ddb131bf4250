"""Values that every tab can share, because nobody can change them."""

from typing import Any, Self


class FrozenValue:
    """A frozen dataclass whose copy is itself. Its fields hold nothing that can be changed.

    Reflex copies the default of a state's var for every tab. A copy of such a value would take
    memory in each tab and serve nothing.
    """

    __slots__ = ()

    def __copy__(self) -> Self:
        """Return the value itself."""
        return self

    def __deepcopy__(self, _known: dict[int, Any]) -> Self:
        """Return the value itself."""
        return self
