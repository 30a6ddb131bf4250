"""Clerk's sign-in form on a page of its own."""

import reflex as rx

from clerk_tinybird_app.clerk.components import SignInForm
from clerk_tinybird_app.components.layout import form_page


def sign_in() -> rx.Component:
    """The page with the form."""
    return form_page("Sign in", SignInForm.create())
