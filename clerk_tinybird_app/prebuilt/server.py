"""Serves the built pages and the backend with Granian, on one port, without bun."""

import os
from functools import partial
from pathlib import Path
from typing import Any, Final

from granian import cli

from clerk_tinybird_app.logs.lines import granian_file
from clerk_tinybird_app.prebuilt.build import Say, changed_since
from clerk_tinybird_app.prebuilt.cores import workers
from clerk_tinybird_app.prebuilt.supervisor import Supervisor, ends_with_terminal
from clerk_tinybird_app.reflex_internals import as_built
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.environment import GRANIAN
from clerk_tinybird_app.settings.loopback import listener
from clerk_tinybird_app.settings.settings import sources
from clerk_tinybird_app.telemetry import forget_numbers

_WORKER: Final = "clerk_tinybird_app.prebuilt.worker:app"

_DEFAULTS: Final[dict[str, Any]] = {
    "respawn_failed_workers": True,
    # When they are renewed, each worker goes this long after another one has begun in its place.
    "respawn_interval": 5.0,
    # Less than the ten seconds that Docker waits before it kills.
    "workers_kill_timeout": 8,
    "log_level": "warning",
}
"""Options of Granian; a variable ``GRANIAN_…`` wins over each."""


class PortTakenError(Exception):
    """Another program listens on the port; the text says what to do."""


def serve(settings: Settings, pages: Path, say: Say) -> None:
    """Serve until a signal ends this process; it does not return.

    Args:
        settings: The configuration.
        pages: The folder of the built pages.
        say: Gets a sentence about what is starting.

    Raises:
        PortTakenError: Another program listens on the port.
        SystemExit: The server has ended.
    """
    host, port, count = settings.backend_host, settings.frontend_port, workers(settings)
    require_free(settings)
    # Only here no worker runs yet.
    forget_numbers()
    os.environ |= _granians() | as_built.AS_BUILT | {as_built.WEB_VARIABLE: str(pages)}
    os.environ.pop(as_built.BACKEND_PORT_VARIABLE, None)
    # The command knows no other way to be given a server.
    cli.Server = partial(  # type: ignore[attr-defined,assignment]
        Supervisor,
        changed=partial(changed_since, pages, settings, Path.cwd()),
        ends_at_hup=ends_with_terminal(),
    )
    say(f"Starting {count} worker{'s' if count > 1 else ''}.")
    # What is an option of the command wins over the variables: the settings have checked these.
    where = ("--host", host, "--port", str(port), "--workers", str(count))
    try:
        cli.cli.main(
            [_WORKER, "--factory", "--interface", "asgi", *where],
            prog_name="granian",
            auto_envvar_prefix="GRANIAN",
            default_map=_DEFAULTS | {"log_config": granian_file(settings.log_format)},
        )
    finally:
        say("App stopped.")


def _granians() -> dict[str, str]:
    """Return Granian's own variables; it does not read the dotenv files itself."""
    return {
        name: value
        for source in sources()
        for name, value in source.items()
        if name.startswith(GRANIAN) and value
    }


def require_free(settings: Settings) -> None:
    """Refuse a port where something listens: two servers would share its connections.

    Raises:
        PortTakenError: The server could not listen on its port.
    """
    host, port = settings.backend_host, settings.frontend_port
    try:
        taken = listener(host, port)
    except OSError as error:
        raise PortTakenError(
            f"Nobody can listen on {host}, port {port}: {error.strerror}. Set "
            "REFLEX_BACKEND_HOST and REFLEX_FRONTEND_PORT to others."
        ) from error
    if taken:
        where = "" if taken == host else f" of {taken}"
        raise PortTakenError(
            f"Another program listens on port {port}{where}. Stop it, or set REFLEX_FRONTEND_PORT "
            "to another."
        )
