"""Notices above a page, or in place of it, when something is wrong."""

import reflex as rx

from clerk_tinybird_app.clerk.components import RetryButton, SignOutButton
from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.look import BUTTON, HEADING, NOTE
from clerk_tinybird_app.components.widgets import ReloadButton
from clerk_tinybird_app.state.session import SessionState
from clerk_tinybird_app.state.wording import sign_in_service

_ACTION = f"{BUTTON} self-start"


def refused_notice() -> rx.Component:
    """Say that the server refused the session: a sentence, the code, and what to do."""
    return _alert(
        "Your session was not accepted",
        rx.el.p(SessionState.error_message),
        rx.el.p("Code: ", rx.el.code(SessionState.error_code, id="error-code"), class_name=NOTE),
        rx.el.div(
            RetryButton.create("Try again", class_name=BUTTON),
            SignOutButton.create(
                rx.el.button("Sign out", type="button", class_name=BUTTON),
            ),
            class_name="flex gap-2",
        ),
    )


def stalled_notice() -> rx.Component:
    """Say that Clerk has a session, but the server has not confirmed it after several tries."""
    return _alert(
        "Your session could not be confirmed",
        rx.el.p(
            f"This app's server or {sign_in_service()} does not answer. It is being tried again by "
            "itself."
        ),
        RetryButton.create("Try now", class_name=_ACTION),
    )


def unconfirmed_notice() -> rx.Component:
    """Say that somebody signed out, but Clerk has not confirmed the end of the session."""
    return _alert(
        "Signing out is not confirmed",
        rx.el.p(
            f"This app has let go of your session, but {sign_in_service()}, which holds it, does "
            "not answer. It is being asked again until it does. Until then whoever uses this "
            "browser might get back in: keep this page open, or close every window of the browser."
        ),
    )


def clerk_failed_notice() -> rx.Component:
    """Say that Clerk's script could not be loaded."""
    return _alert(
        "Sign-in could not be loaded",
        rx.el.p(
            f"The script of {sign_in_service()} did not arrive. Check the connection and that no "
            "extension blocks it, then load the page again."
        ),
        ReloadButton.create("Load again", class_name=_ACTION),
    )


def impersonation_notice() -> rx.Component:
    """Say that somebody else acts as this user, when it is so."""
    return rx.cond(
        SessionState.impersonator != "",
        rx.el.div(
            icon("user-round-cog"),
            rx.el.p(
                "Impersonation: ",
                rx.el.code(SessionState.impersonator, class_name="font-mono"),
                " is acting as this user.",
            ),
            role="status",
            class_name="notice",
        ),
    )


def _alert(heading: str, *content: rx.Component) -> rx.Component:
    return rx.el.section(
        rx.el.h2(icon("triangle-alert"), heading, class_name=f"{HEADING} row text-bad"),
        *content,
        role="alert",
        class_name="panel padded gap-3",
    )
