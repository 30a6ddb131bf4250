"""Serves the built pages and the backend with uvicorn, on one port, without bun."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import click

from clerk_tinybird_app.prebuilt.build import Say, changed_since
from clerk_tinybird_app.prebuilt.cores import workers
from clerk_tinybird_app.prebuilt.supervisor import Supervisor, ends_with_terminal
from clerk_tinybird_app.prebuilt.worker import tuned
from clerk_tinybird_app.reflex_internals import as_built
from clerk_tinybird_app.settings import Settings, SettingsError
from clerk_tinybird_app.settings.environment import UVICORN
from clerk_tinybird_app.settings.loopback import listener
from clerk_tinybird_app.settings.settings import sources
from clerk_tinybird_app.telemetry import forget_numbers

_APP: Final = "clerk_tinybird_app.clerk_tinybird_app:app"
_ANYBODY_HERE: Final = 0o666


class PortTakenError(Exception):
    """Another program listens on the port; the text says what to do."""


def serve(settings: Settings, pages: Path | None, say: Say) -> None:
    """Serve until a signal ends this process; it does not return.

    Args:
        settings: The configuration.
        pages: The folder of the built pages; None for the backend alone.
        say: Gets a sentence about what is starting.

    Raises:
        PortTakenError: Another program listens on the port.
        SettingsError: A variable of uvicorn's cannot be used.
        SystemExit: The server has ended.
    """
    count = workers(settings)
    os.environ |= _uvicorns() | as_built.BACKEND_ALONE
    changed: Callable[[], str] = str
    if pages is not None:
        os.environ |= as_built.AS_BUILT | {as_built.WEB_VARIABLE: str(pages)}
        os.environ.pop(as_built.BACKEND_PORT_VARIABLE, None)
        changed = partial(changed_since, pages, settings, Path.cwd())
    status = 0
    with _listening(settings, has_pages=pages is not None) as listening:
        # Only here no worker runs yet.
        forget_numbers()
        say(f"Starting {count} worker{'s' if count > 1 else ''}.")
        supervisor = Supervisor(
            _APP,
            listening,
            say=say,
            running=_running(settings, listening, has_pages=pages is not None),
            changed=changed,
            ends_at_hup=ends_with_terminal(),
            most_memory=settings.worker_max_memory,
        )
        status = asyncio.run(supervisor.run(count))
    say("App stopped.")
    sys.exit(status)


def _running(settings: Settings, listening: socket.socket, *, has_pages: bool) -> str:
    """Say what users open, or where a backend alone listens for its proxy."""
    if has_pages:
        return f"App running at: {settings.origins[0]}"
    name = listening.getsockname()
    if isinstance(name, str):
        return f"Backend running at: {name}"
    host, port, *_ = name
    return f"Backend running at: http://{f'[{host}]' if ':' in host else host}:{port}"


def _uvicorns() -> dict[str, str]:
    """Return uvicorn's own variables; it does not read the dotenv files itself."""
    return {
        name: value
        for source in sources()
        for name, value in source.items()
        if name.startswith(UVICORN) and value
    }


@contextmanager
def _listening(settings: Settings, *, has_pages: bool) -> Iterator[socket.socket]:
    """Listen on the address of the settings, or on the UNIX socket of uvicorn's variable.

    What comes before the first worker serves waits: a proxy would call a backend that refuses it
    dead, and for a while after it serves.

    Raises:
        PortTakenError: It cannot, as something else does, or is in the socket's place.
        SettingsError: A variable of uvicorn's cannot be used.
    """
    try:
        options = tuned()
    except click.BadParameter as error:
        name = f"{UVICORN}{error.param.name if error.param else '…'}".upper()
        raise SettingsError(f"{name} cannot be used: {error.message}") from None
    if path := options["uds"]:
        _require_unused(Path(path))
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(path)
        Path(path).chmod(_ANYBODY_HERE)
    else:
        host, port = settings.backend_host, require_free(settings, has_pages=has_pages)
        listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    with listening:
        listening.listen(options["backlog"])
        try:
            yield listening
        finally:
            if path:
                with suppress(FileNotFoundError):
                    Path(path).unlink()


def _require_unused(path: Path) -> None:
    """Remove the UNIX socket that a killed server has left; refuse whatever else is there.

    Raises:
        PortTakenError: Something listens on it, or it is no socket.
    """
    if path.exists() and not path.is_socket():
        raise PortTakenError(f"{path} is there and no socket. Set UVICORN_UDS to another path.")
    with socket.socket(socket.AF_UNIX) as asking:
        asking.setblocking(False)  # One that listens may have no place left to wait in.
        try:
            asking.connect(str(path))
        except FileNotFoundError:
            return
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:
            pass
    raise PortTakenError(f"Another program listens on {path}. Stop it, or set UVICORN_UDS anew.")


def require_free(settings: Settings, *, has_pages: bool) -> int:
    """Return the port of a server with the pages, or of a backend alone, where nothing listens.

    Two servers would share its connections.

    Raises:
        PortTakenError: The server could not listen on its port.
    """
    host = settings.backend_host
    port, name = (
        (settings.frontend_port, "REFLEX_FRONTEND_PORT")
        if has_pages
        else (settings.backend_port, "REFLEX_BACKEND_PORT")
    )
    try:
        taken = listener(host, port)
    except OSError as error:
        raise PortTakenError(
            f"Nobody can listen on {host}, port {port}: {error.strerror}. Set "
            f"REFLEX_BACKEND_HOST and {name} to others."
        ) from error
    if taken:
        where = "" if taken == host else f" of {taken}"
        raise PortTakenError(
            f"Another program listens on port {port}{where}. Stop it, or set {name} to another."
        )
    return port
