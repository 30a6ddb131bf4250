"""Times Clerk's own Python SDK; runs in the peer's virtual environment, by its path.

Reads ``{token, key, authorized_parties, calls}`` as JSON from its input and prints
``{versions, nanoseconds}``. Imports nothing of this project, which that environment cannot see.
"""

import json
import sys
import time
from importlib.metadata import version

from clerk_backend_api.security import VerifyTokenOptions, verify_token


def main() -> None:
    """Verify the token again and again."""
    job = json.load(sys.stdin)
    options = VerifyTokenOptions(jwt_key=job["key"], authorized_parties=job["authorized_parties"])
    token = job["token"]
    taken = []
    for _ in range(job["calls"]):
        started = time.perf_counter_ns()
        verify_token(token, options)
        taken.append(time.perf_counter_ns() - started)
    versions = {name: version(name) for name in ("clerk-backend-api", "PyJWT", "cryptography")}
    json.dump({"versions": versions, "nanoseconds": taken}, sys.stdout)


if __name__ == "__main__":
    main()
