"""Whether this app would work as it is configured: ``python -m clerk_tinybird_app check``."""

from clerk_tinybird_app.check.finding import Finding, Level
from clerk_tinybird_app.check.run import Surroundings, findings

__all__ = ["Finding", "Level", "Surroundings", "findings"]
