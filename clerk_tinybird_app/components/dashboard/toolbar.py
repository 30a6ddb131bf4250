"""The bar below a dashboard's head: what is filtered by, and the period."""

import reflex as rx

from clerk_tinybird_app.components.dashboard.filters import filters, filters_skeleton
from clerk_tinybird_app.components.dashboard.zone import zone_choice
from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.look import GREEN_BUTTON
from clerk_tinybird_app.components.popover import MENU_ITEM, popover
from clerk_tinybird_app.dashboard.links import Choice
from clerk_tinybird_app.dashboard.times import LENGTHS
from clerk_tinybird_app.state.dashboard import DashboardState


def toolbar(*, compares: bool, fixed: tuple[str, ...] = ()) -> rx.Component:
    """Return the filters on the left, the period on the right.

    Args:
        compares: Whether a chart of the page shows the period before.
        fixed: Filters that make the page what it is.
    """
    comparison = [_comparison()] if compares else []
    period = rx.el.div(_period(compares=compares), *comparison, class_name="row period")
    return _bar(filters(fixed=fixed), period)


def toolbar_skeleton(*, compares: bool) -> rx.Component:
    """Return the bar with grey places for its choices; see ``toolbar``."""
    return _bar(
        filters_skeleton(),
        rx.el.div(
            rx.el.div(class_name="skeleton w-122 max-w-full h-(--control)"),
            *([rx.el.div(class_name="skeleton compare h-(--control)")] if compares else []),
            class_name="row period",
        ),
    )


def _bar(left: rx.Component, period: rx.Component) -> rx.Component:
    return rx.el.div(rx.el.div(left, period, class_name="wrap row"), class_name="toolbar")


def _period(*, compares: bool) -> rx.Component:
    """Return the periods that end now, the way to any other, and the zone that they are in."""
    is_other = ~rx.Var.create(DashboardState.is_live) | (DashboardState.calendar != "")
    face = rx.fragment(
        icon("calendar"),
        rx.el.span(
            "Choose a period, ",
            rx.cond(is_other, "", DashboardState.subtitle + ", "),
            class_name="sr-only",
        ),
        rx.el.span(DashboardState.period, class_name="dates"),
    )
    return rx.el.nav(
        rx.foreach(DashboardState.ranges, _range),
        popover(
            face,
            _periods(compares=compares),
            _custom_period(),
            button_id="period",
            button_class="",
            box_class="pop right periods sheet",
            title=DashboardState.dates + " (T)",
            keys="T",
            is_current=is_other,
        ),
        zone_choice(),
        aria_label="Period",
        class_name="segmented",
    )


def _range(choice: Choice, index: int) -> rx.Component:
    number = (rx.Var.create(index) + 1).to_string()
    return rx.el.a(
        choice.label,
        href=choice.href,
        id="range-" + number,
        aria_current=rx.cond(choice.is_current, "true", "false"),
        aria_keyshortcuts=number,
        title=choice.label + " (" + number + ")",
    )


def _periods(*, compares: bool) -> rx.Component:
    """Return every period by name; on a phone also what it is compared with, in the same sheet."""
    every: rx.vars.ArrayVar[list[Choice]] = rx.Var.create(DashboardState.periods)
    columns = [("To now", every[: len(LENGTHS)]), ("By the calendar", every[len(LENGTHS) :])]
    comparison = [("Compared with", DashboardState.comparisons)] if compares else []
    return rx.el.div(
        *(
            rx.el.div(
                rx.el.div(heading, class_name="group"),
                rx.foreach(choices, _choice),
                role="group",
                aria_label=heading,
                class_name="phone-only" if heading == "Compared with" else "",
            )
            for heading, choices in (*columns, *comparison)
        ),
        class_name="columns",
    )


def _custom_period() -> rx.Component:
    return rx.el.form(
        _moment("start", "From", DashboardState.custom_start),
        _moment("end", "To", DashboardState.custom_end),
        rx.cond(
            DashboardState.custom_problem != "",
            rx.el.p(DashboardState.custom_problem, role="alert", class_name="text-warn text-sm"),
        ),
        rx.el.div(
            rx.el.span(DashboardState.zone_name, ", ", DashboardState.zone, class_name="item-note"),
            rx.el.button("Show", type="submit", class_name=f"{GREEN_BUTTON} s"),
            class_name="row",
        ),
        on_submit=DashboardState.choose_custom,
    )


def _comparison() -> rx.Component:
    """Return the choice of what a period is compared with, which says what it is now."""
    now = rx.foreach(
        DashboardState.comparisons, lambda each: rx.cond(each.is_current, each.label, "")
    )
    face = rx.fragment(
        icon("chart-line"),
        rx.el.span("Compared with: ", class_name="sr-only"),
        rx.el.span(now, class_name="word"),
    )
    return rx.el.div(
        popover(
            face,
            rx.foreach(DashboardState.comparisons, _choice),
            rx.el.p(
                "Key figures are compared with ",
                DashboardState.figures_before,
                ".",
                class_name="item-note",
            ),
            is_menu=True,
            button_id="comparison",
            title="Compared with (C)",
            keys="C",
        ),
        class_name="compare",
    )


def _choice(choice: Choice) -> rx.Component:
    return rx.el.a(
        icon("check"),
        choice.label,
        href=choice.href,
        aria_current=rx.cond(choice.is_current, "true", "false"),
        class_name=MENU_ITEM,
    )


def _moment(name: str, label: str, value: str) -> rx.Component:
    return rx.el.label(
        rx.el.span(label),
        rx.el.input(
            type="datetime-local",
            name=name,
            default_value=value,
            required=True,
            class_name="input",
        ),
        class_name="field",
    )
