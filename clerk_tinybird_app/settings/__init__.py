"""The configuration: read from the environment and the dotenv files, and checked."""

from clerk_tinybird_app.settings.environment import SettingsError
from clerk_tinybird_app.settings.settings import Settings

__all__ = ["Settings", "SettingsError"]
