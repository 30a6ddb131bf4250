"""The dashboard: what its address asks for, and the answers of its panels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import routes, services
from clerk_tinybird_app.dashboard import charts, figures, links, questions, tables, texts
from clerk_tinybird_app.dashboard.charts import ChartRow
from clerk_tinybird_app.dashboard.figures import Figure
from clerk_tinybird_app.dashboard.links import Choice
from clerk_tinybird_app.dashboard.period import CUSTOM, NAMES
from clerk_tinybird_app.dashboard.questions import PANELS, ROUTE_PANELS, Question
from clerk_tinybird_app.dashboard.tables import RecentRow, RouteRow
from clerk_tinybird_app.dashboard.view import View, custom_problem, moment, read_view
from clerk_tinybird_app.dashboard.zone import zone_named
from clerk_tinybird_app.state.grant import Grant, current_grant, renewed_token, still_holds
from clerk_tinybird_app.state.running_query import StoppedError, run_query
from clerk_tinybird_app.state.side_by_side import ask_side_by_side
from clerk_tinybird_app.state.tenant_data import holds_tenant_data
from clerk_tinybird_app.tinybird.client import PipeAnswer, TinybirdError
from clerk_tinybird_app.tinybird.pipe_request import PipeRequest

_Answered = tuple[Question, PipeAnswer | TinybirdError]

_NO_VIEW: Final = View(range=CUSTOM)
"""Stands for the address until the browser has said it: no period of the choice is marked."""


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

    ``finished`` is the number of the last refresh that ended, whichever way; ``stale_since`` the
    time of the oldest data that could not be refreshed, in seconds since the epoch, 0 without any.
    """

    finished: int = 0
    problem: str = ""
    custom_problem: str = ""
    custom_start: str = ""
    custom_end: str = ""
    subtitle: str = ""
    step: str = ""
    route_name: str = ""
    is_live: bool = True
    has_no_rows: bool = False
    ranges: list[Choice] = links.ranges(_NO_VIEW, routes.DASHBOARD)
    chips: list[Choice] = []
    clear_href: str = ""
    overview_href: str = routes.DASHBOARD
    classes: list[Choice] = links.status_classes(_NO_VIEW, routes.DASHBOARD)
    sorts: list[Choice] = links.sorts(_NO_VIEW, routes.DASHBOARD)
    panels: dict[str, Panel] = {name: Panel() for name in PANELS}
    stale_since: float = 0
    stale_reason: str = ""
    figures: list[Figure] = []
    traffic: list[ChartRow] = []
    traffic_summary: str = ""
    latency: list[ChartRow] = []
    latency_summary: str = ""
    top_routes: list[RouteRow] = []
    recent: list[RecentRow] = []

    _opened: tuple[str, str, str] | None = None
    _view: View = View()
    _path: str = routes.DASHBOARD
    _zone: str = ""
    # Tuples, because Reflex wraps a list's every element that is looked at.
    _rows: dict[str, tuple[dict[str, Any], ...]] = {}
    _asked: dict[str, Question] = {}

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
            now = services.current().clock()
            self._open(path, search, zone, now)
            asked = questions.questions(self._view, self._panels(), now)
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

    @rx.event
    def view_request(self, panel: str) -> Any:
        """Go to the page that shows and runs the request of one panel."""
        asked = self._question(panel)
        if asked is None:
            return None
        return rx.redirect(PipeRequest(asked.pipe, asked.parameters).address(routes.HOME))

    @rx.event(background=True)
    async def download_csv(self, panel: str) -> Any:
        """Ask for one panel's rows again, as CSV."""
        async with self:
            grant = await current_grant(self)
            asked = self._question(panel)
            if grant is None or asked is None:
                return None
        try:
            answer = await services.current().tinybird.query(
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

    def _question(self, panel: str) -> Question | None:
        """Return what the rows on a panel were asked for with; None for a panel without any."""
        return self._asked.get(panel)

    def _open(self, path: str, search: str, zone: str, now: float) -> None:
        """Show an address; the rows of another view stay until theirs come."""
        if (path, search, zone) == self._opened:
            # What follows from the address has been sent.
            return
        self._opened = (path, search, zone)
        self._view, self.problem = read_view(search)
        self._path = path if path == routes.ROUTE else routes.DASHBOARD
        self._zone, self.custom_problem = zone, ""
        self._describe(now)

    def _describe(self, now: float) -> None:
        """Write everything that follows from the address alone."""
        view, path, zone = self._view, self._path, zone_named(self._zone)
        period = view.period(now)
        self.step = texts.step_name(period.step)
        self.subtitle = NAMES.get(view.range) or texts.between(period.start, period.end, zone)
        self.custom_start, self.custom_end = (
            f"{at.astimezone(zone):%Y-%m-%dT%H:%M}" for at in (period.start, period.end)
        )
        self.is_live = view.is_live
        self.route_name = f"{view.method} {view.route}".strip()
        fixed = ("method", "route") if path == routes.ROUTE else ()
        self.ranges = links.ranges(view, path)
        self.chips = links.chips(view, path, fixed=fixed)
        self.clear_href = links.without_filters(view, path, fixed=fixed)
        self.overview_href = view.changed(method="", route="").address(routes.DASHBOARD)
        self.classes = links.status_classes(view, path)
        self.sorts = links.sorts(view, path)

    async def _ask_all(self, asked: Sequence[Question], grant: Grant, view: str) -> None:
        async def show(answers: list[_Answered]) -> None:
            await self._show(answers, grant, view)

        await ask_side_by_side(
            [partial(self._ask, question, grant) for question in asked],
            show,
            per_second=services.current().settings.tinybird_rps,
        )

    def _may_have_no_rows(self) -> bool:
        """Tell whether nothing speaks against this tenant never having had a row."""
        summary = self._rows.get(questions.FIGURES)
        if self._view.filters or not summary:
            return False
        return not (summary[0]["requests"] or summary[0]["requests_before"])

    async def _look_for_any_row(self, grant: Grant) -> None:
        _, answer = await self._ask(questions.any_row(services.current().clock()), grant)
        async with self:
            if isinstance(answer, PipeAnswer) and await still_holds(self, grant):
                self.has_no_rows = not answer.rows

    async def _ask(self, question: Question, grant: Grant) -> _Answered:
        async def renew() -> str:
            async with self:
                return await renewed_token(self, grant)

        try:
            answer = await services.current().tinybird.query(
                question.pipe, question.parameters, grant.token, renew=renew
            )
        except TinybirdError as error:
            return question, error
        return question, answer

    async def _show(self, answers: Sequence[_Answered], grant: Grant, view: str) -> None:
        async with self:
            if not await still_holds(self, grant) or view != self._address:
                return
            for question, answer in answers:
                if isinstance(answer, TinybirdError):
                    self._fail(question.panel, answer, view)
                else:
                    self._take(question, answer, view)
            self._note_what_is_stale()
            self._draw({question.panel for question, _ in answers})

    def _take(self, question: Question, answer: PipeAnswer, view: str) -> None:
        panel = question.panel
        self._rows[panel], self._asked[panel] = tuple(answer.rows), question
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
            self._asked.pop(panel, None)
        self.panels[panel] = replace(kept, code=error.code, message=error.message)

    def _note_what_is_stale(self) -> None:
        stale = [
            panel
            for name in self._panels()
            if (panel := self.panels[name]).code and panel.fetched_at
        ]
        self.stale_since = min((panel.fetched_at for panel in stale), default=0)
        self.stale_reason = stale[0].message if stale else ""

    def _draw(self, panels: set[str]) -> None:
        """Turn the rows of the panels that changed into what the page shows."""
        zone, view = zone_named(self._zone), self._view
        now = services.current().clock()
        period = view.period(now)
        step = period.step
        traffic, latency = (
            charts.since(self._rows.get(panel, ()), period.start)
            for panel in (questions.TRAFFIC, questions.LATENCY)
        )
        if panels & {questions.FIGURES, questions.TRAFFIC, questions.LATENCY}:
            summary = self._rows.get(questions.FIGURES)
            shown = figures.key_figures(summary[0], traffic, latency) if summary else []
            self._send(figures=shown)
        if questions.TRAFFIC in panels:
            self._send(
                traffic=charts.traffic_rows(traffic, step, zone),
                traffic_summary=charts.traffic_summary(traffic, step, zone),
            )
        if questions.LATENCY in panels:
            self._send(
                latency=charts.latency_rows(latency, step, zone),
                latency_summary=charts.latency_summary(latency, step, zone),
            )
        if questions.ROUTES in panels:
            rows = self._rows.get(questions.ROUTES, ())
            self._send(
                top_routes=tables.route_rows(
                    rows, view, path=routes.DASHBOARD, route_path=routes.ROUTE
                )
            )
        if questions.RECENT in panels:
            rows = self._rows.get(questions.RECENT, ())
            self._send(recent=tables.recent_rows(rows, view, zone, path=self._path, now=now))

    def _send(self, **values: Any) -> None:
        """Set vars that changed; Reflex sends again whatever is set, also to what it was."""
        for name, value in values.items():
            if getattr(self, name) != value:
                setattr(self, name, value)


def _is_empty(panel: str, answer: PipeAnswer) -> bool:
    if panel in (questions.TRAFFIC, questions.LATENCY):
        return not any(row["requests"] for row in answer.rows)
    return not answer.rows


def _local_moment(text: object, zone: tzinfo) -> datetime | None:
    """Return what a ``datetime-local`` input of a viewer in ``zone`` means."""
    read = moment(text) if isinstance(text, str) else None
    return read.replace(tzinfo=zone).astimezone(UTC) if read else None
