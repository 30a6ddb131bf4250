"""Clerk's two forms, sign-in and sign-up, each on a page of its own."""

import reflex as rx

from clerk_tinybird_app import products
from clerk_tinybird_app.clerk.components import (
    CLERK_FAILED,
    CLERK_LOADING,
    HAS_USER,
    SIGNED_OUT,
    Phase,
    SignInForm,
    SignUpForm,
)
from clerk_tinybird_app.components.layout import layout
from clerk_tinybird_app.components.notices import clerk_failed_notice


def sign_in() -> rx.Component:
    """Return the page with the sign-in form."""
    return _form_page("Sign in", SignInForm.create())


def sign_up() -> rx.Component:
    """Return the page with the sign-up form."""
    return _form_page("Sign up", SignUpForm.create())


def _form_page(heading: str, form: rx.Component) -> rx.Component:
    """Return the page of one of Clerk's forms, with a grey box while Clerk loads.

    What it is for stands beside the form from the first paint on: Clerk's form takes a while.
    """
    words = products.current().words
    return layout(
        # Clerk's form has a heading of its own, so this one goes when the form comes.
        Phase.create(
            rx.el.h1(heading, class_name="sr-only"), when=f"{CLERK_LOADING} {CLERK_FAILED}"
        ),
        rx.el.div(
            rx.el.div(
                rx.el.p(words.tagline, class_name="tagline"),
                rx.el.p(words.invitation),
                class_name="what-for",
            ),
            Phase.create(
                rx.el.div(class_name="skeleton w-full max-w-100 h-84", aria_hidden="true"),
                when=CLERK_LOADING,
            ),
            Phase.create(clerk_failed_notice(), when=CLERK_FAILED),
            Phase.create(form, when=f"{SIGNED_OUT} {HAS_USER}"),
            class_name="clerk-form",
        ),
    )
