"""The playground: choose a pipe, fill in its parameters, send the request, see the answer."""

from typing import Final

import reflex as rx

from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.look import SQUARE
from clerk_tinybird_app.components.panel import panel
from clerk_tinybird_app.components.source import Source, copy_icon
from clerk_tinybird_app.components.token_panels import EXAMPLE_ID, choice, example
from clerk_tinybird_app.components.widgets import OpenFromAddress
from clerk_tinybird_app.state.playground import MAX_SHOWN_ROWS, PIPES, PlaygroundState
from clerk_tinybird_app.state.session import SessionState
from clerk_tinybird_app.tinybird import csv_cells
from clerk_tinybird_app.tinybird.pipe_request import PIPE, Field

_FORM: Final = "request-form"


def playground_panel() -> rx.Component:
    """Return the panel with the form, its request as source, and the answer to the last one."""
    return panel(
        "Use it",
        _pipe_choice(),
        OpenFromAddress.create(
            parameter=PIPE, target=EXAMPLE_ID, on_open=PlaygroundState.open_request
        ),
        rx.el.form(
            rx.foreach(
                PlaygroundState.fields, lambda each: rx.cond(each.is_of_several, None, _input(each))
            ),
            rx.cond(PlaygroundState.is_of_several, _several()),
            on_submit=PlaygroundState.run,
            # With a new key React makes a new form, instead of the old one with other values.
            key=PlaygroundState.form,
            id=_FORM,
            custom_attrs={"data-pipe": PlaygroundState.pipe},
            class_name="form",
        ),
        example(),
        rx.el.div(
            rx.el.div(_run_button(), _status(), class_name="answer"),
            rx.el.div(_error(), _answer(), role="region", aria_label="Answer", id="answer"),
            class_name="answered",
        ),
        note="runs on this app's server, with your token",
        panel_id="playground",
        class_name="flush",
    )


def _several() -> rx.Component:
    """Return the inputs for several values of a parameter, which would be most of the form."""
    return rx.el.details(
        rx.el.summary("Several values of one, or all but some"),
        rx.el.div(
            rx.foreach(
                PlaygroundState.fields, lambda each: rx.cond(each.is_of_several, _input(each))
            ),
            class_name="form",
        ),
        open=PlaygroundState.opens_several,
        class_name="several",
    )


def _pipe_choice() -> rx.Component:
    return rx.el.label(
        rx.el.span("Pipe", class_name="sr-only"),
        rx.el.select(
            *(rx.el.option(pipe, value=pipe) for pipe in PIPES),
            value=PlaygroundState.pipe,
            on_change=PlaygroundState.choose,
            id="pipe",
            class_name="input",
        ),
    )


def _input(field: Field) -> rx.Component:
    prefilled = rx.Var.create(PlaygroundState.prefilled.get(field.name, "")).to(str)
    return rx.el.label(
        rx.el.span(field.name, rx.cond(field.is_required, " *", "")),
        rx.cond(
            rx.Var.create(field.options).length() > 0,
            rx.el.select(
                rx.el.option("any", value=""),
                rx.foreach(field.options, lambda option: rx.el.option(option, value=option)),
                name=field.name,
                default_value=prefilled,
                class_name="input",
            ),
            rx.el.input(
                type=field.input,
                step="any",
                name=field.name,
                default_value=rx.cond(
                    field.input == "datetime-local", prefilled.replace(" ", "T"), prefilled
                ),
                placeholder=field.placeholder,
                required=field.is_required,
                auto_complete="off",
                class_name="input",
            ),
        ),
        rx.el.small(field.description, title=field.description),
        class_name=f"field {field.input}",
    )


def _run_button() -> rx.Component:
    return rx.cond(
        PlaygroundState.is_running,
        rx.el.button(
            icon("square"),
            "Stop",
            type="button",
            on_click=PlaygroundState.stop,
            class_name="button stop",
        ),
        rx.el.button(
            icon("play", class_name="filled"),
            "Run",
            type="submit",
            form=_FORM,
            class_name="primary",
        ),
    )


def _status() -> rx.Component:
    """Return what came of the last request, in one line, and what can be done with its rows."""
    return rx.fragment(
        rx.el.p(rx.cond(PlaygroundState.is_running, "Running…", ""), role="status"),
        rx.cond(
            PlaygroundState.summary != "",
            rx.fragment(
                rx.el.p(
                    rx.el.b(PlaygroundState.status, " OK", class_name="badge calm"),
                    " ",
                    PlaygroundState.summary,
                    rx.cond(PlaygroundState.rate_note != "", " · " + PlaygroundState.rate_note, ""),
                    role="status",
                    id="query-summary",
                ),
                rx.el.div(
                    choice("answer-view", "Show the answer as", ("Table", "JSON")),
                    copy_icon(PlaygroundState.json_text, "rows as JSON"),
                    rx.el.button(
                        icon("download"),
                        type="button",
                        on_click=PlaygroundState.download_csv,
                        aria_label="Download all rows as CSV",
                        title="Download all rows as CSV",
                        class_name=SQUARE,
                    ),
                    class_name="row ml-auto",
                ),
            ),
        ),
    )


def _error() -> rx.Component:
    return rx.cond(
        PlaygroundState.error_code != "",
        rx.el.div(
            icon("triangle-alert"),
            rx.el.div(
                rx.el.p(
                    rx.cond(PlaygroundState.error_status > 0, PlaygroundState.error_status, ""),
                    " ",
                    PlaygroundState.error_code,
                    id="query-error",
                    class_name="title-3",
                ),
                rx.el.p(PlaygroundState.error_hint),
                rx.el.p(PlaygroundState.error_message, class_name="told"),
            ),
            role="alert",
            class_name="verdict bad",
        ),
    )


def _answer() -> rx.Component:
    return rx.cond(
        PlaygroundState.summary != "",
        rx.cond(
            PlaygroundState.is_empty,
            rx.el.p(
                "No rows. Your tenant has none in this period; try a longer one.",
                class_name="none-yet",
            ),
            _rows(),
        ),
        rx.cond(
            PlaygroundState.error_code != "",
            rx.fragment(),
            rx.el.p("Run it, and the answer is here.", class_name="none-yet"),
        ),
    )


def _rows() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            rx.el.table(
                rx.el.thead(rx.el.tr(rx.foreach(PlaygroundState.columns, _heading))),
                rx.el.tbody(rx.foreach(PlaygroundState.rows, _row)),
            ),
            tab_index=0,
            role="region",
            aria_label="Rows",
            class_name="as-table",
        ),
        rx.el.pre(
            Source.create(text=PlaygroundState.json_text),
            tab_index=0,
            role="region",
            aria_label="Rows as JSON",
            class_name="as-json code",
        ),
        rx.el.p(
            f"At most {MAX_SHOWN_ROWS} rows are shown; the CSV has them all. {csv_cells.NOTE}",
            class_name="panel-foot",
        ),
    )


def _heading(name: str) -> rx.Component:
    return rx.el.th(name, scope="col")


def _row(cells: list[str]) -> rx.Component:
    return rx.el.tr(rx.foreach(cells, _cell))


def _cell(text: str) -> rx.Component:
    return rx.el.td(
        rx.cond(text == SessionState.tenant_id, rx.el.span(text, class_name="same"), text)
    )
