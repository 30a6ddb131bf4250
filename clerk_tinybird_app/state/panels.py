"""How each panel stands: filled, failed, out of date, or emptied for what it may not show."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from clerk_tinybird_app import products, services
from clerk_tinybird_app.dashboard import declaration
from clerk_tinybird_app.dashboard.charts import Axis, Chart
from clerk_tinybird_app.dashboard.declaration import (
    Breakdown,
    Figures,
    Ranking,
    Records,
    TimeSeries,
)
from clerk_tinybird_app.dashboard.figures import ShownFigure
from clerk_tinybird_app.dashboard.kept_rows import KeptRows, UnpackedRows, packed
from clerk_tinybird_app.dashboard.questions import Question
from clerk_tinybird_app.dashboard.shown import Row, Shaper, Share, UnfitRowsError, is_empty
from clerk_tinybird_app.dashboard.times import is_refusal, zone_named
from clerk_tinybird_app.dashboard.view import View
from clerk_tinybird_app.frozen_value import FrozenValue
from clerk_tinybird_app.reflex_internals.plain import plain
from clerk_tinybird_app.state.grant import CHANGED, AskingState, unfit_rows
from clerk_tinybird_app.state.wording import Problem, told
from clerk_tinybird_app.tinybird.client import (
    PipeAnswer,
    TinybirdError,
)

DASHBOARD: Final = products.current().dashboard
"""What is declared. A state's vars are made once, so it is that of the whole process."""

PANELS: Final = {each.key: each for each in DASHBOARD.all_panels}

_ROWS: Final[dict[type[declaration.Panel], Any]] = {
    Figures: list[ShownFigure],
    Ranking: list[Row],
    Records: list[Row],
    Breakdown: list[Share],
}
"""What the rows of each kind of panel are shown as, but for a chart's."""

Answered = tuple[Question, PipeAnswer | TinybirdError]
"""What was asked, and what came of it."""


@dataclass(frozen=True)
class Panel(FrozenValue):
    """How one panel stands.

    Attributes:
        has_data: Whether it shows any.
        stale_at: The tick that its data is of, in seconds since the epoch, when the last request
            failed; 0 while it did not, and without data.
        view: The address that its data was asked for with.
        is_empty: True when the answer had no rows.
        code: The last request's error, "" when it went well.
        message: What to do about the error.
    """

    has_data: bool = False
    stale_at: float = 0
    view: str = ""
    is_empty: bool = False
    code: str = ""
    message: str = ""


def data_vars(panel: declaration.Panel) -> dict[str, tuple[Any, Any]]:
    """Return the vars with a panel's data: name -> type, and what they are without any."""
    if isinstance(panel, TimeSeries):
        return {"rows": (Chart, Chart()), "axis": (Axis, Axis())}
    return {"rows": (_ROWS[type(panel)], [])}


def _offers(declared: declaration.Filter, allowed: Collection[str]) -> bool:
    """Tell whether values of a filter can be offered with a token for these pipes."""
    source = declared.values_from
    return source is None or source.pipe in allowed or bool(declared.values)


def _shows_any(panel: declaration.Panel, others: Collection[str]) -> bool:
    """Tell whether a panel shows something of the rows of any of these, itself among them."""
    if panel.key in others:
        return True
    # Key figures have trends of the charts' rows, and charts totals of the figures'.
    also = {Figures: TimeSeries, TimeSeries: Figures}.get(type(panel))
    return also is not None and any(isinstance(PANELS[key], also) for key in others)


