"""The TOKEN instruction, which both kinds of file have."""

import re
from pathlib import Path
from typing import Final

from clerk_tinybird_app.tinybird.project.errors import ProjectError
from clerk_tinybird_app.tinybird.project.instructions import Instruction

READ: Final = "READ"
APPEND: Final = "APPEND"

_TOKEN: Final = re.compile(r"""(?:"([^"]+)"|'([^']+)'|([^\s"']+))\s+(\w+)""")


def token(instruction: Instruction, file: Path, *allowed: str) -> tuple[str, str]:
    """Return a token's name and what it may do.

    Raises:
        ProjectError: The instruction is not ``TOKEN name SCOPE`` with a scope of ``allowed``.
    """
    found = _TOKEN.fullmatch(instruction.value)
    scope = found[4].upper() if found else ""
    if found is None or scope not in allowed:
        raise ProjectError(
            file, instruction.line, f"Write TOKEN name {' or '.join(allowed)}, in this order."
        )
    return found[1] or found[2] or found[3], scope
