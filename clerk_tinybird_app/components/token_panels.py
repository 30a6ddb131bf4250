"""The guide's three panels: the token, its claims, and a request that uses it."""

import reflex as rx

from clerk_tinybird_app.components.look import HEADING, NOTE, PANEL, QUIET_BUTTON, SOURCE
from clerk_tinybird_app.components.widgets import CopyButton
from clerk_tinybird_app.state.session import SessionState
from clerk_tinybird_app.state.token import TokenState
from clerk_tinybird_app.tinybird.claim_lines import ClaimLine
from clerk_tinybird_app.tinybird.example import LANGUAGES, TOKEN_PLACEHOLDER


def token_panel() -> rx.Component:
    """The token, its three parts in three colours."""
    return _panel(
        "Tinybird token",
        "Made for this session; it can read your tenant's rows and nothing else.",
        rx.el.div(
            rx.el.button(
                "Renew",
                type="button",
                on_click=SessionState.renew_token,
                class_name=QUIET_BUTTON,
            ),
            _copy(TokenState.value, "Tinybird token"),
            class_name="flex gap-2",
        ),
        rx.el.p(
            rx.el.span(_part(0), class_name="text-bad"),
            ".",
            rx.el.span(_part(1), class_name="text-violet"),
            ".",
            rx.el.span(_part(2), class_name="text-ok"),
            id="tinybird-token",
            tab_index=0,
            aria_label="Tinybird token",
            role="region",
            class_name=f"{SOURCE} h-30 overflow-y-auto",
        ),
    )


def anonymous_panel() -> rx.Component:
    """The key for signed-out visitors, as the guide hands it out."""
    return _panel(
        "Anonymous Tinybird key",
        "Nobody is signed in: this key reads what it was made for, the same for everyone.",
        _copy(TokenState.value, "anonymous Tinybird key"),
        rx.el.p(TokenState.value, class_name=SOURCE),
    )


def claims_panel() -> rx.Component:
    """The decoded token, with what Tinybird enforces marked."""
    return _panel(
        "Decoded token",
        "What Tinybird will enforce.",
        _copy(TokenState.claims_json, "decoded token"),
        rx.el.pre(
            rx.foreach(TokenState.claim_lines, _claim_line),
            id="decoded-token",
            tab_index=0,
            aria_label="Decoded token",
            role="region",
            class_name=f"{SOURCE} max-h-[30rem] min-h-80 overflow-y-auto -mx-4 sm:-mx-5",
        ),
        rx.el.p(
            rx.el.span(
                class_name="inline-block size-3 mr-2 bg-mark border-l-2 border-accent-ink",
                aria_hidden="true",
            ),
            "Marked values are fixed: whatever a request says, Tinybird uses these.",
            class_name=f"{NOTE} mt-3",
        ),
    )


def example_panel() -> rx.Component:
    """The same request in three languages; the tabs are radio buttons, so they need no script."""
    return rx.el.section(
        rx.el.fieldset(
            rx.el.legend("Language", class_name="sr-only"),
            rx.el.div(
                rx.el.h2("Example request", class_name=HEADING),
                rx.el.div(
                    *(_tab(language, is_first=language == LANGUAGES[0]) for language in LANGUAGES),
                    class_name="ml-auto flex",
                ),
                class_name="flex flex-wrap items-center gap-3 mb-3 min-h-8",
            ),
            *(_source(language) for language in LANGUAGES),
            class_name="group min-w-0",
        ),
        id="example-request",
        class_name=PANEL,
    )


def _panel(
    heading: str, note: str, action: rx.Component, *content: rx.Component
) -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h2(heading, class_name=HEADING),
            rx.el.p(note, class_name=f"{NOTE} basis-40 grow"),
            action,
            class_name="flex flex-wrap items-baseline gap-x-3 gap-y-1 mb-3",
        ),
        *content,
        class_name=PANEL,
    )


def _copy(text: rx.Var[str], label: str) -> rx.Component:
    return CopyButton.create(text=text, label=label, class_name=QUIET_BUTTON)


def _part(index: int) -> rx.Var[str]:
    return TokenState.value.split(".")[index]


def _claim_line(line: rx.Var[ClaimLine]) -> rx.Component:
    return rx.el.span(
        line.text,
        class_name=rx.cond(
            line.is_fixed,
            "block px-4 sm:px-5 bg-mark border-l-2 border-accent-ink",
            "block px-4 sm:px-5 border-l-2 border-transparent",
        ),
    )


def _tab(language: str, *, is_first: bool) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="example-language",
            value=language,
            default_checked=is_first,
            class_name="sr-only",
        ),
        language,
        class_name=(
            "font-mono text-[13px] px-3 py-0.5 border border-line -ml-px text-soft "
            "has-checked:text-ink has-checked:bg-bg has-checked:border-ink has-checked:z-1 relative "
            "has-focus-visible:outline-2 has-focus-visible:outline-focus outline-offset-2"
        ),
    )


def _source(language: str) -> rx.Component:
    # Written out for Tailwind, which finds class names by reading the page's source.
    shown = {
        "fetch": "hidden group-has-[[value=fetch]:checked]:block",
        "curl": "hidden group-has-[[value=curl]:checked]:block",
        "Python": "hidden group-has-[[value=Python]:checked]:block",
    }
    source = TokenState.examples[language]
    return rx.el.div(
        rx.el.pre(
            source.replace(TOKEN_PLACEHOLDER, TokenState.short_value), class_name=f"{SOURCE} min-h-48"
        ),
        rx.el.div(
            CopyButton.create(
                text=source.replace(TOKEN_PLACEHOLDER, TokenState.value),
                label=f"{language} example with the whole token",
                class_name=QUIET_BUTTON,
            ),
            rx.el.p("Copies with the whole token.", class_name=NOTE),
            class_name="flex items-center gap-3 mt-2",
        ),
        class_name=shown[language],
    )
