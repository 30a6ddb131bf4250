"""The parts of the token page about the session: from you to your token, and what is in it."""

from typing import Final

import reflex as rx

from clerk_tinybird_app import products
from clerk_tinybird_app.clerk.components import OnlineButton, UserEmail
from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.panel import copy_button, panel
from clerk_tinybird_app.components.session_buttons import sign_out_button
from clerk_tinybird_app.components.source import Source, claim_line, copy_icon
from clerk_tinybird_app.components.widgets import Countdown
from clerk_tinybird_app.state.playground import PlaygroundState
from clerk_tinybird_app.state.session import SessionState, TokenState
from clerk_tinybird_app.tinybird.pipe_request import LANGUAGES, PATH_PLACEHOLDER, TOKEN_PLACEHOLDER

EXAMPLE_ID: Final = "example-request"

# Not put together by code, because Tailwind searches the compiled page for class names.
_SHOWN: Final = {
    "fetch": "hidden group-has-[[value=fetch]:checked]:block",
    "curl": "hidden group-has-[[value=curl]:checked]:block",
    "Python": "hidden group-has-[[value=Python]:checked]:block",
}


def session_summary() -> rx.Component:
    """Return the user, the organization, the tenant, and how long the token still lives."""
    has_organization = SessionState.org_id != ""
    return rx.el.dl(
        _link(
            "user-round",
            "You",
            UserEmail.create(),
            detail=SessionState.user_id,
            about="Clerk has checked your session: signature first, then every claim.",
            action=sign_out_button(),
        ),
        _link(
            "building-2",
            "Organization",
            rx.cond(has_organization, SessionState.org_slug, "Personal account"),
            detail=rx.cond(
                has_organization, SessionState.org_role.replace("org:", ""), "no organization"
            ),
            about="Switch it above, and everything after this changes.",
        ),
        _link(
            "database",
            "Tenant",
            rx.el.span(SessionState.tenant_id, id="tenant-id", class_name="same"),
            detail=products.current().policy.tenant.parameter,
            about=rx.fragment(
                "The one whose rows you may read. ",
                rx.el.span("Marked", class_name="same"),
                " wherever it stands below.",
            ),
        ),
        _link(
            "key-round",
            "Token",
            Countdown.create(issued_at=TokenState.issued_at, expires_at=TokenState.expires_at),
            about="Signed for this session alone. It renews by itself before it ends.",
            action=rx.fragment(
                copy_icon(TokenState.value, "Tinybird token", class_name="button square"),
                OnlineButton.create(
                    icon("refresh-cw"),
                    on_press=SessionState.renew_token,
                    aria_label="Renew",
                    title="Renew",
                    class_name="button square",
                ),
            ),
        ),
        class_name="panel chain",
    )


def token_panel() -> rx.Component:
    """Return the token, its three parts in three colours, and its claims below it."""
    return panel(
        "What is in the token",
        copy_icon(TokenState.claims_json, "decoded token"),
        rx.el.p(
            rx.el.span(_part(0), class_name="a"),
            ".",
            rx.el.span(_part(1), class_name="b"),
            ".",
            rx.el.span(_part(2), class_name="c"),
            id="tinybird-token",
            tab_index=0,
            role="region",
            aria_label="Tinybird token",
            class_name="jwt",
        ),
        rx.el.pre(
            rx.foreach(TokenState.claim_lines, claim_line),
            id="decoded-token",
            tab_index=0,
            role="region",
            aria_label="Decoded token",
            class_name="code",
        ),
        rx.el.p(
            rx.el.span(class_name="swatch-fix", aria_hidden="true"),
            "Fixed: whatever a request says, Tinybird uses these.",
            class_name="row",
        ),
        class_name="flush token",
    )


def anonymous_panel() -> rx.Component:
    """Return the key that the guide gives to visitors who are signed out."""
    return panel(
        "Anonymous Tinybird key",
        copy_button(TokenState.value, "anonymous Tinybird key"),
        rx.el.p(TokenState.value, id="anonymous-key", class_name="jwt"),
        rx.el.p(
            "Nobody is signed in: this key reads what it was made for, the same for everyone.",
            class_name="text-soft mt-3",
        ),
    )


def anonymous_example_panel() -> rx.Component:
    """Return the request that uses the anonymous key."""
    return panel("Example request", rx.fragment(), example())


def example() -> rx.Component:
    """Return the request of the playground's form as source in three languages.

    The tabs are radio buttons, so they need no script.
    """
    return rx.el.div(
        rx.el.div(
            choice("example-language", "Language", LANGUAGES),
            *(
                rx.el.div(
                    copy_icon(
                        _source(language, TokenState.value),
                        f"{language} example with the whole token",
                    ),
                    class_name=f"ml-auto {_SHOWN[language]}",
                )
                for language in LANGUAGES
            ),
            class_name="row mb-2",
        ),
        *(
            rx.el.pre(
                Source.create(text=_source(language, TokenState.short_value)),
                tab_index=0,
                role="region",
                aria_label=f"{language} example",
                class_name=f"code request {_SHOWN[language]}",
            )
            for language in LANGUAGES
        ),
        id=EXAMPLE_ID,
        tab_index=-1,
        class_name="group example",
    )


def choice(name: str, label: str, options: tuple[str, ...]) -> rx.Component:
    """Return a choice of one of a few, which style sheets alone can act on."""
    return rx.el.div(
        *(
            rx.el.label(
                rx.el.input(
                    type="radio",
                    name=name,
                    value=option,
                    default_checked=option == options[0],
                    class_name="sr-only",
                ),
                option,
            )
            for option in options
        ),
        role="radiogroup",
        aria_label=label,
        class_name="segmented s choice",
    )


def _part(index: int) -> str:
    return TokenState.value.split(".")[index]


def _source(language: str, token: str | rx.vars.StringVar[str]) -> rx.vars.StringVar[str]:
    # The browser replaces the placeholders, so that the token is sent to it only once.
    template: rx.vars.StringVar[str] = rx.Var.create(TokenState.examples[language]).to(str)
    return template.replace(PATH_PLACEHOLDER, PlaygroundState.path).replace(
        TOKEN_PLACEHOLDER, token
    )


def _link(
    symbol: str,
    name: str,
    value: rx.Component | str,
    *,
    about: rx.Component | str,
    detail: str | rx.Var[str] | None = None,
    action: rx.Component | None = None,
) -> rx.Component:
    """Return one link of the chain.

    Args:
        symbol: The name of its icon.
        name: What it is.
        value: Who or what it is for this session.
        about: What it has to do with the next link.
        detail: An id or a role, below the value.
        action: Buttons beside the name.
    """
    return rx.el.div(
        rx.el.dt(icon(symbol), name),
        *([rx.el.dd(action, class_name="act")] if action else []),
        rx.el.dd(value, class_name="value"),
        *([rx.el.dd(detail, title=detail, class_name="detail")] if detail is not None else []),
        rx.el.dd(about),
        class_name="link",
    )
