"""Who calls the made-up API, and what it answers: the seed's and the traffic's matter."""

from dataclasses import dataclass
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

SERVER_ERRORS: Final = (500, 502, 503)
CLIENT_ERRORS: Final = (404, 400, 401, 429, 422)
SERVER_ERROR_SHARE: Final = 0.002
"""Share of server errors when all is well."""

USER_SKEW: Final = 1.7
REGION_SKEW: Final = 1.9
"""Who is picked from a list: the place is a number from 0 to 1, to this power."""


@dataclass(frozen=True)
class Tenant:
    """A tenant of the local accounts.

    Attributes:
        id: The organization's id, or the user's own.
        users: Its users, the busiest first.
        regions: Where its requests are answered, the busiest first.
        per_second: Requests per second in an average hour of today.
        growth: How many times as much that is as 30 days before the first start, and that as
            30 days earlier.
        incident_hours: There is one incident in so many hours.
    """

    id: str
    users: tuple[str, ...]
    regions: tuple[str, ...]
    per_second: float
    growth: float
    incident_hours: int


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
        per_second=0.3,
        growth=4,
        incident_hours=22,
    ),
    Tenant(
        GLOBEX_ID,
        (GLOBEX_ADMIN_ID, "user_globex_warehouse", ACME_ADMIN_ID),
        ("us-east-1", "us-west-2"),
        per_second=0.04,
        growth=2,
        incident_hours=53,
    ),
    Tenant(
        SOLO_ID,
        (SOLO_ID,),
        ("eu-central-1",),
        per_second=0.009,
        growth=1.5,
        incident_hours=131,
    ),
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
