"""Reflex's configuration: this app's ports, origins, tool chain and plugins."""

import os
from pathlib import Path

import click
import reflex as rx
from reflex_base.constants import Env, StateManagerMode
from reflex_base.environment import environment

from clerk_tinybird_app.bun import BUN
from clerk_tinybird_app.prebuilt.cores import workers
from clerk_tinybird_app.prebuilt.web_folder import FolderInUseError, hold, web_folder
from clerk_tinybird_app.reflex_internals.configuration import (
    quiet_logs,
    unify_logs,
    warn_of_unread_variables,
)
from clerk_tinybird_app.reflex_internals.dev_server import PageHeaders, SameOrigin
from clerk_tinybird_app.reflex_internals.frontend_build import (
    BackendAddress,
    BuildOnce,
    LessScript,
    PagePolicy,
    PaintFirst,
    Patches,
    tailwind,
)
from clerk_tinybird_app.settings import Settings, SettingsError
from clerk_tinybird_app.settings.settings import require_loopback


def _mode() -> tuple[bool, bool, str]:
    """Tell whether this is production, whether it is the backend alone, and by which command.

    When Reflex reads this file for the first time, only the command line tells. Later the
    environment tells too.
    """
    command = click.get_current_context(silent=True)
    asked = command.params if command else {}
    mode = environment.REFLEX_ENV_MODE.get() if environment.REFLEX_ENV_MODE.is_set() else None
    alone = environment.REFLEX_BACKEND_ONLY.get() or asked.get("backend_only")
    name = str(command.command.name) if command else ""
    return Env.PROD in (mode, asked.get("env")), bool(alone), name


quiet_logs()
try:
    settings = Settings.load()
    unify_logs(settings.log_format)
    require_loopback(settings)
    warn_of_unread_variables()
except SettingsError as error:
    raise SystemExit(f"Configuration error: {error}") from None

# Defaults are not passed on. Reflex then tries another port when one is taken, and accepts every
# flag.
given = {
    name: getattr(settings, name)
    for name in ("frontend_port", "backend_port", "api_url", "deploy_url", "redis_url")
    if getattr(settings, name) != getattr(Settings, name)
}
is_production, is_backend_alone, command_name = _mode()
if command_name in ("run", "export") and not is_backend_alone:
    try:
        hold(web_folder(Path.cwd()), f"reflex {command_name}")
    except FolderInUseError as error:
        raise SystemExit(str(error)) from None
if is_production and not is_backend_alone:
    # All requests come to the port of the pages. The backend has a port of its own in development
    # only.
    given.pop("backend_port", None)
if is_production:
    # `reflex run --env prod` would start more workers with Redis, each with an embedded Tinybird.
    os.environ.setdefault("GRANIAN_WORKERS", str(workers(settings)))

AWAY_SECONDS = 300
"""How long a tab's state is kept after its last event; a tab that comes back sends its session.

In Redis states end sooner, with their sessions: see ``reflex_internals/redis_states.py``. There it
is how long a websocket is remembered of which no worker has said that it ended.
"""

# The embedded Tinybird watches its files itself: a changed pipe must not restart the app.
project = Path(settings.tinybird_project)
if project.is_dir():
    excluded = environment.REFLEX_HOT_RELOAD_EXCLUDE_PATHS
    excluded.set([*excluded.get(), project])

try:
    config = rx.Config(
        app_name="clerk_tinybird_app",
        bun_path=BUN,
        backend_host=settings.backend_host,
        cors_allowed_origins=list(settings.origins),
        # The default of Reflex would write every state to disk, with its tokens.
        state_manager_mode=StateManagerMode.REDIS
        if settings.redis_url
        else StateManagerMode.MEMORY,
        redis_token_expiration=AWAY_SECONDS,
        telemetry_enabled=False,
        show_built_with_reflex=False,
        plugins=[
            *(tailwind(), SameOrigin(), PageHeaders(settings), BackendAddress(settings)),
            *(Patches(), BuildOnce(), LessScript(), PaintFirst(), PagePolicy(settings)),
        ],
        frontend_compression_formats=["brotli", "gzip"],
        disable_plugins=[rx.plugins.SitemapPlugin],
        **given,
    )
except ValueError as error:
    raise SystemExit(
        f"Configuration error: Reflex cannot read one of its variables, REFLEX_…: {error}"
    ) from None
