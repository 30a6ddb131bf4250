"""The page of the guide: sign in, then see the token, its claims, and a request that uses it."""

import reflex as rx

from clerk_tinybird_app import routes
from clerk_tinybird_app.clerk.components import (
    CLERK_FAILED,
    LOADING_NOBODY,
    LOADING_SOMEBODY,
    REFUSED,
    SIGNED_IN,
    SIGNED_OUT,
    STALLED,
    SYNCING,
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
from clerk_tinybird_app.components.session_buttons import session_button
from clerk_tinybird_app.components.token_panels import (
    anonymous_panel,
    claims_panel,
    example_panel,
    session_summary,
    token_panel,
)
from clerk_tinybird_app.components.welcome import welcome
from clerk_tinybird_app.state.session import TokenState

TITLE = "Multi-tenancy with Clerk + Tinybird JWT"
DESCRIPTION = "Sign in with Clerk, get a Tinybird token that can read your own tenant's data only."


def token_page() -> rx.Component:
    """Return the page, with one view for each phase of the session."""
    return layout(
        rx.el.div(
            rx.el.h1(TITLE, class_name="font-mono font-bold text-2xl tracking-tight"),
            session_button(),
            class_name="flex flex-wrap items-center justify-between gap-4",
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
        token_panel(),
        rx.el.div(claims_panel(), example_panel(), class_name="grid gap-5 lg:grid-cols-2"),
        playground_panel(),
        break_in_panel(),
        class_name="grid gap-5",
    )


def _anonymous() -> rx.Component:
    return rx.cond(
        TokenState.is_anonymous,
        rx.el.div(anonymous_panel(), example_panel(), class_name="grid gap-5"),
    )


def _skeleton() -> rx.Component:
    """Return grey boxes with the sizes of the panels, so that nothing moves later."""
    return rx.el.div(
        rx.el.p("Loading", role="status", class_name="sr-only"),
        _grey("h-[137px] md:h-[61px]"),
        _grey("h-[220px] sm:h-[191px]"),
        rx.el.div(
            _grey("h-[459px] sm:h-[431px]"),
            _grey("h-[294px] lg:h-auto sm:h-[276px]"),
            class_name="grid gap-5 lg:grid-cols-2",
        ),
        aria_busy="true",
        class_name="grid gap-5",
    )


def _grey(height: str) -> rx.Component:
    return rx.el.div(class_name=f"skeleton {height}", aria_hidden="true")
