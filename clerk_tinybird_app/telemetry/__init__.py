"""What an operator sees from outside: counts, refusals, and traces; docs/operations.md lists all.

The rest of the app says what has happened, in its own words; only this folder knows Prometheus and
OpenTelemetry. No label and no span has a tenant, a user, a token or the value of a parameter.
"""

import os
import re
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

SHARED_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder that several workers share; it counts in the environment alone."""


def _why_unusable(folder: str) -> str:
    if not folder:
        return ""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError as error:
        return (
            f"{SHARED_VARIABLE} names {folder}, where nothing can be kept ({error.strerror}). Let "
            "this user write there, or name another folder of its own."
        )
    return ""


_REFUSED: Final = _why_unusable(os.environ.get(SHARED_VARIABLE, ""))
if _REFUSED:
    # Prometheus' library would end the import with an error that names no variable. So nothing is
    # kept there, and whoever starts or checks the app asks `why_unusable`.
    del os.environ[SHARED_VARIABLE]

SHARED_FOLDER: Final = os.environ.get(SHARED_VARIABLE, "")
"""Where several workers keep their numbers for each other; "" when each answers for itself.

Prometheus' library reads the variable and writes there as soon as it is imported.
"""


def why_unusable() -> str:
    """Return what is wrong with the folder that the environment names; "" for nothing, or none."""
    return _REFUSED or _why_unusable(os.environ.get(SHARED_VARIABLE, ""))


_FILE: Final = re.compile(r"(counter|gauge_[a-z]+|histogram|summary)_\d+\.db")


def forget_numbers() -> None:
    """Remove the workers' metrics of earlier servers, which new workers would go on from.

    Only Prometheus' own files go, in case the folder is another one by mistake.
    """
    folder = os.environ.get(SHARED_VARIABLE)
    for file in Path(folder).glob("*.db") if folder else ():
        if _FILE.fullmatch(file.name):
            file.unlink(missing_ok=True)
