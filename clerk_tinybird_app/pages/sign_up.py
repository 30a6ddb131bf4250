"""Clerk's sign-up form on a page of its own."""

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.components import SignUpForm
from clerk_tinybird_app.components.form_page import form_page


def sign_up() -> rx.Component:
    """The page with the form."""
    without = services.current().settings.pages_without_a_way_back
    return form_page("Sign up", SignUpForm.create(no_way_back=without))