class PanelsState(AskingState, mixin=True):
    """The panels of one view.

    ``address`` is that of the view which is shown or on its way; ``hidden`` the panels whose pipe
    the session's token does not allow, and ``hidden_filters`` the filters that it can offer no
    values of; ``stale_since`` the time of the oldest data that could not
    be refreshed, in seconds since the epoch, 0 without any. ``fetched_at`` is the tick that the
    newest data is of, as well, and ``behind`` how old that was when it came, in seconds.
    ``failure`` and its code are what every panel would say of itself, "" unless all say the same.
    """

    address: str = ""
    hidden: list[str] = []
    hidden_filters: list[str] = []
    panels: dict[str, Panel] = {key: Panel() for key in PANELS}
    is_failing: bool = False
    failure: str = ""
    failure_code: str = ""
    stale_since: float = 0
    stale_reason: str = ""
    fetched_at: float = 0
    behind: float = 0

    _view: View = View()
    _page: str = ""
    _zone: str = ""
    _refused_zone: str = ""
    _rows: dict[str, KeptRows] = {}
    _before: dict[str, KeptRows] = {}
    _asked: dict[str, Question] = {}

    def _panels(self) -> list[declaration.Panel]:
        """Return what the page shows and the token allows."""
        return [each for each in DASHBOARD.panels_of(self._page) if each.key not in self.hidden]

    def _hide(self, allowed: Collection[str]) -> None:
        """Show no panel of a pipe that is not allowed, and keep nothing of it."""
        hidden = [each for each in DASHBOARD.all_panels if each.pipe not in allowed]
        self._send(
            hidden=[each.key for each in hidden],
            hidden_filters=[each.name for each in DASHBOARD.filters if not _offers(each, allowed)],
        )
        for panel in hidden:
            self._empty(panel, Panel())

    def _let_go(self, pipes: Collection[str], allowed: Collection[str]) -> None:
        """Empty the panels of these pipes, and draw anew what had something of their rows."""
        lost = [each.key for each in DASHBOARD.all_panels if each.pipe in pipes]
        for panel in DASHBOARD.all_panels:
            # What is of another view cannot be drawn anew.
            is_kept = panel.key not in lost and self._is_of_this_view(panel.key)
            if _shows_any(panel, lost) and not is_kept and self.panels[panel.key] != Panel():
                self._empty(panel, Panel(code=CHANGED.code, message=CHANGED.message))
        self._hide(allowed)
        self._draw(lost)
        self._note_what_is_stale()

    def _empty(self, panel: declaration.Panel, state: Panel) -> None:
        """Keep nothing of a panel."""
        self._forget(panel.key)
        self._set(panel.key, state)
        nothing = data_vars(panel).items()
        self._send(**{f"{name}_{panel.key}": value for name, (_, value) in nothing})

    def _fill(self, answers: Sequence[Answered]) -> None:
        came: list[Question] = []
        changed: list[str] = []
        for question, answer in answers:
            if isinstance(answer, PipeAnswer):
                self._take(question, tuple(answer.rows))
                came.append(question)
                changed.append(question.panel)
            elif not question.is_before:
                self._fail(question.panel, answer)
            elif isinstance(PANELS[question.panel], Figures):
                # A chart keeps the period before that it has: it knows when its buckets were. Key
                # figures would go on with it after midnight, when it is another one.
                self._before.pop(question.panel, None)
                changed.append(question.panel)
        if came:
            # All are of one refresh, and so of one tick.
            behind = services.current().clock() - came[0].tick.start
            self._send(behind=max(round(behind, 1), 0))
        if changed:
            self._draw(changed)
        self._note_what_is_stale()

    def _take(self, question: Question, rows: tuple[dict[str, Any], ...]) -> None:
        panel = question.panel
        if question.is_before:
            self._before[panel] = packed(rows)
            return
        self._rows[panel], self._asked[panel] = packed(rows), question
        empty = is_empty(PANELS[panel], rows)
        self._set(panel, Panel(has_data=True, view=self.address, is_empty=empty))

    def _fail(self, panel: str, error: TinybirdError | Problem) -> None:
        """Keep the last data of the same view; that of another one would be mislabelled."""
        if isinstance(error, TinybirdError) and is_refusal(error.detail):
            # The page asks again by itself, then for UTC's hours and days.
            self._refused_zone = self._zone
        kept = plain(self.panels)[panel]
        if not self._is_of_this_view(panel):
            kept = Panel(view=self.address)
            self._forget(panel)
        problem = told(error) if isinstance(error, TinybirdError) else error
        at = self._data_at(panel) if panel in self._asked else 0.0
        self._set(panel, replace(kept, code=problem.code, message=problem.message, stale_at=at))

    def _data_at(self, panel: str) -> float:
        """Return the tick that a panel's data is of."""
        return plain(self._asked)[panel].tick.start

    def _set(self, panel: str, state: Panel) -> None:
        if plain(self.panels)[panel] != state:
            self.panels[panel] = state

    def _forget(self, panel: str) -> None:
        self._rows.pop(panel, None)
        self._before.pop(panel, None)
        self._asked.pop(panel, None)

    def _draw(self, changed: Sequence[str]) -> None:
        """Show the rows of the panels that changed, and what others show of them."""
        known = plain(self._rows)
        rows = UnpackedRows({key: known[key] for key in known if self._is_of_this_view(key)})
        before = UnpackedRows(plain(self._before))
        view, zone = plain(self._view), zone_named(self._zone)
        for panel in self._panels():
            if panel.key not in rows or not _shows_any(panel, changed):
                continue
            # Rows that are out of date are of a period that ended then.
            now = self._data_at(panel.key)
            shaper = Shaper(DASHBOARD, view, self._page, zone, now, before)
            try:
                values = shaper.shown(panel, rows)
            except UnfitRowsError as error:
                self._set(panel.key, Panel())
                self._fail(panel.key, unfit_rows(panel.pipe, error))
            else:
                self._send(**{f"{name}_{panel.key}": value for name, value in values.items()})

    def _is_of_this_view(self, panel: str) -> bool:
        return plain(self.panels)[panel].view == self.address

    def _note_what_is_stale(self) -> None:
        panels = plain(self.panels)
        seen = [panels[each.key] for each in self._panels()]
        failing = [panel for panel in seen if panel.code]
        stale = [panel for panel in failing if panel.has_data]
        said = {(panel.code, panel.message) if not panel.has_data else ("", "") for panel in seen}
        code, message = said.pop() if len(said) == 1 and len(seen) > 1 else ("", "")
        ticks = [self._data_at(key) for key in self._asked if self._is_of_this_view(key)]
        self._send(
            is_failing=bool(failing),
            failure=message,
            failure_code=code,
            stale_since=min((panel.stale_at for panel in stale), default=0),
            stale_reason=stale[0].message if stale else "",
            fetched_at=max(ticks, default=0),
        )

    def _send(self, **values: Any) -> None:
        """Set vars that changed; Reflex sends again whatever is set, also to what it was."""
        for name, value in values.items():
            if plain(getattr(self, name)) != value:
                setattr(self, name, value)
