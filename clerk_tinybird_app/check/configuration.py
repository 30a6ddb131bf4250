"""What the environment and the dotenv files say, without asking anybody."""

from collections.abc import Iterator
from typing import Final

from clerk_tinybird_app.check.outcome import Outcome, failed, ok, warning
from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.settings import Settings, SettingsError
from clerk_tinybird_app.settings.loopback import is_loopback_url

CONFIGURATION: Final = "configuration"
ORIGINS: Final = "origins"


def refused(error: SettingsError) -> Outcome:
    """Return that the settings cannot be read."""
    return failed(CONFIGURATION, str(error), "Change it in .env, or in the environment.")


def configuration(settings: Settings) -> Iterator[Outcome]:
    """Say which services are used, and what no setting alone can show."""
    yield ok(CONFIGURATION, f"{_clerk(settings)}, {_tinybird(settings)}")
    if settings.tinybird_api_key and settings.tinybird_api_key == settings.tinybird_jwt_secret:
        yield failed(
            CONFIGURATION,
            "TINYBIRD_API_KEY, which every visitor is given, is the workspace's signing key.",
            "Use a static token that may read public pipes alone, and replace the signing key: "
            "it may be known.",
        )
    yield from _origins(settings)


def _clerk(settings: Settings) -> str:
    if settings.is_clerk_local:
        return "the embedded Clerk"
    key = PublishableKey.parse(settings.clerk_publishable_key)
    return f"Clerk {key.host} ({'production' if key.is_live else 'development'})"


def _tinybird(settings: Settings) -> str:
    if settings.is_tinybird_local:
        return f"the Tinybird of this machine, port {settings.tb_local_port}"
    return f"Tinybird {settings.tinybird_api_url}, workspace {settings.tinybird_workspace_id}"


def _origins(settings: Settings) -> Iterator[Outcome]:
    clear = [
        origin
        for origin in settings.origins
        if origin.startswith("http:") and not is_loopback_url(origin)
    ]
    if clear:
        yield warning(
            ORIGINS,
            f"sessions travel unprotected to {', '.join(clear)}",
            "Serve these origins over https, or take them out of CLERK_AUTHORIZED_PARTIES.",
        )
        return
    yield ok(ORIGINS, ", ".join(settings.origins))
