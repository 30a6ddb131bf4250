"""The dashboard: what its address asks for, and the answers of its panels."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import routes, services
from clerk_tinybird_app.dashboard import charts, figures, questions, tables, texts
from clerk_tinybird_app.dashboard.charts import ChartRow
from clerk_tinybird_app.dashboard.figures import Figure
from clerk_tinybird_app.dashboard.period import CUSTOM, LENGTHS, NAMES
from clerk_tinybird_app.dashboard.questions import PANELS, ROUTE_PANELS, Question
from clerk_tinybird_app.dashboard.tables import RecentRow, RouteRow
from clerk_tinybird_app.dashboard.view import (
    FILTERS,
    SORTS,
    STATUS_CLASSES,
    View,
    custom_problem,
    moment,
    read_view,
)
from clerk_tinybird_app.dashboard.zone import zone_named
from clerk_tinybird_app.state.grant import Grant, current_grant, renewed_token, still_holds
from clerk_tinybird_app.state.running_query import StoppedError, run_query
from clerk_tinybird_app.state.tenant_data import holds_tenant_data
from clerk_tinybird_app.tinybird.client import PipeAnswer, TinybirdError

_TOGETHER_SECONDS: Final = 0.15
"""Answers within this time go to the browser as one update."""

_RPS_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Choice:
    """A link to another view.

    Attributes:
        label: What it says.
        href: Where it leads.
        is_current: True when that view is shown.
    """

    label: str
    href: str
    is_current: bool = False


@dataclass(frozen=True)
class Panel:
    """How one panel stands.

    Attributes:
        fetched_at: When its data came, in seconds since the epoch; 0 without data.
        view: The address that its data was asked for with.
        is_empty: True when the answer had no rows.
        code: The last request's error, "" when it went well.
        message: What to do about the error.
    """

    fetched_at: float = 0
    view: str = ""
    is_empty: bool = False
    code: str = ""
    message: str = ""


@holds_tenant_data
class DashboardState(rx.State):
    """One view of one tenant's requests.

    ``finished`` is the number of the last refresh that ended, whichever way.
    """

    finished: int = 0
    problem: str = ""
    custom_problem: str = ""
    subtitle: str = ""
    step: str = ""
    route_name: str = ""
    is_live: bool = True
    has_no_rows: bool = False
    ranges: list[Choice] = []
    chips: list[Choice] = []
    clear_href: str = ""
    overview_href: str = routes.DASHBOARD
    classes: list[Choice] = []
    sorts: list[Choice] = []
    panels: dict[str, Panel] = {name: Panel() for name in PANELS}
    figures: list[Figure] = []
    traffic: list[ChartRow] = []
    traffic_summary: str = ""
    latency: list[ChartRow] = []
    latency_summary: str = ""
    top_routes: list[RouteRow] = []
    recent: list[RecentRow] = []

    _view: View = View()
    _path: str = routes.DASHBOARD
    _zone: str = ""
    _rows: dict[str, list[dict[str, Any]]] = {}

    @rx.event(background=True)
    async def refresh(self, number: int, path: str, search: str, zone: str) -> None:
        """Ask for every panel of an address anew; a refresh under way is stopped.

        Args:
            number: What ``finished`` will say when this one has ended.
            path: The page's path.
            search: The address's query.
            zone: The viewer's IANA time zone.
        """
        async with self:
            grant = await current_grant(self)
            if grant is None:
                return
            self._open(path, search, zone)
            now = services.current().clock()
            asked = questions.questions(self._view, self._panels(), now)
            self._describe(asked)
            view, tab = self._address, f"{self.router.session.client_token}/dashboard"
        try:
            await run_query(tab, self._ask_all(asked, grant, view))
            if self._may_have_no_rows():
                await run_query(tab, self._look_for_any_row(grant))
        except StoppedError:
            return
        async with self:
            if await still_holds(self, grant):
                self.finished = number

    @rx.event
    def choose_custom(self, form: dict[str, Any]) -> Any:
        """Go to the period that the form names, in the viewer's zone."""
        zone = zone_named(self._zone)
        start, end = (_local_moment(form.get(name, ""), zone) for name in ("start", "end"))
        self.custom_problem = custom_problem(start, end)
        if self.custom_problem:
            return None
        view = self._view.changed(range=CUSTOM, start=start, end=end)
        return rx.redirect(view.address(self._path))

    @rx.event(background=True)
    async def download_csv(self, panel: str) -> Any:
        """Ask for one panel's rows again, as CSV."""
        async with self:
            grant = await current_grant(self)
            if grant is None or panel not in PANELS:
                return None
            running = services.current()
            asked = questions.question(self._view, panel, running.clock())
        try:
            answer = await running.tinybird.query(
                asked.pipe, asked.parameters, grant.token, format="csv"
            )
        except TinybirdError as error:
            async with self:
                if await still_holds(self, grant):
                    self._fail(panel, error, self._address)
            return None
        async with self:
            is_theirs = await still_holds(self, grant)
        return rx.download(data=answer.body, filename=f"{asked.pipe}.csv") if is_theirs else None

    @property
    def _address(self) -> str:
        return self._view.address(self._path)

    def _panels(self) -> tuple[str, ...]:
        return ROUTE_PANELS if self._path == routes.ROUTE else PANELS

    def _open(self, path: str, search: str, zone: str) -> None:
        """Show an address; the rows of another view stay until theirs come."""
        self._view, self.problem = read_view(search)
        self._path = path if path == routes.ROUTE else routes.DASHBOARD
        self._zone = zone
        self.custom_problem = ""

    def _describe(self, asked: Sequence[Question]) -> None:
        """Write everything that follows from the address alone."""
        view, path, zone = self._view, self._path, zone_named(self._zone)
        period = view.period(services.current().clock())
        self.step = texts.step_name(period.step)
        self.subtitle = NAMES.get(view.range) or texts.between(period.start, period.end, zone)
        self.is_live = view.is_live
        self.route_name = f"{view.method} {view.route}".strip()
        self.ranges = [
            Choice(_spaced(name), view.changed(range=name).address(path), name == view.range)
            for name in LENGTHS
        ]
        hidden = ("method", "route") if path == routes.ROUTE else ()
        self.chips = [
            Choice(f"{_word(name)} = {value}", view.changed(**{name: ""}).address(path))
            for name, value in view.filters.items()
            if name not in hidden
        ]
        cleared = dict.fromkeys((name for name in FILTERS if name not in hidden), "")
        self.clear_href = view.changed(**cleared).address(path)
        self.overview_href = view.changed(method="", route="").address(routes.DASHBOARD)
        self.classes = [
            Choice(
                name,
                view.changed(status_class="" if name == view.status_class else name).address(path),
                name == view.status_class,
            )
            for name in STATUS_CLASSES
        ]
        self.sorts = [
            Choice(name, view.changed(sort=name).address(path), name == view.sort) for name in SORTS
        ]

    async def _ask_all(self, asked: Sequence[Question], grant: Grant, view: str) -> None:
        """Ask side by side, no more a second than the token may."""
        rps = services.current().settings.tinybird_rps
        async with asyncio.TaskGroup() as group:
            pending = {
                group.create_task(self._ask(question, grant, index // rps * _RPS_SECONDS))
                for index, question in enumerate(asked)
            }
            timeout: float | None = _TOGETHER_SECONDS
            until = asyncio.ALL_COMPLETED
            while pending:
                done, pending = await asyncio.wait(pending, timeout=timeout, return_when=until)
                timeout, until = None, asyncio.FIRST_COMPLETED
                if done:
                    await self._show([task.result() for task in done], grant, view)

    def _may_have_no_rows(self) -> bool:
        """Tell whether nothing speaks against this tenant never having had a row."""
        summary = self._rows.get(questions.FIGURES)
        if self._view.filters or not summary:
            return False
        return not (summary[0]["requests"] or summary[0]["requests_before"])

    async def _look_for_any_row(self, grant: Grant) -> None:
        _, answer = await self._ask(questions.any_row(services.current().clock()), grant, 0)
        async with self:
            if isinstance(answer, PipeAnswer) and await still_holds(self, grant):
                self.has_no_rows = not answer.rows

    async def _ask(
        self, question: Question, grant: Grant, delay: float
    ) -> tuple[str, PipeAnswer | TinybirdError]:
        await asyncio.sleep(delay)
        client = services.current().tinybird

        async def renew() -> str:
            async with self:
                return await renewed_token(self, grant)

        try:
            answer = await client.query(
                question.pipe, question.parameters, grant.token, renew=renew
            )
        except TinybirdError as error:
            return question.panel, error
        return question.panel, answer

    async def _show(
        self, answers: Sequence[tuple[str, PipeAnswer | TinybirdError]], grant: Grant, view: str
    ) -> None:
        async with self:
            if not await still_holds(self, grant) or view != self._address:
                return
            for panel, answer in answers:
                if isinstance(answer, TinybirdError):
                    self._fail(panel, answer, view)
                else:
                    self._take(panel, answer, view)
            self._draw({panel for panel, _ in answers})

    def _take(self, panel: str, answer: PipeAnswer, view: str) -> None:
        self._rows[panel] = answer.rows
        if panel == questions.RECENT and answer.rows:
            self.has_no_rows = False
        now = services.current().clock()
        self.panels[panel] = Panel(fetched_at=now, view=view, is_empty=_is_empty(panel, answer))

    def _fail(self, panel: str, error: TinybirdError, view: str) -> None:
        """Keep the last data of the same view; that of another one would be mislabelled."""
        kept = self.panels[panel]
        if kept.view != view:
            kept = Panel(view=view)
            self._rows.pop(panel, None)
        self.panels[panel] = replace(kept, code=error.code, message=error.message)

    def _draw(self, panels: set[str]) -> None:
        """Turn the rows of the panels that changed into what the page shows."""
        zone, view = zone_named(self._zone), self._view
        now = services.current().clock()
        step = view.period(now).step
        traffic = self._rows.get(questions.TRAFFIC, [])
        latency = self._rows.get(questions.LATENCY, [])
        if panels & {questions.FIGURES, questions.TRAFFIC, questions.LATENCY}:
            summary = self._rows.get(questions.FIGURES)
            self.figures = figures.key_figures(summary[0], traffic, latency) if summary else []
        if questions.TRAFFIC in panels:
            self.traffic = charts.traffic_rows(traffic, step, zone)
            self.traffic_summary = charts.traffic_summary(traffic, step, zone)
        if questions.LATENCY in panels:
            self.latency = charts.latency_rows(latency, step, zone)
            self.latency_summary = charts.latency_summary(latency, step, zone)
        if questions.ROUTES in panels:
            rows = self._rows.get(questions.ROUTES, [])
            self.top_routes = tables.route_rows(
                rows, view, path=routes.DASHBOARD, route_path=routes.ROUTE
            )
        if questions.RECENT in panels:
            rows = self._rows.get(questions.RECENT, [])
            self.recent = tables.recent_rows(rows, view, zone, path=self._path, now=now)


def _is_empty(panel: str, answer: PipeAnswer) -> bool:
    if panel in (questions.TRAFFIC, questions.LATENCY):
        return not any(row["requests"] for row in answer.rows)
    return not answer.rows


def _local_moment(text: object, zone: tzinfo) -> datetime | None:
    """Return what a ``datetime-local`` input of a viewer in ``zone`` means."""
    read = moment(text) if isinstance(text, str) else None
    return read.replace(tzinfo=zone).astimezone(UTC) if read else None


def _spaced(name: str) -> str:
    return f"{name[:-1]} {name[-1]}"


def _word(name: str) -> str:
    return "status" if name == "status_class" else name
