"""What the embedded Tinybird's rows look like: requests to a made-up API."""

from typing import Any, Final, NamedTuple

from clerk_tinybird_app.sample.vocabulary import (
    Few,
    Id,
    LogNormal,
    Moment,
    OneOf,
    People,
    Sample,
    Sometimes,
    Traffic,
    Weighted,
)


class _Route(NamedTuple):
    """A route: its part of all requests, how long it takes, what it answers, how often 4xx."""

    method: str
    path: str
    weight: int
    took: LogNormal
    status: int
    client_errors: float


def _took(median_ms: float, spread: float) -> LogNormal:
    return LogNormal(median_ms, spread, digits=2, rises_in_incidents=True)


_ROUTES: Final = (
    _Route("GET", "/v1/orders", 260, _took(38, 0.45), 200, 0.012),
    _Route("GET", "/v1/orders/:id", 215, _took(16, 0.40), 200, 0.035),
    _Route("GET", "/v1/products", 160, _took(24, 0.40), 200, 0.012),
    _Route("POST", "/v1/orders", 110, _took(92, 0.50), 201, 0.028),
    _Route("GET", "/v1/customers/:id", 95, _took(19, 0.40), 200, 0.022),
    _Route("PATCH", "/v1/orders/:id", 60, _took(74, 0.45), 200, 0.026),
    _Route("POST", "/v1/sessions", 45, _took(128, 0.35), 201, 0.085),
    _Route("GET", "/v1/reports/revenue", 30, _took(640, 0.60), 200, 0.006),
    _Route("DELETE", "/v1/orders/:id", 15, _took(48, 0.45), 204, 0.040),
    _Route("POST", "/v1/exports", 10, _took(1450, 0.55), 202, 0.014),
)
_SERVER_ERRORS: Final = Weighted({500: 1, 502: 1, 503: 1})
_CLIENT_ERRORS: Final = Weighted({404: 1, 400: 1, 401: 1, 429: 1, 422: 1})


def _by_route(values: dict[_Route, Any]) -> OneOf:
    options = {(route.method, route.path): value for route, value in values.items()}
    return OneOf(options, by=("method", "route"))


SAMPLE: Final = Sample(
    source="requests",
    busy=Traffic(per_day=26_000, growth=4, incident_hours=22),
    quiet=Traffic(per_day=3_500, growth=2, incident_hours=53),
    alone=Traffic(per_day=780, growth=1.5, incident_hours=131),
    columns={
        "timestamp": Moment(),
        "user_id": People(services=("user_billing_service", "user_mobile_app")),
        "request_id": Id("req_"),
        ("method", "route"): Weighted({(each.method, each.path): each.weight for each in _ROUTES}),
        "status": Sometimes(
            0.002,
            _SERVER_ERRORS,
            rises_in_incidents=True,
            otherwise=_by_route(
                {r: Sometimes(r.client_errors, _CLIENT_ERRORS, otherwise=r.status) for r in _ROUTES}
            ),
        ),
        "duration_ms": _by_route({each: each.took for each in _ROUTES}),
        "region": Few(("eu-west-1", "us-east-1", "ap-southeast-1", "us-west-2", "eu-central-1")),
    },
)
