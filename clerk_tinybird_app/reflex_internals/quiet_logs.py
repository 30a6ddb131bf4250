"""Lines of Reflex's log that are true and of no use to their reader."""

import logging
from collections.abc import Mapping
from typing import Final

_OF_NO_USE: Final[Mapping[str, str]] = {
    # Bun comes as a Python wheel; an old Node.js on the machine is not used.
    "reflex.utils.js_runtimes": "Your version",
    # It compares the npm registries it knows; bun asks the one that the user has configured.
    "reflex.utils.registry": "Failed to connect to",
    # Whenever a tab closes while an answer is on its way.
    "reflex.app": "Attempting to send delta to disconnected client",
}
"""Logger -> how its line begins."""


class _Without(logging.Filter):
    def __init__(self, beginning: str) -> None:
        super().__init__()
        self._beginning = beginning

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(self._beginning)


def quiet_logs() -> None:
    """Leave these lines out from now on; harmless to call twice."""
    for name, beginning in _OF_NO_USE.items():
        logger = logging.getLogger(name)
        if not any(isinstance(known, _Without) for known in logger.filters):
            logger.addFilter(_Without(beginning))
