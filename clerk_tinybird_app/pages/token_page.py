"""The page of the guide: sign in, then see the token, its claims, and a request that uses it."""

import reflex as rx

from clerk_tinybird_app import routes
from clerk_tinybird_app.clerk.components import (
    CLERK_FAILED,
    HAS_USER,
    LEAVING,
    LOADING_NOBODY,
    LOADING_SOMEBODY,
    REFUSED,
    SIGNED_IN,
    SIGNED_OUT,
    STALLED,
    SYNCING,
    UNCONFIRMED,
    Phase,
)
from clerk_tinybird_app.components.break_in_panel import break_in_panel
from clerk_tinybird_app.components.layout import layout
from clerk_tinybird_app.components.notices import (
    clerk_failed_notice,
    impersonation_notice,
    refused_notice,
    stalled_notice,
)
from clerk_tinybird_app.components.playground_panel import playground_panel
from clerk_tinybird_app.components.token_panels import (
    anonymous_example_panel,
    anonymous_panel,
    session_summary,
    token_panel,
)
from clerk_tinybird_app.components.welcome import welcome
from clerk_tinybird_app.state.session import TokenState

TITLE = "Multi-tenancy with Clerk + Tinybird JWT"
DESCRIPTION = "Sign in with Clerk, get a Tinybird token that can read your own tenant's data only."

_LEAD = "From who you are to what you may read, in four steps"


def token_page() -> rx.Component:
    """Return the page, with one view for each phase of the session."""
    return layout(
        Phase.create(
            rx.el.div(
                rx.el.h1("Your token", class_name="title-1"),
                rx.el.p(_LEAD, class_name="status"),
                class_name="title",
            ),
            when=f"{LOADING_SOMEBODY} {HAS_USER}",
        ),
        Phase.create(
            rx.el.h1(TITLE, class_name="sr-only"), when=f"{CLERK_FAILED} {LEAVING} {UNCONFIRMED}"
        ),
        Phase.create(_skeleton(), when=f"{LOADING_SOMEBODY} {SYNCING}"),
        Phase.create(clerk_failed_notice(), when=CLERK_FAILED),
        Phase.create(refused_notice(), when=REFUSED),
        Phase.create(stalled_notice(), when=STALLED),
        Phase.create(welcome(), _anonymous(), when=f"{LOADING_NOBODY} {SIGNED_OUT}"),
        Phase.create(_signed_in(), when=SIGNED_IN),
        path=routes.HOME,
    )


def _signed_in() -> rx.Component:
    return rx.el.div(
        impersonation_notice(),
        session_summary(),
        rx.el.div(token_panel(), playground_panel(), class_name="side-by-side"),
        break_in_panel(),
        class_name="stack",
    )


def _anonymous() -> rx.Component:
    return rx.cond(
        TokenState.is_anonymous,
        rx.el.div(anonymous_panel(), anonymous_example_panel(), class_name="side-by-side even"),
    )


def _skeleton() -> rx.Component:
    """Return grey boxes with the sizes of the panels, so that nothing moves later."""
    return rx.el.div(
        rx.el.p("Loading", role="status", class_name="sr-only"),
        _grey("h-[560px] min-[481px]:h-[312px] min-[901px]:h-[156px]"),
        rx.el.div(_grey("h-[640px]"), _grey("h-[640px]"), class_name="side-by-side"),
        aria_busy="true",
        class_name="stack",
    )


def _grey(height: str) -> rx.Component:
    return rx.el.div(class_name=f"skeleton {height}", aria_hidden="true")
