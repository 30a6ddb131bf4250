"""The buttons that begin and end a session."""

from typing import Final

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.components import SignInHere, SignOutButton
from clerk_tinybird_app.components.look import BUTTON, GREEN_BUTTON, QUIET

_SETTINGS: Final = services.current().settings


def see_yours_button() -> rx.Component:
    """Return the button that opens the form over the page, or goes to the site with the form."""
    button = rx.el.button("Sign in to see yours", type="button", class_name=GREEN_BUTTON)
    return SignInHere.create(button, mode="redirect" if _SETTINGS.signs_in_elsewhere else "modal")


def sign_in_elsewhere() -> rx.Component:
    """Return the way to the sign-in page in a tab of its own, for a page in a frame."""
    return rx.el.a(
        "Sign in to see yours",
        href=_SETTINGS.clerk_sign_in_url,
        target="_blank",
        rel="noopener",
        class_name=GREEN_BUTTON,
    )


def sign_up_link() -> rx.Component:
    """Return the way to an account of one's own."""
    return rx.el.a("Create an account", href=_SETTINGS.clerk_sign_up_url, class_name=BUTTON)


def sign_out_button() -> rx.Component:
    """Return a quiet button; the loud way out is the account menu."""
    return SignOutButton.create(rx.el.button("Sign out", type="button", class_name=QUIET))
