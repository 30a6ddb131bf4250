"""The refusal to let an embedded service be reached from another machine."""

from collections.abc import Mapping
from typing import Final

from clerk_tinybird_app.settings.loopback import is_loopback, is_loopback_url
from clerk_tinybird_app.settings.settings import (
    TINYBIRD_VARIABLES,
    WHERE_TO_FIND,
    Settings,
    SettingsError,
)

_TO_CONFIGURE: Final[Mapping[str, tuple[str, ...]]] = {
    "Clerk": ("CLERK_PUBLISHABLE_KEY", "CLERK_AUTHORIZED_PARTIES"),
    "Tinybird": TINYBIRD_VARIABLES,
}


def require_loopback(settings: Settings) -> None:
    """Refuse to start when an embedded service would be reachable from elsewhere.

    Raises:
        SettingsError: An embedded service is in use and a bind address, an origin or a URL of the
            app is not loopback; the text names it and the keys to set.
    """
    embedded = _embedded(settings)
    public = _not_loopback(settings)
    if not embedded or not public:
        return
    lines = [f"What is embedded ({' and '.join(embedded)}) serves this machine only, but"]
    lines += [f"  {name} is {value}" for name, value in public]
    lines.append("which is not a loopback address. To serve others, configure the real services:")
    keys = [key for name in embedded for key in _TO_CONFIGURE[name]]
    raise SettingsError("\n".join([*lines, *(f"  {key}   ({WHERE_TO_FIND[key]})" for key in keys)]))


def _embedded(settings: Settings) -> list[str]:
    in_use = {"Clerk": settings.is_clerk_local, "Tinybird": settings.is_tinybird_local}
    return [name for name, is_local in in_use.items() if is_local]


def _not_loopback(settings: Settings) -> list[tuple[str, str]]:
    urls = [("an origin (CLERK_AUTHORIZED_PARTIES)", origin) for origin in settings.origins]
    urls += [("REFLEX_API_URL", settings.api_url), ("REFLEX_DEPLOY_URL", settings.deploy_url)]
    public = [(name, url) for name, url in urls if url and not is_loopback_url(url)]
    if not is_loopback(settings.backend_host):
        public.insert(0, ("the bind address (REFLEX_BACKEND_HOST)", settings.backend_host))
    return public
