"""The view of a tenant without any row: what it will show; for developers, how to send rows."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import products, services
from clerk_tinybird_app.components.look import GREEN_BUTTON, HEADING, NOTE
from clerk_tinybird_app.components.panel import copy_button
from clerk_tinybird_app.components.source import Source
from clerk_tinybird_app.state.sample_traffic import SampleTrafficState
from clerk_tinybird_app.state.session import SessionState

_PRODUCT: Final = products.current()
TENANT: Final = "{tenant}"
"""The placeholder of the tenant's id in a command; the browser replaces it."""

_MOMENT: Final = re.compile(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"')
_NOW: Final = '"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'
_SHELL_SIGN: Final = re.compile(r"[\\$`]")
"""What means something to the shell in lines that it may put a value into."""


def empty_tenant() -> rx.Component:
    """Return the panel that is shown in place of the dashboard."""
    words = _PRODUCT.words
    shows_tools = services.current().settings.shows_token_page
    said = (rx.el.h2(words.empty_title, class_name=HEADING), rx.el.p(words.empty_text))
    if not shows_tools:
        return rx.el.section(*said, id="no-rows", class_name="panel padded gap-2")
    column, command = _PRODUCT.policy.tenant.column, _first_event()
    return rx.el.section(
        rx.el.div(
            *said,
            rx.el.div(
                _sample_traffic(),
                copy_button(command, "example event"),
                class_name="flex flex-wrap items-center gap-3 py-2",
            ),
            _sample_problem(),
            rx.el.p(
                rx.el.span(class_name="dot live", aria_hidden="true"),
                "Waiting for the first event",
                class_name="status",
            ),
            class_name="grid gap-2 content-start",
        ),
        rx.el.div(
            rx.el.p(
                "Your backend sends events with the workspace's append token, never the browser; "
                f"{column} says whose they are:",
                class_name=f"{NOTE} mb-3",
            ),
            rx.el.pre(
                Source.create(text=command),
                tab_index=0,
                role="region",
                aria_label="Example event",
                class_name="code command",
            ),
        ),
        id="no-rows",
        class_name="panel begin",
    )


def event_command(event: Mapping[str, Any], source: str, column: str) -> str:
    """Return the shell command that sends an event for ``TENANT``.

    Args:
        event: Column -> value; a time in UTC is replaced by the time when the command is run.
        source: The data source that gets the event.
        column: The column with the tenant's id.
    """
    written = _SHELL_SIGN.sub(r"\\\g<0>", json.dumps({**event, column: TENANT}, indent=2))
    # An event is one line to Tinybird: curl leaves out the line ends of what it reads.
    return (
        f'curl "$TINYBIRD_API_URL/v0/events?name={source}" \\\n'
        '  -H "Authorization: Bearer $TINYBIRD_APPEND_TOKEN" \\\n'
        f"  -d @- <<END\n{_MOMENT.sub(_NOW, written)}\nEND"
    )


def _first_event() -> str:
    words, column = _PRODUCT.words, _PRODUCT.policy.tenant.column
    before, after = event_command(words.event, words.event_source, column).split(TENANT)
    return before + SessionState.tenant_id + after


def _sample_traffic() -> rx.Component:
    """Return the button that adds sample rows to the embedded Tinybird."""
    if not services.current().has_sample_traffic:
        return rx.fragment()
    return rx.fragment(
        rx.el.button(
            rx.cond(SampleTrafficState.is_adding, "Adding sample data…", "Add sample data"),
            type="button",
            on_click=SampleTrafficState.add,
            aria_disabled=SampleTrafficState.is_adding,
            title="Two months of made-up rows for this tenant, and new ones while the app runs.",
            class_name=f"{GREEN_BUTTON} s",
        ),
        rx.el.p(
            rx.cond(SampleTrafficState.is_adding, "Adding sample data.", ""),
            role="status",
            class_name="sr-only",
        ),
    )


def _sample_problem() -> rx.Component:
    return rx.cond(
        SampleTrafficState.problem != "",
        rx.el.p(SampleTrafficState.problem, role="alert", class_name="text-bad text-sm"),
    )
