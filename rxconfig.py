"""Reflex's configuration: this app's ports, origins, tool chain and plugins."""

import reflex as rx
from reflex_base.constants import StateManagerMode

from clerk_tinybird_app.bun import BUN
from clerk_tinybird_app.exposure import require_loopback
from clerk_tinybird_app.frontend import PaintFirst, SameOrigin, tailwind
from clerk_tinybird_app.settings import Settings, SettingsError

try:
    settings = Settings.load()
    require_loopback(settings)
except SettingsError as error:
    raise SystemExit(f"Configuration error: {error}") from None

# A default is left to Reflex: it then moves on when a port is taken, and allows every flag.
given = {
    name: getattr(settings, name)
    for name in ("frontend_port", "backend_port", "api_url", "deploy_url", "redis_url")
    if getattr(settings, name) != getattr(Settings, name)
}

config = rx.Config(
    app_name="clerk_tinybird_app",
    bun_path=BUN,
    backend_host=settings.backend_host,
    cors_allowed_origins=list(settings.origins),
    # Reflex's default pickles every state to disk, tokens included.
    state_manager_mode=StateManagerMode.REDIS if settings.redis_url else StateManagerMode.MEMORY,
    telemetry_enabled=False,
    show_built_with_reflex=False,
    plugins=[tailwind(), SameOrigin(), PaintFirst()],
    frontend_compression_formats=["brotli", "gzip"],
    disable_plugins=[rx.plugins.SitemapPlugin],
    **given,
)
