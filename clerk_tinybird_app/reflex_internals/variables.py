"""The environment variables that Reflex reads by itself."""

from dataclasses import fields
from typing import Final

from reflex_base.config import Config
from reflex_base.environment import EnvironmentVariables

_UNLISTED: Final = frozenset(
    {"REFLEX_MANAGED_LOGGING", "REFLEX_OUTPUT_SUPERVISED", "REFLEX_EMBED_ORIGIN"}
)
"""Read by name in Reflex's sources, and in none of its two lists."""


def reflex_variables() -> frozenset[str]:
    """Return their names, those that override a value of ``rxconfig.py`` included."""
    own = {name for name in vars(EnvironmentVariables) if name.startswith("REFLEX_")}
    return _UNLISTED | own | {f"REFLEX_{item.name.upper()}" for item in fields(Config)}
