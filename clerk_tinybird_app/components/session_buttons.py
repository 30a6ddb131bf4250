"""The guide's green buttons: sign in, sign out."""

import reflex as rx

from clerk_tinybird_app.clerk.components import (
    HAS_USER,
    LOADING_NOBODY,
    LOADING_SOMEBODY,
    SIGNED_OUT,
    Phase,
    SignInButton,
    SignOutButton,
)
from clerk_tinybird_app.components.look import GREEN_BUTTON


def see_yours_button() -> rx.Component:
    """The way in, where somebody signed out is told what there would be to see."""
    return SignInButton.create(
        rx.el.button(
            "Sign in to see yours",
            type="button",
            class_name=f"{GREEN_BUTTON} justify-self-start",
        ),
        mode="modal",
    )


def session_button() -> rx.Component:
    """The one button that fits the phase; its place is kept while Clerk loads."""
    return rx.el.div(
        Phase.create(
            rx.el.div(class_name="skeleton w-24 h-10", aria_hidden="true"), when=LOADING_SOMEBODY
        ),
        Phase.create(
            SignInButton.create(
                rx.el.button("Sign In", type="button", class_name=GREEN_BUTTON), mode="modal"
            ),
            when=f"{LOADING_NOBODY} {SIGNED_OUT}",
        ),
        Phase.create(
            SignOutButton.create(rx.el.button("Sign Out", type="button", class_name=GREEN_BUTTON)),
            when=HAS_USER,
        ),
        class_name="min-h-10",
    )
