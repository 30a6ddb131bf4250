"""The app's commands: ``python -m clerk_tinybird_app check``."""

import asyncio
import sys
from functools import partial
from typing import TextIO

from clerk_tinybird_app.check import Level, Surroundings, outcomes
from clerk_tinybird_app.logs.redaction import redact_logs
from clerk_tinybird_app.reflex_internals.configuration import reflex_variables
from clerk_tinybird_app.settings.variable_names import unread_variables

_USAGE = (
    "usage: python -m clerk_tinybird_app check\n\n"
    "  check   Say whether the app would work as it is configured, and what to do where not.\n"
)
_MISUSED = 2


def main(arguments: list[str], *, around: Surroundings, out: TextIO) -> int:
    """Run a command and return the exit status: 0, 1 when a check failed, 2 for none such."""
    if arguments != ["check"]:
        out.write(_USAGE)
        return _MISUSED
    redact_logs()
    return asyncio.run(_check(around, out))


async def _check(around: Surroundings, out: TextIO) -> int:
    has_failed = False
    async for outcome in outcomes(around):
        has_failed = has_failed or outcome.level is Level.FAILED
        out.write(f"{outcome}\n")
        out.flush()
    return int(has_failed)


if __name__ == "__main__":
    unread = partial(unread_variables, reflex_variables())
    sys.exit(main(sys.argv[1:], around=Surroundings(unread=unread), out=sys.stdout))
