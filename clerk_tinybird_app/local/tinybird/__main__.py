"""Runs the embedded Tinybird alone: ``python -m clerk_tinybird_app.local.tinybird``."""

import argparse
import sys
from pathlib import Path
from typing import Final

from clerk_tinybird_app.local.tinybird.demo.world import World
from clerk_tinybird_app.local.tinybird.engine.readers import Limits
from clerk_tinybird_app.local.tinybird.process.serving import NotServed, run
from clerk_tinybird_app.logs.lines import JSON, TEXT, write_lines
from clerk_tinybird_app.sample.vocabulary import SampleError

_PORT: Final = 7181


def main(arguments: list[str]) -> int:
    """Serve until stopped; return the exit status."""
    given = vars(_parser().parse_args(arguments))
    write_lines(given.pop("log_format"))
    try:
        run(**given)
    except NotServed as error:
        sys.stderr.write(f"{error}\n")
        return error.status
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m clerk_tinybird_app.local.tinybird",
        description="Tinybird's HTTP API on this machine, for any Tinybird project.",
    )
    add = parser.add_argument
    add("--project", type=Path, default="tinybird", help="default: ./tinybird")
    add("--data", type=Path, default=".local/tinybird", help="default: ./.local/tinybird")
    add("--port", type=int, default=_PORT, help=f"default: {_PORT}")
    say = "a package whose sample.py says which rows to make up"
    add("--product", type=_world, dest="world", help=say)
    add("--query-seconds", type=float, default=Limits.seconds, help="the longest a query may take")
    add("--ends-with-stdin", action="store_true", help=argparse.SUPPRESS)
    add("--log-format", choices=(TEXT, JSON), default=TEXT, help="the form of the log's lines")
    return parser


def _world(package: str) -> World:
    try:
        return World.of(package)
    except (ImportError, AttributeError, SampleError) as error:
        raise argparse.ArgumentTypeError(f"'{package}' has no sample to use: {error}") from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
