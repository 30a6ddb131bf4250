"""Rows for the bundled project's data source."""

from typing import Any


def requests_of(tenant: str, *routes: str) -> list[dict[str, Any]]:
    """Rows of the data source ``requests``, one for each route, in the order of its columns."""
    return [
        {
            "timestamp": f"2099-06-02 12:00:{number:02}.000",
            "tenant_id": tenant,
            "user_id": "user_maya",
            "request_id": f"req_{number}",
            "method": "GET",
            "route": route,
            "status": 200,
            "duration_ms": 12.5,
            "region": "eu-west-1",
        }
        for number, route in enumerate(routes)
    ]
