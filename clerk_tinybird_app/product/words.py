"""What the product is called, and what its customers read."""

from typing import Final

NAME: Final = "API traffic"
TAGLINE: Final = "Real-time analytics for every customer, each seeing only their own."
WELCOME: Final = (
    "A signed-in Clerk session becomes a Tinybird token that can read one tenant's data: no proxy, "
    "no filter to forget, and a live dashboard on top of it."
)
INVITATION: Final = "Sign in to watch your own tenant's traffic, errors and latency; nobody else's."

EMPTY_TITLE: Final = "No requests yet"
EMPTY_TEXT: Final = (
    "As soon as the first request arrives, traffic, errors, latency and routes are shown here."
)

EVENT_SOURCE: Final = "requests"
EVENT: Final = {
    "timestamp": "2026-11-23T10:00:00Z",
    "tenant_id": "org_2RwC6",
    "user_id": "user_1",
    "request_id": "req_1",
    "method": "GET",
    "route": "/v1/orders",
    "status": 200,
    "duration_ms": 42.5,
    "region": "eu-west-1",
}
"""The data source that a tenant's first event goes to, and one event; for developers alone."""
