"""What this is, for a visitor who is not signed in."""

import reflex as rx

from clerk_tinybird_app.clerk.components import SignInButton
from clerk_tinybird_app.components.look import GREEN_BUTTON, HEADING, NOTE, PANEL


def welcome() -> rx.Component:
    """Return the product in one sentence, three steps and a button."""
    steps = (
        ("Sign in with Clerk", "An organization, or you alone, is the tenant."),
        (
            "Get your Tinybird token",
            "Signed for your session, short-lived, with your tenant's id fixed inside.",
        ),
        (
            "Query your rows",
            "Whatever a request asks for, Tinybird answers with that tenant's data alone.",
        ),
    )
    return rx.el.section(
        rx.el.p(
            "Real-time analytics for every one of your customers, each seeing only their own: "
            "a signed-in session becomes a Tinybird token that can read one tenant's data.",
            class_name="text-lg max-w-2xl",
        ),
        rx.el.ol(
            *(_step(number, *step) for number, step in enumerate(steps, start=1)),
            class_name="grid gap-4 md:grid-cols-3 my-6 p-0 list-none",
        ),
        SignInButton.create(
            rx.el.button("Sign in to see yours", type="button", class_name=GREEN_BUTTON),
            mode="modal",
        ),
        class_name=PANEL,
    )


def _step(number: int, heading: str, text: str) -> rx.Component:
    return rx.el.li(
        rx.el.p(f"{number}", aria_hidden="true", class_name="font-mono text-brand-ink"),
        rx.el.h2(heading, class_name=HEADING),
        rx.el.p(text, class_name=NOTE),
        class_name="border-t border-line pt-3",
    )
