"""Builds the services once in a fresh process: ``python -m benchmarks.build_once FOLDER``.

Prints the milliseconds of the imports and of ``services.build`` as a JSON list.
"""

import json
import sys
import time
from pathlib import Path
from typing import Final

_MILLISECONDS: Final = 1_000


def main() -> None:
    """Import, build, and tell how long each took."""
    started = time.perf_counter()
    # The imports are what is measured.
    from clerk_tinybird_app import services  # noqa: PLC0415
    from clerk_tinybird_app.settings import Settings  # noqa: PLC0415

    imported = time.perf_counter()
    built = services.build(Settings.from_environ({}), folder=Path(sys.argv[1]))
    ended = time.perf_counter()
    if built.embedded_clerk is not None:
        built.embedded_clerk.close()
    json.dump(
        [(imported - started) * _MILLISECONDS, (ended - imported) * _MILLISECONDS], sys.stdout
    )


if __name__ == "__main__":
    main()
