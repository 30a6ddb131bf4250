"""What an operator sees from outside: counts, refusals, and traces; docs/operations.md lists all.

The rest of the app says what has happened, in its own words; only this folder knows Prometheus and
OpenTelemetry. No label and no span has a tenant, a user, a token or the value of a parameter.
"""

import os
from pathlib import Path
from typing import Final

SHARED_FOLDER: Final = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
"""Where several workers keep their numbers for each other; "" when each answers for itself.

Prometheus' library reads the variable and writes there as soon as it is imported.
"""

if SHARED_FOLDER:
    Path(SHARED_FOLDER).mkdir(parents=True, exist_ok=True)
