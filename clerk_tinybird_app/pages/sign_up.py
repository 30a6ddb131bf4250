"""Clerk's sign-up form on a page of its own."""

import reflex as rx

from clerk_tinybird_app.clerk.components import SignUpForm
from clerk_tinybird_app.components.layout import form_page


def sign_up() -> rx.Component:
    """The page with the form."""
    return form_page("Sign up", SignUpForm.create())
