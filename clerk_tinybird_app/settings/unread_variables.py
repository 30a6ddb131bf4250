"""Finds variables that look like variables of this app, but that nothing reads."""

from collections.abc import Collection, Iterable
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from clerk_tinybird_app.settings.environment import ALIASES, GRANIAN, NEXT
from clerk_tinybird_app.settings.settings import Settings, sources

_OWN_PREFIXES: Final = (
    *("CLERK_", "TINYBIRD_", "DASHBOARD_", "EMBED_", "TB_", "REFLEX_", "TRUSTED_", "METRICS_"),
    GRANIAN,
)
_PREFIXES: Final = (*_OWN_PREFIXES, *(f"{NEXT}{prefix}" for prefix in ("CLERK_", "TINYBIRD_")))

_TINYBIRD_CLI: Final = (
    *("TB_TOKEN", "TB_HOST", "TB_LOCAL_HOST", "TB_CLI_TELEMETRY_OPTOUT", "TB_VERSION_WARNING"),
    *("TINYBIRD_TOKEN", "TINYBIRD_HOST"),
)
"""Variables of the ``tb`` command, which may be in the same file."""

_NOT_SUPPORTED: Final = {
    f"{prefix}{name}": reason
    for prefix in ("", NEXT)
    for name, reason in (
        ("CLERK_PROXY_URL", "the browser reaches Clerk at the publishable key's own host"),
        ("CLERK_DOMAIN", "satellite domains are not supported"),
        ("CLERK_IS_SATELLITE", "satellite domains are not supported"),
    )
} | {
    f"{GRANIAN}HOST": "REFLEX_BACKEND_HOST is the address to listen on",
    f"{GRANIAN}PORT": "REFLEX_FRONTEND_PORT is the port",
    f"{GRANIAN}INTERFACE": "the app decides it",
    f"{GRANIAN}FACTORY": "the app decides it",
    f"{GRANIAN}APP": "the app decides it",
}


def unread_variables(others: Collection[str], folder: Path | None = None) -> list[str]:
    """Return a sentence for every variable that is set and has no effect, in order of names.

    Args:
        others: The names that Reflex and Granian read by themselves.
        folder: Where the dotenv files are, the working directory when None.

    Raises:
        SettingsError: A dotenv file cannot be read.
    """
    given = {name for source in sources(folder) for name, value in source.items() if value}
    return list(_sentences(sorted(given), others))


def _sentences(given: Iterable[str], others: Collection[str]) -> Iterable[str]:
    own = {item.metadata["env"] for item in fields(Settings)}
    own |= {alias for aliases in ALIASES.values() for alias in aliases}
    for name in given:
        if name in _NOT_SUPPORTED:
            yield f"{name} is set and not used: {_NOT_SUPPORTED[name]}."
            continue
        if not name.startswith(_PREFIXES) or name in own or name in others or name in _TINYBIRD_CLI:
            continue
        nearest = get_close_matches(name, [*own, *others], n=1, cutoff=0.8)
        meant = f" Did you mean {nearest[0]}?" if nearest else ""
        yield f"{name} is set, and nothing here reads it.{meant}"
