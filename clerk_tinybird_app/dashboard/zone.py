"""The viewer's time zone, which every time on the dashboard is shown in."""

import re
from datetime import UTC, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_IANA: Final = re.compile(r"[A-Z][A-Za-z0-9_+-]{0,40}(/[A-Za-z0-9_+-]{1,40}){0,2}")

UTC_NAME: Final = "UTC"
_REFUSED: Final = "Cannot load time"
"""What ClickHouse says of a zone that its own list lacks, which may be older than the browser's.

The embedded Tinybird leaves out the word after it: it is also a name in the sealed query.
"""


def zone_named(name: str) -> tzinfo:
    """Return the zone with this IANA name, such as ``Europe/Berlin``; UTC for any other text.

    Its text is the name again, which Tinybird knows too.
    """
    # A machine's folder of zones may hold others as well, of no meaning anywhere else.
    if _IANA.fullmatch(name) is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def is_refusal(detail: str) -> bool:
    """Tell whether a query failed because Tinybird does not know the zone that it named."""
    return _REFUSED in detail


def refusal_notice(name: str) -> str:
    """Return what is said to a viewer whose zone Tinybird does not know."""
    return f"Tinybird does not know the time zone {name}: times and days are those of UTC."
