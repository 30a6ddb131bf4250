"""The session in four steps, from the person to the token: the token page's summary."""

import reflex as rx

from clerk_tinybird_app.clerk.components import UserEmail
from clerk_tinybird_app.components.widgets import Countdown
from clerk_tinybird_app.state.session import SessionState, TokenState

_STEP = (
    "step relative min-w-0 px-4 py-3 border-line border-t nth-1:border-t-0 nth-[2]:border-t-0 "
    "even:border-l md:border-t-0 md:border-l md:nth-1:border-l-0"
)


def session_summary() -> rx.Component:
    """Who, in which organization, as which tenant, with how much of the token's life left."""
    organization = rx.cond(
        SessionState.org_id != "",
        SessionState.org_slug + " · " + SessionState.org_role.replace("org:", ""),
        "Personal account",
    )
    return rx.el.dl(
        _step("You", UserEmail.create(), title=SessionState.user_id),
        _step("Organization", organization, title=SessionState.org_id),
        _step(
            "Tenant", SessionState.tenant_id, title=SessionState.tenant_id, element_id="tenant-id"
        ),
        _step(
            "Token",
            Countdown.create(issued_at=TokenState.issued_at, expires_at=TokenState.expires_at),
        ),
        class_name="grid grid-cols-2 md:grid-cols-[1fr_1fr_1.3fr_0.8fr] border border-line m-0",
    )


def _step(
    name: str, value: rx.Component | str, *, title: str = "", element_id: str = ""
) -> rx.Component:
    return rx.el.div(
        rx.el.dt(name, class_name="text-soft text-xs"),
        rx.el.dd(
            value,
            class_name="m-0 font-mono text-[13px] wrap-anywhere",
            title=title,
            id=element_id,
        ),
        class_name=_STEP,
    )
