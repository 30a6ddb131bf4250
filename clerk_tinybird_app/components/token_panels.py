"""The panels of a session on the token page: summary, token, claims, example request."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.clerk.components import OnlineButton, UserEmail
from clerk_tinybird_app.components.look import NOTE, QUIET_BUTTON, SOURCE
from clerk_tinybird_app.components.panel import copy_button, panel
from clerk_tinybird_app.components.widgets import Countdown
from clerk_tinybird_app.state.playground import PlaygroundState
from clerk_tinybird_app.state.session import SessionState, TokenState
from clerk_tinybird_app.tinybird.pipe_request import LANGUAGES, PATH_PLACEHOLDER, TOKEN_PLACEHOLDER
from clerk_tinybird_app.tinybird.token import ClaimLine

EXAMPLE_ID: Final = "example-request"

# Not put together by code, because Tailwind searches the compiled page for class names.
_SHOWN: Final = {
    "fetch": "hidden group-has-[[value=fetch]:checked]:block",
    "curl": "hidden group-has-[[value=curl]:checked]:block",
    "Python": "hidden group-has-[[value=Python]:checked]:block",
}
_TAB: Final = (
    "relative font-mono text-[13px] px-3 py-0.5 -ml-px border border-line text-soft "
    "has-checked:text-ink has-checked:bg-bg has-checked:border-ink has-checked:z-1 "
    "has-focus-visible:outline-2 has-focus-visible:outline-focus outline-offset-2"
)
_STEP: Final = (
    "step relative min-w-0 px-4 py-3 border-line border-t nth-1:border-t-0 nth-[2]:border-t-0 "
    "even:border-l md:border-t-0 md:border-l md:nth-1:border-l-0"
)


def session_summary() -> rx.Component:
    """Return the user, the organization, the tenant, and how long the token still lives."""
    organization = rx.cond(
        SessionState.org_id != "",
        SessionState.org_slug + " · " + SessionState.org_role.replace("org:", ""),
        "Personal account",
    )
    return rx.el.dl(
        _step("You", UserEmail.create(), title=SessionState.user_id),
        _step("Organization", organization, title=SessionState.org_id),
        _step(
            "Tenant", SessionState.tenant_id, title=SessionState.tenant_id, element_id="tenant-id"
        ),
        _step(
            "Token",
            Countdown.create(issued_at=TokenState.issued_at, expires_at=TokenState.expires_at),
        ),
        class_name="grid grid-cols-2 md:grid-cols-[1fr_1fr_1.3fr_0.8fr] border border-line m-0",
    )


def token_panel() -> rx.Component:
    """Return the token, with its three parts in three colours."""
    return panel(
        "Tinybird token",
        rx.el.div(
            OnlineButton.create(
                "Renew", on_press=SessionState.renew_token, class_name=QUIET_BUTTON
            ),
            copy_button(TokenState.value, "Tinybird token"),
            class_name="flex gap-2",
        ),
        rx.el.p(
            rx.el.span(_part(0), class_name="text-bad"),
            ".",
            rx.el.span(_part(1), class_name="text-tone-accent"),
            ".",
            rx.el.span(_part(2), class_name="text-good"),
            id="tinybird-token",
            tab_index=0,
            role="region",
            aria_label="Tinybird token",
            class_name=f"{SOURCE} fading h-30 overflow-y-auto",
        ),
        note="Made for this session; it can read your tenant's rows and nothing else.",
    )


def anonymous_panel() -> rx.Component:
    """Return the key that the guide gives to visitors who are signed out."""
    return panel(
        "Anonymous Tinybird key",
        copy_button(TokenState.value, "anonymous Tinybird key"),
        rx.el.p(TokenState.value, id="anonymous-key", class_name=SOURCE),
        note="Nobody is signed in: this key reads what it was made for, the same for everyone.",
    )


def claims_panel() -> rx.Component:
    """Return the decoded token; the parameters that Tinybird enforces are marked."""
    return panel(
        "Decoded token",
        copy_button(TokenState.claims_json, "decoded token"),
        rx.el.pre(
            rx.foreach(TokenState.claim_lines, _claim_line),
            id="decoded-token",
            tab_index=0,
            role="region",
            aria_label="Decoded token",
            class_name=f"{SOURCE} fading h-[22rem] overflow-y-auto -mx-4 sm:-mx-5",
        ),
        rx.el.p(
            rx.el.span(
                class_name="inline-block size-3 mr-2 bg-green-wash border-l-2 border-green-text",
                aria_hidden="true",
            ),
            "Marked values are fixed: whatever a request says, Tinybird uses these.",
            class_name=f"{NOTE} mt-3",
        ),
        note="What Tinybird will enforce.",
    )


def example_panel() -> rx.Component:
    """Return the request of the playground's form as source in three languages.

    The tabs are radio buttons, so they need no script.
    """
    return panel(
        "Example request",
        rx.el.fieldset(
            rx.el.legend("Language", class_name="sr-only"),
            *(_tab(language) for language in LANGUAGES),
            class_name="flex",
        ),
        *(_source(language) for language in LANGUAGES),
        panel_id=EXAMPLE_ID,
        class_name="group scroll-mt-20 outline-none",
        tab_index=-1,
    )


def _part(index: int) -> str:
    return TokenState.value.split(".")[index]


def _claim_line(line: ClaimLine) -> rx.Component:
    return rx.el.span(
        line.text,
        class_name=rx.cond(line.is_fixed, "claim enforced", "claim"),
        style={"--indent": line.indent},
    )


def _tab(language: str) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="example-language",
            value=language,
            default_checked=language == LANGUAGES[0],
            class_name="sr-only",
        ),
        language,
        class_name=_TAB,
    )


def _source(language: str) -> rx.Component:
    # The browser replaces the placeholders, so that the token is sent to it only once.
    template: rx.vars.StringVar[str] = rx.Var.create(TokenState.examples[language]).to(str)
    source = template.replace(PATH_PLACEHOLDER, PlaygroundState.path)
    return rx.el.div(
        rx.el.pre(
            source.replace(TOKEN_PLACEHOLDER, TokenState.short_value),
            class_name=f"{SOURCE} min-h-44",
        ),
        rx.el.div(
            copy_button(
                source.replace(TOKEN_PLACEHOLDER, TokenState.value),
                f"{language} example with the whole token",
            ),
            class_name="flex mt-2",
        ),
        class_name=_SHOWN[language],
    )


def _step(
    name: str, value: rx.Component | str, *, title: str = "", element_id: str = ""
) -> rx.Component:
    return rx.el.div(
        rx.el.dt(name, class_name="text-soft text-xs"),
        rx.el.dd(
            value,
            class_name="m-0 font-mono text-[13px] wrap-anywhere",
            title=title,
            id=element_id,
        ),
        class_name=_STEP,
    )
