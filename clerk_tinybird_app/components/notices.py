"""What stands in a page's place while it waits, when it fails, and when nobody is signed in."""

import reflex as rx

from clerk_tinybird_app.clerk.components import RetryButton, SignInButton
from clerk_tinybird_app.components.look import GREEN_BUTTON, HEADING, NOTE, PANEL, QUIET_BUTTON
from clerk_tinybird_app.state.session import SessionState


def skeleton() -> rx.Component:
    """Grey places of the panels' own sizes, so that nothing moves when they arrive."""
    return rx.el.div(
        rx.el.p("Loading", class_name="sr-only"),
        _grey("h-28 md:h-16"),
        _grey("h-64 sm:h-56"),
        rx.el.div(
            _grey("h-[26rem]"),
            _grey("h-[26rem]"),
            class_name="grid gap-5 lg:grid-cols-2",
        ),
        aria_busy="true",
        class_name="grid gap-5",
    )


def refused_notice() -> rx.Component:
    """The server's refusal of a session: its sentence, its code, and a way on."""
    return _alert(
        "This session was refused",
        rx.el.p(SessionState.error_message),
        rx.el.p("Code: ", rx.el.code(SessionState.error_code, id="error-code"), class_name=NOTE),
        RetryButton.create("Try again", class_name=f"{QUIET_BUTTON} justify-self-start"),
    )


def clerk_failed_notice() -> rx.Component:
    """Clerk's script could not be loaded."""
    return _alert(
        "Sign-in could not be loaded",
        rx.el.p(
            "Clerk's script did not arrive. Check the connection and that no extension blocks it, "
            "then load the page again."
        ),
        rx.el.a(
            "Load again",
            href="",
            class_name=f"{QUIET_BUTTON} justify-self-start",
        ),
    )


def welcome() -> rx.Component:
    """What this is, for a visitor who is not signed in."""
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
            *(_welcome_step(number, *step) for number, step in enumerate(steps, start=1)),
            class_name="grid gap-4 md:grid-cols-3 my-6 p-0 list-none",
        ),
        SignInButton.create(
            rx.el.button("Sign in to see yours", type="button", class_name=GREEN_BUTTON),
            mode="modal",
        ),
        class_name=PANEL,
    )


def _welcome_step(number: int, heading: str, text: str) -> rx.Component:
    return rx.el.li(
        rx.el.p(f"{number}", aria_hidden="true", class_name="font-mono text-accent-ink"),
        rx.el.h2(heading, class_name=HEADING),
        rx.el.p(text, class_name=NOTE),
        class_name="border-t border-line pt-3",
    )


def _alert(heading: str, *content: rx.Component) -> rx.Component:
    return rx.el.section(
        rx.el.h2(heading, class_name=f"{HEADING} text-bad"),
        *content,
        role="alert",
        class_name=f"{PANEL} border-l-2 border-bad grid gap-2",
    )


def _grey(height: str) -> rx.Component:
    return rx.el.div(class_name=f"skeleton {height}", aria_hidden="true")
