"""The page for a visitor who is not signed in: what this app is, and how to try it."""

from typing import Final

import reflex as rx

from clerk_tinybird_app import products
from clerk_tinybird_app.components.local_accounts import local_accounts
from clerk_tinybird_app.components.panel import panel
from clerk_tinybird_app.components.picture import picture
from clerk_tinybird_app.components.session_buttons import see_yours_button, sign_up_link
from clerk_tinybird_app.components.source import claim_line
from clerk_tinybird_app.tinybird.policy import Policy
from clerk_tinybird_app.tinybird.token import claim_lines, claims_json

_STEPS: Final = (
    ("Sign in with Clerk", "An organization is the tenant, or you alone without one."),
    ("Get a token", "Signed for your session, short-lived, your tenant's id fixed inside."),
    (
        "Query your rows",
        "Whatever a request asks for, Tinybird answers with that tenant's rows alone.",
    ),
)
_PRODUCT: Final = products.current()


def welcome() -> rx.Component:
    """Return what the product is, how to get in, a picture of it, and how it works."""
    decoded = decoded_token(_PRODUCT.policy)
    return rx.el.div(
        rx.el.section(
            rx.el.div(
                rx.el.h1(_PRODUCT.words.tagline.removesuffix("."), class_name="title-1"),
                rx.el.p(_PRODUCT.words.welcome, class_name="lead"),
                rx.el.div(see_yours_button(), sign_up_link(), class_name="ways-in"),
                local_accounts(),
            ),
            picture(),
            class_name="hero",
        ),
        rx.el.div(
            rx.el.ol(
                *(_step(number, *step) for number, step in enumerate(_STEPS, start=1)),
                class_name="panel steps",
            ),
            *decoded,
            class_name="side-by-side even" if decoded else "stack",
        ),
    )


def decoded_token(policy: Policy) -> list[rx.Component]:
    """Return the panel with an example of a token; none for a policy that lets nobody read."""
    sessions = (kind.session("user_2uJTr…", "org_2RwC6…") for kind in policy.kinds)
    scope = next((scope for session in sessions for scope in policy.scopes(session)), None)
    if scope is None:
        return []
    claims = {"exp": "in 15 minutes", "scopes": [scope.as_claim()]}
    return [
        panel(
            "A token, decoded",
            rx.fragment(),
            rx.el.pre(*map(claim_line, claim_lines(claims_json(claims))), class_name="code"),
            note="what is marked cannot be changed",
        )
    ]


def _step(number: int, heading: str, text: str) -> rx.Component:
    return rx.el.li(
        rx.el.span(f"{number}", aria_hidden="true", class_name="no"),
        rx.el.h2(heading, class_name="title-2"),
        rx.el.p(text),
        class_name="step",
    )
