"""What a filter is set to: some values, or all but some; in the address and asked of a pipe."""

import json
from dataclasses import dataclass, replace
from typing import Final

MOST_VALUES: Final = 20
"""How many values a filter can be set to at once."""

NOT: Final = "_not"
"""After a filter's name in the address: the values that are left out."""

IN: Final = "_in"
NOT_IN: Final = "_not_in"
"""After a filter's name: a pipe's parameter for several values, and for those that are left out."""

MANY: Final = (IN, NOT_IN)


@dataclass(frozen=True)
class Chosen:
    """What a filter is set to.

    Attributes:
        values: At least one, each once; "" is a value too.
        is_excluded: True when it is set to all values but these.
    """

    values: tuple[str, ...]
    is_excluded: bool = False

    @property
    def only(self) -> str | None:
        """The single value that is left, None when there may be others."""
        return self.values[0] if len(self.values) == 1 and not self.is_excluded else None

    def without(self, value: str) -> "Chosen | None":
        """Return this without one of its values, None when nothing is left."""
        values = tuple(each for each in self.values if each != value)
        return replace(self, values=values) if values else None

    def asked(self, name: str) -> dict[str, str]:
        """Return the parameters by which a pipe is asked for this of the filter ``name``."""
        if self.only is not None:
            return {name: self.only}
        suffix = NOT_IN if self.is_excluded else IN
        return {name + suffix: json.dumps(self.values, ensure_ascii=False)}
