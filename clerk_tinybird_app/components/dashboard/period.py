"""The choice of the period, the pause, and the rate of the refreshes."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.live import PauseButton, RateChoice
from clerk_tinybird_app.components.look import GREEN_BUTTON, NOTE
from clerk_tinybird_app.components.popover import popover
from clerk_tinybird_app.dashboard.links import Choice
from clerk_tinybird_app.state.dashboard import DashboardState

_BOX: Final = (
    "border border-line -ml-px px-1.5 sm:px-2.5 h-8 font-mono text-[13px] grid place-items-center"
)
_CURRENT: Final = f"{_BOX} bg-ink text-bg border-ink"
_OTHER: Final = f"{_BOX} text-soft hover:text-ink"
_INPUT: Final = "bg-bg text-ink border border-control font-mono text-[13px] px-2 py-1"


def period_choice(queries: int) -> rx.Component:
    """Return the row of controls.

    Args:
        queries: How many one refresh of the page makes.
    """
    return rx.el.div(
        rx.el.nav(
            rx.foreach(DashboardState.ranges, _range),
            aria_label="Period",
            class_name="flex pl-px",
        ),
        popover(
            "Custom…",
            _custom_period(),
            label="",
            is_current=~rx.Var.create(DashboardState.is_live),
            button_class=rx.cond(DashboardState.is_live, _OTHER, _CURRENT),
            box_class="p-3",
        ),
        PauseButton.create(class_name=f"{_OTHER} w-8 sm:w-10"),
        popover(
            "↻",
            rx.el.div(
                RateChoice.create(label="Refresh every", queries=queries),
                rx.el.p(
                    "While this page is open and visible. Tinybird's free plan answers 1,000 "
                    "queries a day.",
                    class_name=f"{NOTE} mt-2",
                ),
                class_name="w-64 max-w-full",
            ),
            label="Refresh rate",
            button_class=f"{_OTHER} w-8 sm:w-10",
            box_class="p-3",
        ),
        class_name="flex flex-wrap gap-y-1 min-h-8",
    )


def _custom_period() -> rx.Component:
    return rx.el.form(
        _moment("start", "From", DashboardState.custom_start),
        _moment("end", "To", DashboardState.custom_end),
        rx.cond(
            DashboardState.custom_problem != "",
            rx.el.p(DashboardState.custom_problem, role="alert", class_name="text-warn text-sm"),
        ),
        rx.el.button("Show", type="submit", class_name=f"{GREEN_BUTTON} justify-self-start"),
        on_submit=DashboardState.choose_custom,
        class_name="grid grid-cols-1 gap-3 w-60 max-w-full",
    )


def _moment(name: str, label: str, value: str) -> rx.Component:
    return rx.el.label(
        rx.el.span(label, class_name="block text-soft text-xs"),
        rx.el.input(
            type="datetime-local",
            name=name,
            default_value=value,
            required=True,
            class_name=f"{_INPUT} w-full min-w-0",
        ),
        class_name="block min-w-0",
    )


def _range(choice: Choice) -> rx.Component:
    return rx.el.a(
        choice.label,
        href=choice.href,
        aria_current=rx.cond(choice.is_current, "true", "false"),
        class_name=rx.cond(choice.is_current, _CURRENT, _OTHER),
    )
