"""The playground: choose a pipe, fill in its parameters, send the request, see the answer."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.look import GREEN_BUTTON, NOTE, QUIET_BUTTON, SOURCE
from clerk_tinybird_app.components.panel import copy_button, panel
from clerk_tinybird_app.components.token_panels import EXAMPLE_ID
from clerk_tinybird_app.components.widgets import OpenFromAddress
from clerk_tinybird_app.state.playground import MAX_SHOWN_ROWS, PIPES, PlaygroundState
from clerk_tinybird_app.tinybird import csv_cells
from clerk_tinybird_app.tinybird.pipe_request import PIPE, Field

_INPUT: Final = "w-full bg-bg text-ink border border-edge font-mono text-[13px] px-2 py-1.5"


def playground_panel() -> rx.Component:
    """Return the panel with the form and, below it, the answer to the last request."""
    return panel(
        "Run it",
        _pipe_choice(),
        OpenFromAddress.create(
            parameter=PIPE, target=EXAMPLE_ID, on_open=PlaygroundState.open_request
        ),
        rx.el.form(
            rx.el.div(
                rx.foreach(PlaygroundState.fields, _input),
                class_name="grid gap-3 sm:grid-cols-3 lg:grid-cols-6",
            ),
            rx.el.div(
                rx.cond(
                    PlaygroundState.is_running,
                    rx.el.button(
                        "Stop",
                        type="button",
                        on_click=PlaygroundState.stop,
                        class_name=f"{QUIET_BUTTON} py-2",
                    ),
                    rx.el.button("Run", type="submit", class_name=GREEN_BUTTON),
                ),
                rx.el.p(
                    rx.cond(PlaygroundState.is_running, "Running…", ""),
                    role="status",
                    class_name=NOTE,
                ),
                class_name="flex items-center gap-3 my-4",
            ),
            on_submit=PlaygroundState.run,
            # With a new key React makes a new form, instead of the old one with other values.
            key=PlaygroundState.form,
            custom_attrs={"data-pipe": PlaygroundState.pipe},
        ),
        rx.el.div(_error(), _answer(), role="region", aria_label="Answer", id="answer"),
        note="With your token, by this app's server; the parameters come from the project's files.",
        panel_id="playground",
    )


def _pipe_choice() -> rx.Component:
    return rx.el.label(
        rx.el.span("Pipe", class_name="sr-only"),
        rx.el.select(
            *(rx.el.option(pipe, value=pipe) for pipe in PIPES),
            value=PlaygroundState.pipe,
            on_change=PlaygroundState.choose,
            id="pipe",
            class_name=_INPUT,
        ),
    )


def _input(field: Field) -> rx.Component:
    prefilled = PlaygroundState.prefilled.get(field.name, "")
    return rx.el.label(
        rx.el.span(
            field.name,
            rx.cond(field.is_required, " *", ""),
            class_name="block font-mono text-[13px]",
        ),
        rx.cond(
            rx.Var.create(field.options).length() > 0,
            rx.el.select(
                rx.el.option("any", value=""),
                rx.foreach(field.options, lambda option: rx.el.option(option, value=option)),
                name=field.name,
                default_value=prefilled,
                class_name=_INPUT,
            ),
            rx.el.input(
                name=field.name,
                default_value=prefilled,
                placeholder=field.placeholder,
                required=field.is_required,
                auto_complete="off",
                class_name=_INPUT,
            ),
        ),
        rx.el.span(field.description, class_name="block text-soft text-xs mt-0.5"),
    )


def _error() -> rx.Component:
    return rx.cond(
        PlaygroundState.error_code != "",
        rx.el.div(
            rx.el.p(
                rx.cond(PlaygroundState.error_status > 0, PlaygroundState.error_status, ""),
                " ",
                PlaygroundState.error_code,
                id="query-error",
                class_name="font-mono text-[13px] text-bad",
            ),
            rx.el.p(PlaygroundState.error_hint),
            rx.el.p(PlaygroundState.error_message, class_name=f"{SOURCE} text-soft"),
            role="alert",
            class_name="border-l-2 border-bad pl-3 grid gap-1",
        ),
    )


def _answer() -> rx.Component:
    return rx.cond(
        PlaygroundState.summary != "",
        rx.el.div(
            rx.el.div(
                rx.el.p(
                    rx.el.b(PlaygroundState.status, class_name="text-good"),
                    " ",
                    PlaygroundState.summary,
                    rx.cond(PlaygroundState.rate_note != "", " · " + PlaygroundState.rate_note, ""),
                    role="status",
                    id="query-summary",
                    class_name="font-mono text-[13px] text-soft grow",
                ),
                copy_button(PlaygroundState.json_text, "rows as JSON"),
                rx.el.button(
                    "CSV",
                    type="button",
                    on_click=PlaygroundState.download_csv,
                    aria_label="Download all rows as CSV",
                    class_name=QUIET_BUTTON,
                ),
                class_name="flex flex-wrap items-center gap-2 mb-2",
            ),
            rx.cond(
                PlaygroundState.is_empty,
                rx.el.p(
                    "No rows. Your tenant has none in this period; try a longer one.",
                    class_name=NOTE,
                ),
                _rows(),
            ),
        ),
    )


def _rows() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.table(
                rx.el.thead(rx.el.tr(rx.foreach(PlaygroundState.columns, _heading))),
                rx.el.tbody(rx.foreach(PlaygroundState.rows, _row)),
                class_name="w-full border-collapse font-mono text-[12.5px] tabular-nums",
            ),
            tab_index=0,
            role="region",
            aria_label="Rows",
            class_name="overflow-auto max-h-96",
        ),
        rx.el.details(
            rx.el.summary("As JSON", class_name=f"{NOTE} mt-3 w-fit"),
            rx.el.pre(PlaygroundState.json_text, class_name=f"{SOURCE} max-h-96 overflow-auto"),
        ),
        rx.el.p(
            f"At most {MAX_SHOWN_ROWS} rows are shown; the CSV has them all. {csv_cells.NOTE}",
            class_name=NOTE,
        ),
    )


def _heading(name: str) -> rx.Component:
    return rx.el.th(
        name, scope="col", class_name="text-left text-soft font-medium p-1.5 border-b border-line"
    )


def _row(cells: list[str]) -> rx.Component:
    return rx.el.tr(
        rx.foreach(
            cells,
            lambda cell: rx.el.td(cell, class_name="p-1.5 border-b border-line whitespace-nowrap"),
        )
    )
