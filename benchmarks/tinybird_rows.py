"""The rows that the embedded Tinybird is measured with: two tenants, and batches to take in."""

import json
from datetime import UTC, datetime, timedelta
from typing import Final

LARGE: Final = "bench_large"
"""The tenant with a million rows."""

SMALL: Final = "bench_small"
"""The tenant of the light pipe."""

ARRIVING: Final = "bench_arriving"
"""The tenant whose rows are taken in."""

ROWS: Final = {LARGE: 1_000_000, SMALL: 2_000}
DAYS: Final = 20
BATCH_ROWS: Final = 1_000

_ROUTES: Final = ("/v1/orders", "/v1/orders/:id", "/v1/products", "/v1/customers/:id")
_METHODS: Final = ("GET", "POST", "PATCH")
_REGIONS: Final = ("eu-west-1", "us-east-1")
_STATUSES: Final = (200, 200, 200, 200, 200, 200, 201, 404, 422, 500)
_MILLISECONDS: Final = 1_000


def filling(table: str, tenant: str, end: datetime) -> str:
    """Return the statement that makes a tenant's rows, spread over the ``DAYS`` before ``end``."""
    count = ROWS[tenant]
    step = DAYS * 86_400 * _MILLISECONDS // count
    last = int(end.timestamp()) * _MILLISECONDS
    return f"""
INSERT INTO {table} SELECT
    fromUnixTimestamp64Milli(toInt64({last} - (number + 1) * {step})), '{tenant}',
    concat('user_', toString(number % 40)), concat('req_', hex(sipHash64(number))),
    {list(_METHODS)}[1 + number % 3], {list(_ROUTES)}[1 + sipHash64(1, number) % 4],
    {list(_STATUSES)}[1 + sipHash64(2, number) % 10],
    20 + sipHash64(3, number) % 100000 / 500,
    {list(_REGIONS)}[1 + sipHash64(4, number) % 2]
FROM numbers({count})"""  # noqa: S608 - nothing in it is from outside


def batch(number: int, now: datetime) -> bytes:
    """Return a batch as a client would send it: ``BATCH_ROWS`` JSON objects, one a line."""
    first = number * BATCH_ROWS
    rows = (_row(first + place, now) for place in range(BATCH_ROWS))
    return "\n".join(json.dumps(row, separators=(",", ":")) for row in rows).encode()


def _row(number: int, now: datetime) -> dict[str, str | int | float]:
    moment = (now - timedelta(milliseconds=number % 60_000)).astimezone(UTC)
    return {
        "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z",
        "tenant_id": ARRIVING,
        "user_id": f"user_{number % 40}",
        "request_id": f"req_{number:016x}",
        "method": _METHODS[number % 3],
        "route": _ROUTES[number * 7 % 4],
        "status": _STATUSES[number * 3 % 10],
        "duration_ms": 20 + number * 37 % 20_000 / 100,
        "region": _REGIONS[number % 2],
    }
