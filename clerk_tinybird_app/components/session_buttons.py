"""The green buttons of the guide: sign in and sign out."""

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.components import (
    HAS_USER,
    LOADING_NOBODY,
    LOADING_SOMEBODY,
    SIGNED_OUT,
    Phase,
    SignInHere,
    SignOutButton,
)
from clerk_tinybird_app.components.look import GREEN_BUTTON


def _sign_in_button(label: str, class_name: str = GREEN_BUTTON) -> rx.Component:
    """Return a button that opens the form over the page, or goes to the site with the form."""
    elsewhere = services.current().settings.signs_in_elsewhere
    button = rx.el.button(label, type="button", class_name=class_name)
    return SignInHere.create(button, mode="redirect" if elsewhere else "modal")


def see_yours_button() -> rx.Component:
    """Return the sign-in button beside a text that says what a user would see."""
    return _sign_in_button("Sign in to see yours", f"{GREEN_BUTTON} justify-self-start")


def session_button() -> rx.Component:
    """Return the button that fits the phase of the session, with a grey box while Clerk loads."""
    return rx.el.div(
        Phase.create(
            rx.el.div(class_name="skeleton w-24 h-10", aria_hidden="true"), when=LOADING_SOMEBODY
        ),
        Phase.create(_sign_in_button("Sign In"), when=f"{LOADING_NOBODY} {SIGNED_OUT}"),
        Phase.create(
            SignOutButton.create(rx.el.button("Sign Out", type="button", class_name=GREEN_BUTTON)),
            when=HAS_USER,
        ),
        class_name="min-h-10",
    )
