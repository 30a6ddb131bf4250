"""What an operator sees from outside: counts, refusals, and traces; docs/operations.md lists all.

The rest of the app says what has happened, in its own words; only this folder knows Prometheus and
OpenTelemetry. No label and no span has a tenant, a user, a token or the value of a parameter.
"""

import os
import re
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
SHARED_FOLDER: Final = os.environ.get(_VARIABLE, "")
"""Where several workers keep their numbers for each other; "" when each answers for itself.

Prometheus' library reads the variable and writes there as soon as it is imported.
"""

if SHARED_FOLDER:
    try:
        Path(SHARED_FOLDER).mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=SHARED_FOLDER).close()
    except OSError as error:
        # Prometheus' library would end the import of the app with an error that names no variable.
        raise SystemExit(
            f"Configuration error: {_VARIABLE} names {SHARED_FOLDER}, where nothing can be kept "
            f"({error.strerror}). Let this user write there, or name another folder of its own."
        ) from None

_FILE: Final = re.compile(r"(counter|gauge_[a-z]+|histogram|summary)_\d+\.db")


def forget_numbers() -> None:
    """Remove the workers' metrics of earlier servers, which new workers would go on from.

    Only Prometheus' own files go, in case the folder is another one by mistake.
    """
    folder = os.environ.get(_VARIABLE)
    for file in Path(folder).glob("*.db") if folder else ():
        if _FILE.fullmatch(file.name):
            file.unlink(missing_ok=True)
