"""What `rxconfig.py` must know of Reflex: its variables, and its log's useless lines."""

import logging
from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from reflex_base.config import Config
from reflex_base.environment import EnvironmentVariables

_UNLISTED: Final = frozenset(
    {"REFLEX_MANAGED_LOGGING", "REFLEX_OUTPUT_SUPERVISED", "REFLEX_EMBED_ORIGIN"}
)
"""Read by name in Reflex's sources, and in none of its two lists."""

_USELESS_LINES: Final[Mapping[str, str]] = {
    # Bun comes as a Python wheel; an old Node.js on the machine is not used.
    "reflex.utils.js_runtimes": "Your version",
    # It compares the npm registries it knows; bun asks the one that the user has configured.
    "reflex.utils.registry": "Failed to connect to",
    # Whenever a tab closes while an answer is on its way.
    "reflex.app": "Attempting to send delta to disconnected client",
}
"""Logger -> how its line begins."""


def reflex_variables() -> frozenset[str]:
    """Return their names, those that override a value of ``rxconfig.py`` included."""
    own = {name for name in vars(EnvironmentVariables) if name.startswith("REFLEX_")}
    return _UNLISTED | own | {f"REFLEX_{item.name.upper()}" for item in fields(Config)}


class _LineFilter(logging.Filter):
    def __init__(self, beginning: str) -> None:
        super().__init__()
        self._beginning = beginning

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(self._beginning)


def quiet_logs() -> None:
    """Leave these lines out from now on; harmless to call twice."""
    for name, beginning in _USELESS_LINES.items():
        logger = logging.getLogger(name)
        if not any(isinstance(known, _LineFilter) for known in logger.filters):
            logger.addFilter(_LineFilter(beginning))
