"""The request that the page really sends: a pipe, its parameters, and the answer."""

import json
import uuid
from collections.abc import AsyncIterator, Collection
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import products, services
from clerk_tinybird_app.state.grant import (
    UNCONFIRMED,
    AskingState,
    answering,
    ask,
    ask_csv,
    asking,
    end_turn,
)
from clerk_tinybird_app.state.queries import StoppedError, run_query, stop_query
from clerk_tinybird_app.state.session import holds_tenant_data
from clerk_tinybird_app.tinybird.client import PipeAnswer, TinybirdError
from clerk_tinybird_app.tinybird.pipe_request import Field, PipeRequest

PIPES: Final = products.current().policy.pipes
"""What any session of the product may read."""

MAX_SHOWN_ROWS: Final = 100
"""Rows that are sent to the browser; the CSV has them all."""


@holds_tenant_data
class PlaygroundState(AskingState, rx.State):
    """A form for one pipe and the answer to its last request.

    ``path`` is the API's path of the request, ``prefilled`` what the form was opened with and
    ``form`` another text whenever it is another form; ``status`` is the answer's HTTP status and
    ``error_status`` that of a refusal, 0 when none came.
    """

    pipe: str = PIPES[0]
    path: str = PipeRequest(PIPES[0]).path
    prefilled: dict[str, str] = {}
    form: str = ""
    is_running: bool = False
    status: int = 0
    summary: str = ""
    rate_note: str = ""
    columns: list[str] = []
    rows: list[list[str]] = []
    json_text: str = ""
    is_empty: bool = False
    error_status: int = 0
    error_code: str = ""
    error_message: str = ""
    error_hint: str = ""

    _form: dict[str, str] = {}

    @rx.var
    def fields(self) -> list[Field]:
        """The chosen pipe's inputs."""
        return services.pipe_fields().get(self.pipe, [])

    @rx.var
    def is_of_several(self) -> bool:
        """Whether the pipe takes several values of a parameter."""
        return any(field.is_of_several for field in self.fields)

    @rx.var
    def opens_several(self) -> bool:
        """Whether the form was opened with several values of a parameter."""
        return any(field.is_of_several and field.name in self.prefilled for field in self.fields)

    @rx.event
    def choose(self, pipe: str) -> None:
        """Choose a pipe; the answer of another one goes."""
        self._start(PipeRequest(pipe if pipe in PIPES else PIPES[0]))

    @rx.event
    def open_request(self, search: str) -> None:
        """Fill in the form with the request that an address says; without one, leave it alone.

        Args:
            search: The address's query.
        """
        # A project that cannot be read leaves forms without inputs, but its pipes are there.
        allowed: dict[str, list[str]] = {pipe: [] for pipe in PIPES}
        for pipe, fields in services.pipe_fields().items():
            allowed[pipe] = [field.name for field in fields]
        if request := PipeRequest.read(search, allowed):
            self._start(request)

    @rx.event(background=True)
    async def run(self, form: dict[str, Any]) -> None:
        """Query the chosen pipe with the token on the page.

        Args:
            form: Parameter name -> value; empty values are left out.
        """
        async with asking(self) as grant:
            if grant is None:
                self._fail(UNCONFIRMED.code, UNCONFIRMED.message)
                return
            turn, pipe = self._take_turn(), self.pipe
            parameters = {
                field.name: field.sent(str(form[field.name]))
                for field in self.fields
                if str(form.get(field.name, "")).strip()
            }
            self._clear_answer()
            self._form, self.is_running = parameters, True
            self.path = PipeRequest(pipe, parameters).path
            tab = self.router.session.client_token
        try:
            answer = await run_query(tab, ask(self, grant, pipe, parameters))
            async with answering(self, grant, turn):
                if isinstance(answer, TinybirdError):
                    self._take_error(answer)
                else:
                    self._take(answer)
        except StoppedError:
            return
        finally:
            await end_turn(self, turn, is_running=False)

    @rx.event
    def stop(self) -> None:
        """Stop the request under way."""
        stop_query(self.router.session.client_token)
        self._turn, self.is_running = "", False

    @rx.event(background=True)
    async def download_csv(self) -> AsyncIterator[Any]:
        """Query again with the same parameters for all rows as CSV; the answer shown stays."""
        async with asking(self) as grant:
            if grant is None:
                self._fail(UNCONFIRMED.code, UNCONFIRMED.message)
                return
            turn, pipe, parameters = self._take_turn(), self.pipe, self._form
            tab = self.router.session.client_token
            self._fail()
            self.is_running = True
        try:
            rows = await run_query(tab, ask_csv(self, grant, pipe, parameters))
            async with answering(self, grant, turn):
                if isinstance(rows, TinybirdError):
                    self._take_error(rows)
                else:
                    yield rx.download(data=rows, filename=f"{pipe}.csv")
        except StoppedError:
            return
        finally:
            await end_turn(self, turn, is_running=False)

    def _let_go(self, pipes: Collection[str], allowed: Collection[str]) -> None:
        """Take away the answer if it is of one of these pipes; the form stays."""
        if self.pipe in pipes:
            self._clear_answer()

    def _start(self, request: PipeRequest) -> None:
        """Show a form for ``request``, without an answer."""
        stop_query(self.router.session.client_token)
        form = uuid.uuid4().hex
        self.reset()
        self.pipe, self.path, self.form = request.pipe, request.path, form
        self.prefilled = dict(request.parameters)

    def _take(self, answer: PipeAnswer) -> None:
        self.status = answer.status
        self.summary = (
            f"{answer.duration_ms:.1f} ms · {_counted(answer.row_count, 'row')} "
            f"of {answer.rows_read:,} read"
        )
        if answer.rate:
            self.rate_note = (
                f"{answer.rate.remaining} of {answer.rate.limit} requests left this second"
            )
        shown = answer.rows[:MAX_SHOWN_ROWS]
        self.columns = [name for name, _type in answer.columns]
        self.rows = [[_cell(row.get(name)) for name in self.columns] for row in shown]
        self.json_text = json.dumps(shown, indent=2, ensure_ascii=False)
        self.is_empty = not answer.row_count

    def _take_error(self, error: TinybirdError) -> None:
        self._fail(error.code, error.message, error.detail, error.status or 0)

    def _fail(self, code: str = "", hint: str = "", message: str = "", status: int = 0) -> None:
        """Say what went wrong, nothing without arguments; an answer that is shown stays."""
        self.error_code, self.error_hint = code, hint
        self.error_message, self.error_status = message, status

    def _clear_answer(self) -> None:
        kept = ("pipe", "path", "prefilled", "form", "_form", "_turn")
        values = {name: getattr(self, name) for name in kept}
        self.reset()
        for name, value in values.items():
            setattr(self, name, value)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _cell(value: object) -> str:
    return "null" if value is None else str(value)
