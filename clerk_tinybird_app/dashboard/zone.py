"""The viewer's time zone, which every time on the dashboard is shown in."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def zone_named(name: str) -> tzinfo:
    """Return the zone with this IANA name, such as ``Europe/Berlin``; UTC for any other text."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
