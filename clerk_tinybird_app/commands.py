"""The app's commands: check, build, serve and export."""

import argparse
import asyncio
import json
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

from clerk_tinybird_app import services
from clerk_tinybird_app.check import Finding, Level, Surroundings, findings
from clerk_tinybird_app.logs.redaction import redact, redact_logs
from clerk_tinybird_app.logs.told import tell
from clerk_tinybird_app.prebuilt.build import NotBuiltError, build, built
from clerk_tinybird_app.prebuilt.cores import usable_cores, workers
from clerk_tinybird_app.prebuilt.server import PortTakenError, require_free, serve
from clerk_tinybird_app.prebuilt.static_export import export_static
from clerk_tinybird_app.prebuilt.web_folder import FolderInUseError
from clerk_tinybird_app.reflex_internals.configuration import (
    ask_for_changes,
    reflex_variables,
    unify_logs,
    warn_of_unread_variables,
)
from clerk_tinybird_app.settings import SettingsError
from clerk_tinybird_app.settings.exposed_files import exposed
from clerk_tinybird_app.settings.settings import require_served
from clerk_tinybird_app.settings.shadowed_variables import contradicted, overridden
from clerk_tinybird_app.settings.unread_variables import unread_variables

_DESCRIPTION: Final = """\
Say whether the app would work as it is configured, and what to do where not: settings, keys,
clocks, the policy for every kind of session, the Tinybird project, and, by running every pipe for
tenants with rows and without, that none is answered another's. It changes nothing."""

_EPILOG: Final = """\
exit status:
  0  nothing failed; there may be warnings
  1  something failed
  2  the command is not one of these, or the check could not be run

--json prints one list of objects with four texts each: level (ok, note, warning or failed), code
(stable; docs/check.md lists all), text, advice ("" when there is nothing to do)."""

_BUILD: Final = """\
Build the pages, unless they are built and nothing has changed since: no source file, no setting
that they depend on, no version of Reflex. Builds are kept in .built/, which is all that a machine
without bun needs beside the app itself."""

_EXPORT: Final = """\
Build a static frontend in export/, for any host and, without REFLEX_API_URL, for any backend."""

_SERVE: Final = """\
Serve pages and backend on one port for production, with the pages built before where something has
changed. A worker that ends is replaced. A server that a terminal has started ends with it; HUP
renews the workers of any other, one by one."""

_NOT_RUN: Final = 2
_FAILED: Final = 1
_SIGNALLED: Final = 128
"""A shell adds the number of the signal to it when a signal has ended a program."""


def run(arguments: list[str]) -> int:
    """Run a command as ``main`` does, with the environment and the standard output."""
    around = Surroundings(
        unread=partial(unread_variables, reflex_variables()),
        contradicted=contradicted,
        overridden=overridden,
        exposed=exposed,
        workers=workers,
        cores=usable_cores,
        ask_for_changes=ask_for_changes,
    )
    return main(arguments, around=around, out=sys.stdout)


def main(arguments: list[str], *, around: Surroundings, out: TextIO) -> int:
    """Run a command and return the exit status.

    Raises:
        SystemExit: There is no such command, its help was asked for, the configuration cannot be
            used, or a server has ended.
    """
    given = _parser().parse_args(arguments)
    redact_logs()
    if given.command == "check":
        return _run_check(around, out, as_json=given.json)
    _end_by_signals()
    if given.command == "export":
        return _ended_by(lambda: export_static(Path.cwd(), tell))
    serves = given.command == "serve"
    return _run_production(serves=serves, builds=not given.built, has_pages=not given.backend_only)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m clerk_tinybird_app")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser(
        "check",
        help="say whether the app would work as it is configured",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("--json", action="store_true", help="print a list of objects, for scripts")
    build = commands.add_parser("build", help="build the pages", description=_BUILD)
    build.set_defaults(built=False, backend_only=False)
    serve = commands.add_parser("serve", help="serve for production", description=_SERVE)
    only = "serve only pages that are built, and up to date; build nothing"
    pages = serve.add_mutually_exclusive_group()
    pages.add_argument("--built", action="store_true", help=only)
    alone = "serve the backend alone, for pages on another host, on REFLEX_BACKEND_PORT"
    pages.add_argument("--backend-only", action="store_true", help=alone)
    commands.add_parser("export", help="build for a static host", description=_EXPORT)
    return parser


def _run_check(around: Surroundings, out: TextIO, *, as_json: bool) -> int:
    try:
        return asyncio.run(_check(around, out, as_json=as_json))
    except Exception:  # noqa: BLE001 - the one boundary: a fault of the check is no failed check
        sys.stderr.write(f"The check could not be run.\n{redact(traceback.format_exc())}")
        return _NOT_RUN


async def _check(around: Surroundings, out: TextIO, *, as_json: bool) -> int:
    found: list[Finding] = []
    async for finding in findings(around):
        found.append(finding)
        if not as_json:
            out.write(f"{finding}\n")
            out.flush()
    if as_json:
        out.write(json.dumps([finding.as_json() for finding in found], indent=2) + "\n")
    return int(any(finding.level is Level.FAILED for finding in found))


def _run_production(*, serves: bool, builds: bool, has_pages: bool) -> int:
    """Build the pages, or only look for them, or do without, then serve them or not."""
    # Whatever is wrong with the configuration is told here, and not by one worker after the other.
    settings, here = services.current().settings, Path.cwd()
    unify_logs(settings.log_format)
    warn_of_unread_variables()

    def run() -> None:
        if serves:
            require_served(settings)
            # Before the build, which takes a while; the server looks again.
            require_free(settings, has_pages=has_pages)
        pages = None
        if has_pages:
            pages = build(settings, here, tell) if builds else built(settings, here)
        if serves:
            serve(settings, pages, tell)

    return _ended_by(run)


def _ended_by(run: Callable[[], object]) -> int:
    """Run a command whose failures say what to do, and return the exit status."""
    try:
        run()
    except SettingsError as error:
        sys.stderr.write(f"Configuration error: {error}\n")
        return _FAILED
    except (NotBuiltError, FolderInUseError, PortTakenError) as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED
    return 0


def _end_by_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # A process that ignores one, such as by nohup, goes on doing so.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    sys.exit(_SIGNALLED + number)
