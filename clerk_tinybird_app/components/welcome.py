"""The page for a visitor who is not signed in: what this app is, and how to try it."""

from typing import Final

import reflex as rx

from clerk_tinybird_app import products
from clerk_tinybird_app.components.local_accounts import local_accounts
from clerk_tinybird_app.components.look import HEADING, NOTE, PANEL, SOURCE
from clerk_tinybird_app.components.session_buttons import see_yours_button
from clerk_tinybird_app.tinybird.token import ClaimLine, claim_lines

_STEPS: Final = (
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
_PRODUCT: Final = products.current()
_KIND: Final = _PRODUCT.policy.kinds[0]
_SCOPE: Final = _PRODUCT.policy.scopes(_KIND.session("user_2uJTr…", "org_2RwC6…"))[0]
_CLAIMS: Final = {
    "workspace_id": "…",
    "name": "frontend_jwt_user_user_2uJTr…",
    "exp": "in 15 minutes",
    "scopes": [
        _SCOPE.as_claim(),
    ],
    "limits": {"rps": 10},
}


def welcome() -> rx.Component:
    """Return one sentence about the product, an example token, a sign-in button and three steps."""
    return rx.el.div(
        rx.el.section(
            rx.el.div(
                rx.el.p(
                    _PRODUCT.words.tagline,
                    class_name="text-2xl sm:text-3xl font-semibold tracking-tight leading-tight",
                ),
                rx.el.p(
                    _PRODUCT.words.welcome,
                    class_name="text-soft text-lg",
                ),
                see_yours_button(),
                local_accounts(),
                class_name="grid gap-5 content-center",
            ),
            rx.el.figure(
                rx.el.pre(
                    *map(_claim_line, claim_lines(_CLAIMS)),
                    class_name=f"{SOURCE} bg-bg py-4 m-0",
                ),
                rx.el.figcaption(
                    "A token as you will get one. Tinybird enforces what is marked.",
                    class_name=f"{NOTE} mt-2",
                ),
                class_name="m-0 min-w-0",
            ),
            class_name=f"{PANEL} sm:p-8 grid gap-8 lg:grid-cols-[1.1fr_1fr]",
        ),
        rx.el.ol(
            *(_step(number, *step) for number, step in enumerate(_STEPS, start=1)),
            class_name="grid gap-5 md:grid-cols-3 p-0 m-0 list-none",
        ),
        class_name="grid gap-5",
    )


def _claim_line(line: ClaimLine) -> rx.Component:
    return rx.el.span(
        line.text,
        class_name="claim enforced" if line.is_fixed else "claim",
        style={"--indent": line.indent},
    )


def _step(number: int, heading: str, text: str) -> rx.Component:
    return rx.el.li(
        rx.el.p(f"{number}", aria_hidden="true", class_name="font-mono text-green-text"),
        rx.el.h2(heading, class_name=HEADING),
        rx.el.p(text, class_name=NOTE),
        class_name="border-t border-line pt-3",
    )
