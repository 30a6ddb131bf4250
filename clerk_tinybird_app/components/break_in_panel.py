"""Three buttons that try to read another tenant's rows."""

from typing import Final

import reflex as rx

from clerk_tinybird_app import products
from clerk_tinybird_app.clerk.components import OnlineButton
from clerk_tinybird_app.components.look import NOTE
from clerk_tinybird_app.components.panel import panel
from clerk_tinybird_app.state.break_in import (
    BY_ALTERED_TOKEN,
    BY_EXPIRED_TOKEN,
    BY_PARAMETER,
    BreakInState,
)

_PARAMETER: Final = products.current().policy.tenant.parameter
_ATTEMPTS: Final = (
    (BY_PARAMETER, "Ask for another tenant", f"?{_PARAMETER}=… in the address"),
    (BY_ALTERED_TOKEN, "Alter the token", f"{_PARAMETER} changed, signature kept"),
    (BY_EXPIRED_TOKEN, "Use an expired token", "genuine, ended five minutes ago"),
)


def break_in_panel() -> rx.Component:
    """Return the panel. Each attempt is a real request, and the verdict says what was answered."""
    return panel(
        "Try to break in",
        rx.fragment(),
        rx.el.div(
            *(_attempt(*attempt) for attempt in _ATTEMPTS), class_name="grid gap-4 md:grid-cols-3"
        ),
        note="Each of these asks for somebody else's rows. See why it fails.",
        panel_id="break-in",
    )


def _attempt(kind: str, name: str, how: str) -> rx.Component:
    verdict = BreakInState.verdicts[kind]
    return rx.el.div(
        OnlineButton.create(
            rx.el.b(name, class_name="block"),
            rx.el.span(how, class_name=NOTE),
            on_press=BreakInState.attempt(kind),  # type: ignore
            class_name="w-full text-left bg-bg border border-line hover:border-ink px-4 py-3",
        ),
        rx.el.div(
            rx.cond(
                verdict,
                rx.el.div(
                    rx.el.p(
                        rx.cond(verdict.is_safe, "✓ ", "! "),
                        verdict.outcome,
                        class_name=rx.cond(
                            verdict.is_safe,
                            "font-mono text-[13px] text-good",
                            "font-mono text-[13px] text-bad",
                        ),
                    ),
                    rx.el.p(verdict.why, class_name=NOTE),
                ),
            ),
            role="status",
            class_name="min-h-16 pt-2",
        ),
        id=f"attempt-{kind}",
    )
