"""The variables that Reflex reads, and the lines of the log that are of no use."""

import logging
import os
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from reflex_base.config import Config
from reflex_base.constants import Env
from reflex_base.environment import EnvironmentVariables, environment
from reflex_base.utils.log import JsonHandler, RichConsoleHandler

from clerk_tinybird_app.logs.lines import TEXT, write_lines
from clerk_tinybird_app.settings.shadowed_variables import contradicted
from clerk_tinybird_app.settings.unread_variables import unread_variables

_logger = logging.getLogger(__name__)

_WARNED: Final = "_CLERK_TINYBIRD_APP_WARNED"
"""Set for the processes that this one starts, so that each warning is logged once."""

_UNLISTED: Final = frozenset(
    {"REFLEX_MANAGED_LOGGING", "REFLEX_OUTPUT_SUPERVISED", "REFLEX_EMBED_ORIGIN"}
)
"""Variables that Reflex reads but has in neither of its two lists."""

_STREAM_OF_THEIR_OWN: Final = ("engineio.server", "socketio.server")
"""Loggers to which their libraries add a handler."""

_USELESS_LINES: Final[Mapping[str, str]] = {
    # Bun comes as a Python wheel; an old Node.js on the machine is not used.
    "reflex.utils.js_runtimes": "Your version",
    # Reflex tries the npm registries that it knows; bun uses the one that the user has configured.
    "reflex.utils.registry": "Failed to connect to",
    # It is logged whenever a tab closes before an answer arrives.
    "reflex.app": "Attempting to send delta to disconnected client",
}
"""Logger -> the beginning of its useless line."""


def reflex_variables() -> frozenset[str]:
    """Return the variables that Reflex reads, also those that override ``rxconfig.py``."""
    own = {name for name in vars(EnvironmentVariables) if name.startswith("REFLEX_")}
    return _UNLISTED | own | {f"REFLEX_{item.name.upper()}" for item in fields(Config)}


def warn_of_unread_variables() -> None:
    """Log each variable that has no effect or two values, once for all processes of the app.

    Raises:
        SettingsError: A dotenv file cannot be read.
    """
    if _WARNED not in os.environ:
        os.environ[_WARNED] = "1"
        for sentence in (*unread_variables(reflex_variables()), *contradicted()):
            _logger.warning(sentence)


class _LineFilter(logging.Filter):
    def __init__(self, beginning: str) -> None:
        super().__init__()
        self._beginning = beginning

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(self._beginning)


def is_production() -> bool:
    """Tell whether this process serves in production, as far as the environment says."""
    return environment.REFLEX_ENV_MODE.get() is Env.PROD


def unify_logs(form: str) -> None:
    """Write the log lines of every library in one form from now on; call it again in a worker.

    In development Reflex's own lines stay as its command writes them for people.

    Args:
        form: One of ``logs.lines``.
    """
    is_own_console = form == TEXT and not is_production()
    handlers = [] if is_own_console else logging.getLogger("reflex").handlers
    reflexs = (each for each in handlers if isinstance(each, RichConsoleHandler | JsonHandler))
    write_lines(form, instead_of=reflexs)
    for name in _STREAM_OF_THEIR_OWN:
        logging.getLogger(name).handlers.clear()


def quiet_logs() -> None:
    """Leave the useless lines out of the log from now on. A second call changes nothing."""
    for name, beginning in _USELESS_LINES.items():
        logger = logging.getLogger(name)
        if not any(isinstance(known, _LineFilter) for known in logger.filters):
            logger.addFilter(_LineFilter(beginning))


async def ask_for_changes(redis: Any) -> None:
    """Ask a Redis to tell of changes, as the managers of states do when they begin.

    Raises:
        ResponseError: It does not let this user configure it, and is not said to be configured.
    """
    # The check alone needs it, and it takes as long to import as all else of a command.
    from reflex.istate.manager.redis import enable_keyspace_notifications  # noqa: PLC0415

    await enable_keyspace_notifications(redis)
