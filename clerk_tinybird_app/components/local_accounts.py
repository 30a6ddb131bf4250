"""The ready-made accounts of the embedded Clerk, as buttons that fill in the sign-in form."""

from typing import Final

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.components import (
    CLERK_LOADING,
    HAS_USER,
    SIGNED_OUT,
    Phase,
    SignInAs,
)
from clerk_tinybird_app.components.look import NOTE

_ACCOUNT: Final = "font-mono text-green-text underline decoration-dotted underline-offset-4"


def local_accounts() -> rx.Component:
    """Return a button for every local account, or nothing with a real Clerk."""
    running = services.current()
    if not running.embedded.accounts:
        return rx.fragment()
    return rx.el.div(
        rx.el.p(
            "Or try it now, with no account: the password is ",
            rx.el.code(running.embedded.password, class_name="font-mono text-ink select-all"),
            class_name=NOTE,
        ),
        rx.el.div(
            *(
                SignInAs.create(
                    rx.el.span(email, class_name="block font-mono text-[13px] wrap-anywhere"),
                    rx.el.span(description, class_name="block text-soft text-xs"),
                    email=email,
                    class_name="text-left bg-bg border border-line hover:border-ink px-3 py-2",
                )
                for email, description in running.embedded.accounts.items()
            ),
            class_name="grid gap-2 sm:grid-cols-2",
        ),
        class_name="grid gap-2",
    )


def local_banner() -> rx.Component:
    """Return the banner, which always has one line, or nothing with a real Clerk."""
    running = services.current()
    if not running.embedded.accounts:
        return rx.fragment()
    accounts = (
        SignInAs.create(email, email=email, title=description, class_name=_ACCOUNT)
        for email, description in running.embedded.accounts.items()
    )
    in_use = (
        "Clerk and Tinybird are embedded; nothing leaves this machine."
        if running.settings.is_tinybird_local
        else "Clerk is embedded; Tinybird is your own workspace."
    )
    return rx.el.aside(
        rx.el.b("Local mode"),
        Phase.create(
            "Sign in as",
            *accounts,
            rx.el.span("password ", _code(running.embedded.password)),
            rx.el.span("or sign up, code ", _code(running.embedded.code)),
            when=f"{CLERK_LOADING} {SIGNED_OUT}",
        ),
        Phase.create(in_use, when=HAS_USER),
        aria_label="Local mode",
        tab_index=0,
        class_name=(
            "flex items-center gap-3 px-4 sm:px-6 h-9 overflow-x-auto whitespace-nowrap "
            "bg-green-wash text-ink text-[13px] border-b border-line"
        ),
    )


def _code(text: str) -> rx.Component:
    return rx.el.code(text, class_name="font-mono text-green-text select-all")
