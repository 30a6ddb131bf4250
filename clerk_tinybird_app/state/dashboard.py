"""The dashboard: what its address asks for, and the answers of its panels."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import routes, services
from clerk_tinybird_app.dashboard import declaration, links, questions, zones
from clerk_tinybird_app.dashboard.address import custom_problem, read_view
from clerk_tinybird_app.dashboard.declaration import Breakdown, Ranking, TimeSeries
from clerk_tinybird_app.dashboard.links import Chip, Choice, described, timed, typed_moment
from clerk_tinybird_app.dashboard.listing import as_csv
from clerk_tinybird_app.dashboard.questions import Question
from clerk_tinybird_app.dashboard.shown import says_nothing
from clerk_tinybird_app.dashboard.times import CUSTOM, UTC_NAME, Tick, refusal_notice, zone_named
from clerk_tinybird_app.dashboard.view import View
from clerk_tinybird_app.reflex_internals.plain import plain
from clerk_tinybird_app.state.grant import (
    UNCONFIRMED,
    Grant,
    answering,
    ask_csv,
    ask_shared,
    asking,
    end_turn,
)
from clerk_tinybird_app.state.lists import ListsState
from clerk_tinybird_app.state.panels import DASHBOARD, PANELS, Answered, data_vars
from clerk_tinybird_app.state.queries import StoppedError, ask_side_by_side, run_query
from clerk_tinybird_app.state.session import holds_tenant_data
from clerk_tinybird_app.state.wording import Problem, told
from clerk_tinybird_app.tinybird.client import PipeAnswer, TinybirdError
from clerk_tinybird_app.tinybird.pipe_request import PipeRequest

NOTHING_TO_DOWNLOAD: Final = "This panel has no data yet. Try again once it has."

PAGES: Final = routes.dashboard_pages(DASHBOARD.pages)
"""Path -> the name of the page there."""

_NO_VIEW: Final = View(range=CUSTOM)
"""Stands for the address until the browser has said it: no period of the choice is marked."""


@dataclass(frozen=True)
class _Refresh:
    """One refresh: its number, what it may ask, and what follows from the time it is of.

    Attributes:
        number: As the page counts.
        grant: What may be asked.
        turn: Its turn among the questions of its state.
        tick: What it is of.
        times: What is said of its times, by the names of vars.
    """

    number: int
    grant: Grant
    turn: str
    tick: Tick
    times: dict[str, Any]


@holds_tenant_data
class DashboardState(ListsState, rx.State):
    """One view of one tenant's data.

    Beside the vars below, every panel has vars of its own, by its key: see ``rows_of``.
    ``finished`` is the number of the last refresh that ended, whichever way, ``queries`` how many
    one makes. ``period`` is what the period is called in few words, ``frozen`` the part of an
    address that always says the period shown, ``turns_at`` when a period that is over becomes
    another one, in seconds since the epoch, 0 for one that stays.
    """

    finished: int = 0
    queries: int = 0
    problem: str = ""
    custom_problem: str = ""
    custom_start: str = ""
    custom_end: str = ""
    subtitle: str = ""
    dates: str = ""
    period: str = ""
    zone: str = ""
    zone_name: str = ""
    own_zone: str = ""
    zones: list[list[str]] = []
    calendar: str = ""
    figures_before: str = "the period before"
    frozen: str = ""
    turns_at: float = 0
    page_title: str = ""
    is_live: bool = True
    has_no_rows: bool = False
    ranges: list[Choice] = links.ranges(_NO_VIEW, routes.DASHBOARD)
    periods: list[Choice] = links.periods(_NO_VIEW, routes.DASHBOARD)
    comparisons: list[Choice] = links.comparisons(View(), routes.DASHBOARD)
    chips: list[Chip] = []
    clear_href: str = ""
    back_href: str = routes.DASHBOARD
    download_problem: str = ""

    _opened: tuple[str, ...] | None = None
    _has_rows: bool = False

    @rx.event(background=True)
    async def refresh(self, number: int, path: str, search: str, zone: str, every: int = 0) -> None:
        """Ask for every panel of an address anew; a refresh under way is stopped.

        Args:
            number: What ``finished`` will say when this one has ended.
            path: The page's path.
            search: The address's query.
            zone: The viewer's IANA time zone.
            every: Seconds between two refreshes as the viewer chose it; 0 for the usual.
        """
        async with asking(self) as grant:
            own = plain(self)
            turn = own._take_turn()
            if grant is None:
                # The next push brings a session, or an end to it; the page asks again.
                own._refuse(UNCONFIRMED)
                own.finished = number
                return
            is_new = own._open(path, search, zone)
            tick = own._tick(every)
            times = timed(plain(own._view), zone_named(own._zone), tick.start)
            if is_new:
                own._send(**times)
            own._hide(grant.pipes)
            asked = own._questions(own._panels(), tick)
            # Panels that ask the same share one.
            own._send(queries=len({(each.pipe, *each.parameters.items()) for each in asked}))
            tab = f"{self.router.session.client_token}/dashboard"
        refresh, has_ended = _Refresh(number, grant, turn, tick, times), False
        try:
            has_ended = await run_query(tab, self._ask_all(asked, refresh))
        except StoppedError:
            return
        finally:
            if not has_ended:
                await end_turn(self, turn, finished=number)

    @rx.event
    def choose_custom(self, form: dict[str, Any]) -> Any:
        """Go to the period that the form names, in the viewer's zone."""
        zone = zone_named(self._zone)
        start, end = (typed_moment(form.get(name, ""), zone) for name in ("start", "end"))
        self.custom_problem = custom_problem(start, end)
        if self.custom_problem:
            return None
        view = self._view.changed(range=CUSTOM, start=start, end=end)
        return rx.redirect(view.address(self._view.page(self._page)))

    @rx.event
    def list_zones(self) -> None:
        """Send the time zones that can be chosen, once."""
        if not self.zones:
            self.zones = zones.choices(services.current().clock())

    @rx.event
    def choose_zone(self, name: str) -> Any:
        """Go to the same view with the times of another zone, "" for the viewer's own."""
        if not isinstance(name, str) or (name and not zones.is_zone(name)):
            return None
        view = self._view.changed(zone="" if name == self._view.home else name)
        return rx.redirect(view.address(self._view.page(self._page)))

    @rx.event
    def choose_marked(self, start: int, end: int) -> Any:
        """Go to the period that was marked in a chart, in seconds since the epoch."""
        try:
            first, last = (datetime.fromtimestamp(at, UTC) for at in (start, end))
        except (OverflowError, OSError, TypeError, ValueError):
            return None
        # A bucket that is still filling ends later than the period.
        last = min(last, self._view.period(services.current().clock()).end)
        if custom_problem(first, last):
            return None
        view = self._view.changed(range=CUSTOM, start=first, end=last)
        return rx.redirect(view.address(self._view.page(self._page)))

    @rx.event
    def view_request(self, panel: str) -> Any:
        """Go to the page that shows and runs the request of one panel, whatever came of it."""
        found = next((each for each in self._panels() if each.key == panel), None)
        if found is None or not services.current().settings.shows_token_page:
            return None
        asked = self._asked.get(panel) or self._questions((found,), self._tick())[0]
        address = PipeRequest(asked.pipe, asked.parameters).address(routes.HOME)
        if self._view.overview == routes.EMBED:
            # That page may not be in a frame.
            return rx.redirect(address, is_external=True)
        return rx.redirect(address)

    @rx.event(background=True)
    async def download_csv(self, panel: str) -> AsyncIterator[Any]:
        """Ask for one panel's rows again, as CSV; of a list, whatever of it is on the page."""
        async with asking(self) as grant:
            asked = self._asked.get(panel)
            if grant is None or asked is None:
                self.download_problem = NOTHING_TO_DOWNLOAD if grant else UNCONFIRMED.message
                return
            self.download_problem = ""
            listing = self._lists.get(panel)
            if listing and listing.is_own:
                yield rx.download(data=as_csv(listing.shown), filename=f"{asked.pipe}.csv")
                return
        rows = await ask_csv(self, grant, asked.pipe, asked.parameters)
        with suppress(StoppedError):
            async with answering(self, grant):
                if isinstance(rows, TinybirdError):
                    self.download_problem = told(rows).message
                else:
                    yield rx.download(data=rows, filename=f"{asked.pipe}.csv")

    @rx.event
    def close_download_problem(self) -> None:
        """Take away what was said of a download."""
        self.download_problem = ""

    def _tick(self, every: int = 0) -> Tick:
        """Return the tick in which tabs with this view and the same scopes share their queries.

        It is half as long as the page's usual pause between two refreshes. So any number of tabs at
        the usual rate costs what two cost, and no tab gets its own last answer again. A view that
        does not end now is asked for once, and has ticks that nobody notices.
        """
        running = services.current()
        settings, panels = running.settings, DASHBOARD.panels_of(self._page)
        usual = questions.pace(panels, settings.refresh_seconds, settings.tinybird_rps).usual
        # A slower rate has no longer ticks: whoever presses or wakes up wants to see what is new.
        pause = min(every, usual) if every >= 1 else usual
        return Tick.of(running.clock(), max(1, pause // 2) if self._view.is_live else 1)

    def _questions(self, panels: Sequence[declaration.Panel], tick: Tick) -> list[Question]:
        zone = zone_named(self._zone)
        takes, rps = services.pipe_parameters(), services.current().settings.tinybird_rps
        view = plain(self._view)
        asked = partial(
            questions.questions,
            DASHBOARD,
            view,
            zone=zone,
            tick=tick,
            takes=takes,
            page=self._page,
        )
        also = questions.compared(
            panels, rps, figures_too=view.asks_figures_twice, compare=view.compare
        )
        return [*asked(panels), *asked(also, is_before=True)]

    def _read(self, path: str, search: str, zone: str) -> tuple[View, str]:
        """Return the view of an address and what is wrong in it; see ``read_view``.

        It is in UTC where Tinybird has refused the zone.
        """
        view, problem = read_view(search, DASHBOARD, str(zone_named(zone)))
        if view.zone_name == self._refused_zone:
            problem = f"{problem} {refusal_notice(view.zone_name)}"
            view = view.changed(zone="", home=UTC_NAME)
        return view.changed(overview=routes.overview_of(path)), problem.strip()

    def _open(self, path: str, search: str, zone: str) -> bool:
        """Show an address; the rows of another view stay, marked as such, until theirs come.

        Returns:
            Whether it is another view than before.
        """
        opened = (path, search, zone, self._refused_zone)
        if opened == self._opened:
            return False
        self._opened = opened
        self._page = PAGES.get(path, "")
        view, self.problem = self._read(path, search, zone)
        self._view = view
        self._zone, self.custom_problem, self.download_problem = view.zone_name, "", ""
        self._before = {}
        self._send(failure="", failure_code="", **described(DASHBOARD, view, self._page))
        return True

    def _refuse(self, problem: Problem) -> None:
        """Say on every panel why it was not asked for; its data stays, marked as out of date."""
        self._send(has_no_rows=False)
        for panel in self._panels():
            self._fail(panel.key, problem)
        self._note_what_is_stale()

    async def _ask_all(self, asked: Sequence[Question], refresh: _Refresh) -> bool:
        """Ask for every panel; for a tenant known to have no row, first whether it has one now.

        Returns:
            Whether the page was told, with the last answers, that there are no more.
        """
        if self.has_no_rows and await self._ask_for_any_row(refresh) is False:
            return await self._show((), refresh, has_rows=False, are_more=False)
        has_ended = False

        async def show(answers: list[Answered], are_more: bool) -> None:
            nonlocal has_ended
            has_rows = await self._look_for_rows(answers, refresh)
            is_shown = await self._show(answers, refresh, has_rows=has_rows, are_more=are_more)
            has_ended = is_shown and not are_more

        await ask_side_by_side(
            [partial(self._ask, question, refresh.grant) for question in asked],
            show,
            per_second=services.current().settings.tinybird_rps,
        )
        return has_ended

    async def _look_for_rows(self, answers: Sequence[Answered], refresh: _Refresh) -> bool | None:
        """Find out, before anything is shown, whether there is anything to show at all.

        Returns:
            Whether the tenant has ever had a row; None when nothing speaks for or against it.
        """
        if self._has_rows:
            return True
        answered = [
            (question.panel, answer.rows)
            for question, answer in answers
            if isinstance(answer, PipeAnswer)
        ]
        if not all(says_nothing(PANELS[key], rows) for key, rows in answered):
            return True
        if self._view.filters or not answered:
            return None
        return await self._ask_for_any_row(refresh)

    async def _ask_for_any_row(self, refresh: _Refresh) -> bool | None:
        """Return whether the tenant has any row; None when there is no answer."""
        if DASHBOARD.newest not in refresh.grant.pipes:
            return None
        question = questions.any_row(DASHBOARD, refresh.tick, services.pipe_parameters())
        _, answer = await self._ask(question, refresh.grant)
        return bool(answer.rows) if isinstance(answer, PipeAnswer) else None

    async def _ask(self, question: Question, grant: Grant) -> Answered:
        return question, await ask_shared(self, grant, question)

    async def _show(
        self,
        answers: Sequence[Answered],
        refresh: _Refresh,
        *,
        has_rows: bool | None,
        are_more: bool,
    ) -> bool:
        """Show answers, and with the last of them all that says so: a page draws once for each.

        Returns:
            Whether the page is still the one that asked.
        """
        with suppress(StoppedError):
            async with answering(self, refresh.grant, refresh.turn):
                own = plain(self)
                own._has_rows = bool(has_rows)
                own._send(has_no_rows=has_rows is False, **refresh.times)
                if not own.has_no_rows:
                    own._fill(answers)
                if not are_more:
                    own._end_turn(finished=refresh.number)
            return True
        return False


def _vars(panel: declaration.Panel) -> dict[str, tuple[Any, Any]]:
    """Return a panel's own vars: name -> type and default."""
    found = data_vars(panel)
    if isinstance(panel, TimeSeries):
        found |= {"legend": (list[Choice], [])}
    elif isinstance(panel, Ranking) and panel.sorts:
        # Its table's head has a place for each from the start.
        first = links.sorts(DASHBOARD, panel, View.of(DASHBOARD), routes.DASHBOARD)
        found |= {"sorts": (list[Choice], first)}
    elif isinstance(panel, Breakdown) and panel.tabs:
        of_all = links.tabs(DASHBOARD, panel, View.of(DASHBOARD), routes.DASHBOARD)
        found |= {"tabs": (list[Choice], of_all)}
    return {f"{name}_{panel.key}": kind for name, kind in found.items()}


for _panel in PANELS.values():
    for _name, (_type, _default) in _vars(_panel).items():
        DashboardState.add_var(_name, _type, _default)


def rows_of(panel: declaration.Panel) -> Any:
    """Return the var with what a panel shows; its items' type follows from the panel's kind."""
    return getattr(DashboardState, f"rows_{panel.key}")


def axis_of(panel: declaration.TimeSeries) -> Any:
    """Return the var that tells when a chart's buckets were."""
    return getattr(DashboardState, f"axis_{panel.key}")


def legend_of(panel: declaration.TimeSeries) -> Any:
    """Return the var with a link for each series; empty without the panel's ``filter``."""
    return getattr(DashboardState, f"legend_{panel.key}")


def sorts_of(panel: declaration.Ranking) -> Any:
    """Return the var with a link for each order of a ranking."""
    return getattr(DashboardState, f"sorts_{panel.key}")


def tabs_of(panel: declaration.Breakdown) -> Any:
    """Return the var with a link for each tab of a breakdown."""
    return getattr(DashboardState, f"tabs_{panel.key}")
