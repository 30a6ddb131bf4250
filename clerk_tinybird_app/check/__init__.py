"""Whether this app would work as it is configured: ``python -m clerk_tinybird_app check``."""

from clerk_tinybird_app.check.outcome import Level, Outcome
from clerk_tinybird_app.check.run import Surroundings, outcomes

__all__ = ["Level", "Outcome", "Surroundings", "outcomes"]
