"""One thing a Tinybird token allows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PIPES_READ = "PIPES:READ"


@dataclass(frozen=True, slots=True)
class Scope:
    """Read access to one pipe with some of its parameters fixed.

    Attributes:
        resource: The pipe's name.
        fixed_params: Parameter values that win over whatever a request says.
    """

    resource: str
    fixed_params: Mapping[str, str]

    def as_claim(self) -> dict[str, Any]:
        """Return the scope as it stands in the token's ``scopes`` claim."""
        return {
            "type": PIPES_READ,
            "resource": self.resource,
            "fixed_params": dict(self.fixed_params),
        }
