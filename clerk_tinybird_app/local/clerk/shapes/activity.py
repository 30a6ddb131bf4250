"""What the "active devices" list shows of a session's browser, read from its User-Agent."""

import re
from typing import Any, Final

__all__ = ["activity"]

# The order matters: Edge and Opera also call themselves Chrome, and Chrome calls itself Safari.
_BROWSERS: Final = (
    ("Edge", re.compile(r"Edg(?:e|A|iOS)?/([\d.]+)")),
    ("Opera", re.compile(r"OPR/([\d.]+)")),
    ("Firefox", re.compile(r"(?:Firefox|FxiOS)/([\d.]+)")),
    ("Chrome", re.compile(r"(?:HeadlessChrome|Chrome|CriOS)/([\d.]+)")),
    ("Safari", re.compile(r"Version/([\d.]+).*Safari/")),
)
_DEVICES: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Macintosh", "Macintosh"),
    ("Windows", "Windows"),
    ("Linux", "Linux"),
)
_LOOPBACK: Final = "127.0.0.1"
_HERE: Final = "this machine"
"""The embedded Clerk answers no other machine, so every browser is here."""
_MOBILE: Final = {"iPhone", "iPad", "Android"}


def activity(session_id: str, user_agent: str) -> dict[str, Any]:
    """Return a ``session_activity``; what cannot be told is null."""
    browser, version = _browser(user_agent)
    device = next((name for mark, name in _DEVICES if mark in user_agent), None)
    return {
        "object": "session_activity",
        "id": session_id.replace("sess_", "sess_activity_", 1),
        "browser_name": browser,
        "browser_version": version,
        "device_type": device,
        "is_mobile": device in _MOBILE,
        "ip_address": _LOOPBACK,
        "city": _HERE,
        "country": None,
    }


def _browser(user_agent: str) -> tuple[str | None, str | None]:
    """Return the browser's name and version."""
    for name, pattern in _BROWSERS:
        if match := pattern.search(user_agent):
            return name, match[1]
    return None, None
