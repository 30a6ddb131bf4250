"""The embedded Clerk's ready-made accounts, each one press from filled in."""

import reflex as rx

from clerk_tinybird_app import services
from clerk_tinybird_app.clerk.components import SignInAs
from clerk_tinybird_app.components.look import NOTE


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
