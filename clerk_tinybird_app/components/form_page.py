"""A page that is one of Clerk's forms."""

import reflex as rx

from clerk_tinybird_app.clerk.components import (
    CLERK_FAILED,
    CLERK_LOADING,
    HAS_USER,
    SIGNED_OUT,
    Phase,
)
from clerk_tinybird_app.components.layout import layout
from clerk_tinybird_app.components.notices import clerk_failed_notice


def form_page(heading: str, form: rx.Component) -> rx.Component:
    """Return the page around ``form``; its place is kept while Clerk loads."""
    return layout(
        # Clerk's form brings a heading of its own.
        Phase.create(
            rx.el.h1(heading, class_name="sr-only"), when=f"{CLERK_LOADING} {CLERK_FAILED}"
        ),
        rx.el.div(
            Phase.create(
                rx.el.div(class_name="skeleton w-full max-w-100 h-110", aria_hidden="true"),
                when=CLERK_LOADING,
            ),
            Phase.create(clerk_failed_notice(), when=CLERK_FAILED),
            Phase.create(form, when=f"{SIGNED_OUT} {HAS_USER}"),
            class_name="flex justify-center min-h-110",
        ),
    )
