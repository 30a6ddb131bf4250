"""The ready-made accounts of the embedded Clerk, as buttons that sign in to them."""

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.components import (
    CLERK_LOADING,
    HAS_USER,
    SIGNED_OUT,
    Phase,
    SignInAs,
)


def local_accounts() -> rx.Component:
    """Return a button for every local account, or nothing with a real Clerk."""
    running = services.current()
    if not running.embedded.accounts:
        return rx.fragment()
    return rx.el.div(
        rx.el.p(
            "Or go in as one of these by one click; the password of each is ",
            rx.el.code(running.embedded.password),
        ),
        rx.el.div(
            *(
                SignInAs.create(
                    rx.el.span(email),
                    rx.el.small(description),
                    email=email,
                    password=running.embedded.password,
                )
                for email, description in running.embedded.accounts.items()
            ),
            class_name="accounts",
        ),
        class_name="go-in-as",
    )


def local_banner() -> rx.Component:
    """Return the banner, which always has one line, or nothing with a real Clerk."""
    running = services.current()
    if not running.embedded.accounts:
        return rx.fragment()
    accounts = (
        SignInAs.create(email, email=email, password=running.embedded.password, title=description)
        for email, description in running.embedded.accounts.items()
    )
    in_use = (
        "Clerk and Tinybird are embedded; nothing leaves this machine."
        if running.settings.is_tinybird_local
        else "Clerk is embedded; Tinybird is your own workspace."
    )
    return rx.el.aside(
        rx.el.div(
            rx.el.b("local", class_name="tag"),
            Phase.create(
                # Not where the page itself has them, see pages.css.
                rx.el.span(
                    rx.el.span("Sign in as"),
                    *accounts,
                    rx.el.span("password ", _code(running.embedded.password)),
                    class_name="as",
                ),
                rx.el.span("Sign up with any address and the code ", _code(running.embedded.code)),
                when=f"{CLERK_LOADING} {SIGNED_OUT}",
            ),
            Phase.create(rx.el.span(in_use), when=HAS_USER),
            # By keyboard too, where it is wider than the window.
            tab_index=0,
            role="group",
            aria_label="Local mode",
            class_name="wrap",
        ),
        class_name="local",
    )


def _code(text: str) -> rx.Component:
    return rx.el.code(text)
