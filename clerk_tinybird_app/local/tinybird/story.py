"""Who calls the made-up API, how often, and what it answers: the seed's and the traffic's matter.

Nothing here is random: what looks so is a hash of where and when.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from clerk_tinybird_app.local.clerk.seed import (
    ACME_ADMIN_ID,
    ACME_ID,
    ACME_MEMBER_ID,
    GLOBEX_ADMIN_ID,
    GLOBEX_ID,
    SOLO_ID,
)

DATA_SOURCE: Final = "requests"
COLUMNS: Final = (
    "timestamp",
    "tenant_id",
    "user_id",
    "request_id",
    "method",
    "route",
    "status",
    "duration_ms",
    "region",
)
"""The data source that this story is about; another project's does not look like it."""

BURST_ERROR_SHARE: Final = 0.18
"""Share of server errors in an hour that has a burst."""

BURST_SLOWDOWN: Final = 2.6
"""How much longer answers take in such an hour."""

_BURST_EVERY: Final = 131
_SATURDAY: Final = 5
_WEEKEND: Final = 0.38
_NIGHT: Final = 0.22
_PEAK_HOUR: Final = 14.5


@dataclass(frozen=True)
class Tenant:
    """A tenant of the local accounts.

    Attributes:
        id: The organization's id, or the user's own.
        users: Its users, the busiest first.
        regions: Where its requests are answered, the busiest first.
        hourly: Requests in an average hour.
    """

    id: str
    users: tuple[str, ...]
    regions: tuple[str, ...]
    hourly: float


@dataclass(frozen=True)
class Route:
    """A route of the made-up API.

    Attributes:
        method: HTTP method.
        path: The route.
        weight: Its part of all requests, in thousandths.
        median_ms: Half of its answers are faster.
        spread: Standard deviation of the duration's logarithm.
        status: Its status when all is well.
        client_errors: Share of 4xx, in thousandths.
    """

    method: str
    path: str
    weight: int
    median_ms: float
    spread: float
    status: int = 200
    client_errors: int = 12


TENANTS: Final = (
    Tenant(
        ACME_ID,
        (ACME_MEMBER_ID, ACME_ADMIN_ID, "user_acme_billing_service", "user_acme_mobile_app"),
        ("eu-west-1", "us-east-1", "ap-southeast-1"),
        430,
    ),
    Tenant(
        GLOBEX_ID,
        (GLOBEX_ADMIN_ID, "user_globex_warehouse", ACME_ADMIN_ID),
        ("us-east-1", "us-west-2"),
        215,
    ),
    Tenant(SOLO_ID, (SOLO_ID,), ("eu-central-1",), 50),
)

ROUTES: Final = (
    Route("GET", "/v1/orders", 260, 38, 0.45),
    Route("GET", "/v1/orders/:id", 215, 16, 0.40, client_errors=35),
    Route("GET", "/v1/products", 160, 24, 0.40),
    Route("POST", "/v1/orders", 110, 92, 0.50, status=201, client_errors=28),
    Route("GET", "/v1/customers/:id", 95, 19, 0.40, client_errors=22),
    Route("PATCH", "/v1/orders/:id", 60, 74, 0.45, client_errors=26),
    Route("POST", "/v1/sessions", 45, 128, 0.35, status=201, client_errors=85),
    Route("GET", "/v1/reports/revenue", 30, 640, 0.60, client_errors=6),
    Route("DELETE", "/v1/orders/:id", 15, 48, 0.45, status=204, client_errors=40),
    Route("POST", "/v1/exports", 10, 1450, 0.55, status=202, client_errors=14),
)


def activity(moment: datetime) -> float:
    """Return how busy an hour is beside an average one: days above nights, weekends quiet."""
    angle = (moment.hour + 0.5 - _PEAK_HOUR) / 24 * 2 * math.pi
    day = _NIGHT + (1 - _NIGHT) * math.pow(0.5 + 0.5 * math.cos(angle), 1.4)
    return day * (_WEEKEND if moment.weekday() >= _SATURDAY else 1.0) * _TO_AVERAGE


def has_burst(tenant: Tenant, hour: int) -> bool:
    """Tell whether a tenant's API has trouble in an hour, counted since the epoch."""
    return (hour * 2654435761 + len(tenant.id) * 97) % _BURST_EVERY == 0


# The mean over a week of what `activity` computes without it is 1 / 2.17.
_TO_AVERAGE: Final = 2.17
