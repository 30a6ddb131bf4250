"""Three buttons that try to read another tenant's rows."""

from typing import Final

import reflex as rx

from clerk_tinybird_app import products
from clerk_tinybird_app.clerk.components import OnlineButton
from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.panel import panel
from clerk_tinybird_app.components.source import Source
from clerk_tinybird_app.state.break_in import (
    BY_ALTERED_TOKEN,
    BY_EXPIRED_TOKEN,
    BY_PARAMETER,
    BreakInState,
    Verdict,
)
from clerk_tinybird_app.tinybird.break_in import EXPIRED_AGO_SECONDS

_PARAMETER: Final = products.current().policy.tenant.parameter
_ANOTHER: Final = "another tenant's id"
_ATTEMPTS: Final = (
    (
        BY_PARAMETER,
        "Ask for another tenant",
        "The id of another tenant, in the address.",
        f'GET /v0/pipes/….json\n  ?{_PARAMETER}="{_ANOTHER}"',
    ),
    (
        BY_ALTERED_TOKEN,
        "Alter the token",
        f"Another {_PARAMETER} inside, the signature kept.",
        f'{{ "{_PARAMETER}": "{_ANOTHER}" }}\nsignature as before',
    ),
    (
        BY_EXPIRED_TOKEN,
        "Use an expired token",
        "Genuine, ended five minutes ago.",
        f'{{ "exp": now - {EXPIRED_AGO_SECONDS} }}\nsignature genuine',
    ),
)


def break_in_panel() -> rx.Component:
    """Return the panel. Each attempt is a real request, and the verdict says what was answered."""
    return panel(
        "Try to break in",
        rx.fragment(),
        *(_attempt(*attempt) for attempt in _ATTEMPTS),
        note="three ways to ask for somebody else's rows",
        panel_id="break-in",
        class_name="flush tries",
    )


def _attempt(kind: str, name: str, how: str, source: str) -> rx.Component:
    verdict = BreakInState.verdicts[kind]
    return rx.el.div(
        rx.el.div(
            rx.el.div(rx.el.h3(name, class_name="title-2"), rx.el.p(how)),
            OnlineButton.create(
                icon("play", class_name="filled"),
                rx.cond(verdict, "Again", "Try it"),
                rx.el.span(f": {name}", class_name="sr-only"),
                on_press=BreakInState.attempt(kind),  # type: ignore
                class_name="button",
            ),
            class_name="row",
        ),
        rx.el.pre(Source.create(text=source), class_name="code request"),
        rx.el.div(
            rx.cond(
                verdict,
                rx.cond(verdict.is_safe, _told(verdict, "good"), _told(verdict, "bad")),
                rx.el.p(icon("shield"), "Not tried yet.", class_name="verdict none"),
            ),
            role="status",
        ),
        id=f"attempt-{kind}",
        class_name="try",
    )


def _told(verdict: Verdict, look: str) -> rx.Component:
    return rx.el.p(
        icon("shield-check" if look == "good" else "shield-alert"),
        rx.el.span(rx.el.b(verdict.outcome, "."), " ", verdict.why),
        class_name=f"verdict {look}",
    )
