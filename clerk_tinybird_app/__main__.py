"""The app's commands: ``python -m clerk_tinybird_app check``."""

import argparse
import asyncio
import json
import sys
import traceback
from functools import partial
from typing import Final, TextIO

from clerk_tinybird_app.check import Finding, Level, Surroundings, findings
from clerk_tinybird_app.logs.redaction import redact, redact_logs
from clerk_tinybird_app.reflex_internals.configuration import reflex_variables
from clerk_tinybird_app.settings.unread_variables import unread_variables

_DESCRIPTION: Final = """\
Say whether the app would work as it is configured, and what to do where not: settings, keys,
clocks, the policy for every kind of session, the Tinybird project, and, by running every pipe for
tenants with rows and without, that none is answered another's. It reads, and changes nothing."""

_EPILOG: Final = """\
exit status:
  0  nothing failed; there may be warnings
  1  something failed
  2  the command is not one of these, or the check could not be run

--json prints one list of objects with four texts each: level (ok, note, warning or failed), code
(stable; docs/check.md lists all), text, advice ("" when there is nothing to do)."""

_NOT_RUN: Final = 2


def main(arguments: list[str], *, around: Surroundings, out: TextIO) -> int:
    """Run a command and return the exit status.

    Raises:
        SystemExit: There is no such command, or its help was asked for.
    """
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
    given = parser.parse_args(arguments)
    redact_logs()
    try:
        return asyncio.run(_check(around, out, as_json=given.json))
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


if __name__ == "__main__":
    unread = partial(unread_variables, reflex_variables())
    sys.exit(main(sys.argv[1:], around=Surroundings(unread=unread), out=sys.stdout))
