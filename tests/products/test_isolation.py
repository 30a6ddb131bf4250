"""Each kind of session reads what the policy grants it, of its own tenant, and nothing else."""

from typing import Any

import jwt
import pytest

from clerk_tinybird_app.clerk.session_kinds import SessionKind
from tests.products.product import FOR_ADMINS, Answer, Shipped


def test_a_token_allows_exactly_its_sessions_pipes_with_the_tenant_fixed(served: Shipped) -> None:
    policy = served.product.policy
    endpoints = {name for name, pipe in served.project.pipes.items() if pipe.is_endpoint}
    for kind in policy.kinds:
        token = served.token(served.session(kind, "tenant_1"))

        claims = jwt.decode(token, served.tinybird.key, algorithms=["HS256"])

        withheld = set() if kind.role == "org:admin" else FOR_ADMINS[served.name]
        assert {scope["resource"] for scope in claims["scopes"]} == endpoints - withheld, kind.name
        assert {scope["type"] for scope in claims["scopes"]} == {"PIPES:READ"}
        fixed = [scope["fixed_params"][policy.tenant.parameter] for scope in claims["scopes"]]
        assert set(fixed) == {"tenant_1"}


def test_a_pipe_that_is_not_granted_is_refused(served: Shipped) -> None:
    policy = served.product.policy
    for kind in policy.kinds:
        session = served.session(kind, "tenant_1")
        granted = {scope.resource for scope in policy.scopes(session)}
        for pipe in set(served.project.pipes) - granted:
            answer = served.tinybird.get(f"/v0/pipes/{pipe}.json", served.token(session))
            assert answer.status_code == 403, (kind.name, pipe)


def asked(served: Shipped, kind: SessionKind, tenant: str, **more: str) -> dict[str, Answer]:
    """Return what each pipe of a kind of session answers a tenant."""
    session = served.session(kind, tenant)
    return {
        scope.resource: served.ask(scope.resource, session, served.period | more)
        for scope in served.product.policy.scopes(session)
    }


def is_nothing(value: Any) -> bool:
    """Tell a value that says of no row; times of empty buckets are texts."""
    return value is None or isinstance(value, str) or value == 0


def test_each_pipe_of_each_kind_tells_a_tenant_of_its_own_rows_alone(served: Shipped) -> None:
    for number, kind in enumerate(served.product.policy.kinds):
        first, second = (f"tenant_{number}_{which}" for which in ("a", "b"))
        origins = served.tenants[:2]
        served.add(served.rows_of(origins[0], as_tenant=first, user=first))
        alone = asked(served, kind, first)
        served.add(served.rows_of(origins[1], as_tenant=second, user=second))

        assert asked(served, kind, first) == alone
        others = asked(served, kind, second)
        for pipe, answer in alone.items():
            assert answer.rows, (kind.name, pipe)
            assert answer.rows != others[pipe].rows, (kind.name, pipe)
            assert not all(is_nothing(v) for row in answer.rows for v in row.values() if v != first)


def test_a_tenant_without_rows_is_told_of_none(served: Shipped) -> None:
    for number, kind in enumerate(served.product.policy.kinds):
        tenant = f"tenant_of_somebody_{number}"
        served.add(served.rows_of(served.tenants[0], as_tenant=tenant, user=tenant))

        for pipe, answer in asked(served, kind, f"nobody_{number}").items():
            told = [value for row in answer.rows for value in row.values()]
            assert all(is_nothing(value) for value in told), (kind.name, pipe)
            named = [value for value in told if isinstance(value, str)]
            assert not any(tenant in text for text in named), (kind.name, pipe)


@pytest.mark.parametrize("spelling", ["plain", "quoted"])
def test_a_request_cannot_name_another_tenant(served: Shipped, spelling: str) -> None:
    parameter = served.product.policy.tenant.parameter
    own, foreign = f"own_{spelling}", f"foreign_{spelling}"
    for tenant, origin in zip((own, foreign), served.tenants, strict=False):
        served.add(served.rows_of(origin, as_tenant=tenant, user=tenant))
    wanted = foreign if spelling == "plain" else f"{foreign}' OR '1'='1"

    for kind in served.product.policy.kinds:
        assert asked(served, kind, own, **{parameter: wanted}) == asked(served, kind, own)
