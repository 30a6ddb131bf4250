"""The example request in three languages; the tabs are radio buttons, so they need no script."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.look import SOURCE
from clerk_tinybird_app.components.panel import copy_button, panel
from clerk_tinybird_app.state.playground import PlaygroundState
from clerk_tinybird_app.state.session import TokenState
from clerk_tinybird_app.tinybird.pipe_request import LANGUAGES, PATH_PLACEHOLDER, TOKEN_PLACEHOLDER

EXAMPLE_ID: Final = "example-request"

# Written out whole, because Tailwind finds class names by reading the compiled page.
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


def example_panel() -> rx.Component:
    """The request that the form below is filled in with, with the token on the page."""
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
    # The placeholders are filled in by the browser, so that the token is sent to it once.
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
