"""The pages of the declared dashboard: the overview, and the pages that its rows open."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final

import reflex as rx

from clerk_tinybird_app import products, routes, services
from clerk_tinybird_app.clerk.components import (
    CLERK_FAILED,
    LOADING_NOBODY,
    LOADING_SOMEBODY,
    REFUSED,
    SIGNED_IN,
    SIGNED_OUT,
    STALLED,
    SYNCING,
    Phase,
)
from clerk_tinybird_app.components.dashboard.empty_tenant import empty_tenant
from clerk_tinybird_app.components.dashboard.figures import figures_panel, figures_skeleton
from clerk_tinybird_app.components.dashboard.head import head, head_skeleton, notices
from clerk_tinybird_app.components.dashboard.no_match import has_no_match, no_match, not_loaded
from clerk_tinybird_app.components.dashboard.panel import panel_skeleton
from clerk_tinybird_app.components.dashboard.records import drawers, names_apart
from clerk_tinybird_app.components.dashboard.tables import (
    breakdown_panel,
    ranking_panel,
    records_panel,
)
from clerk_tinybird_app.components.dashboard.time_series import time_series_panel
from clerk_tinybird_app.components.dashboard.toolbar import toolbar, toolbar_skeleton
from clerk_tinybird_app.components.icon import icon
from clerk_tinybird_app.components.layout import framed_layout, layout
from clerk_tinybird_app.components.live import Dimmed, EarlyRefresh, LiveView
from clerk_tinybird_app.components.local_accounts import local_accounts
from clerk_tinybird_app.components.look import HEADING
from clerk_tinybird_app.components.notices import (
    clerk_failed_notice,
    impersonation_notice,
    refused_notice,
    stalled_notice,
)
from clerk_tinybird_app.components.session_buttons import see_yours_button, sign_in_elsewhere
from clerk_tinybird_app.components.widgets import ReloadButton
from clerk_tinybird_app.dashboard.declaration import (
    Breakdown,
    Figures,
    Panel,
    Ranking,
    Records,
    TimeSeries,
)
from clerk_tinybird_app.dashboard.questions import pace
from clerk_tinybird_app.state.dashboard import DashboardState
from clerk_tinybird_app.state.session import SessionState

_PRODUCT: Final = products.current()
_H1: Final = "title-1"
_COLUMNS: Final = 12
_DRAWN_BY: Final[dict[type[Panel], Callable[[Any], rx.Component]]] = {
    Figures: figures_panel,
    TimeSeries: time_series_panel,
    Ranking: ranking_panel,
    Breakdown: breakdown_panel,
    Records: records_panel,
}


def dashboard_page(name: str = "", *, is_embedded: bool = False) -> Callable[[], rx.Component]:
    """Return the page ``name`` of the dashboard; without a name, the overview.

    Args:
        name: The page's.
        is_embedded: True for a page that stands in a frame of another site.
    """

    def page() -> rx.Component:
        draw = partial(_detail, name) if name else _overview
        return draw(is_embedded=is_embedded)

    return page


def detail_title(name: str) -> rx.Var[str]:
    """Return the title of the page ``name``: its row's name, where the address says of which."""
    is_known = DashboardState.page_title != ""
    return rx.cond(is_known, DashboardState.page_title, _PRODUCT.dashboard.title)


def _overview(*, is_embedded: bool) -> rx.Component:
    """Return the page with the panels of all rows."""
    return _page(_heading(), _PRODUCT.dashboard.panels, is_embedded=is_embedded)


def _detail(name: str, *, is_embedded: bool) -> rx.Component:
    """Return the page ``name`` with the panels of one row."""
    page = _PRODUCT.dashboard.pages[name]
    title = rx.el.div(
        rx.el.a(
            icon("arrow-left"), page.back, href=DashboardState.back_href, class_name="back row"
        ),
        rx.el.h1(detail_title(name), class_name=f"{_H1} wrap-anywhere"),
        class_name="min-w-0",
    )
    return _page(title, page.panels, fixed=page.by, is_embedded=is_embedded)


def tab_title(name: str = "") -> rx.Var[str]:
    """Return what a tab with the page ``name`` is called: the page, and whose it is."""
    title = detail_title(name) if name else rx.Var.create(_PRODUCT.dashboard.title)
    slug = SessionState.org_slug
    return rx.cond(slug != "", f"{title} \N{MIDDLE DOT} {slug}", title)


def _page(
    title: rx.Component,
    panels: Sequence[Panel],
    *,
    is_embedded: bool,
    fixed: tuple[str, ...] = (),
) -> rx.Component:
    settings = services.current().settings
    queries, least, usual = pace(panels, settings.refresh_seconds, settings.tinybird_rps)
    compares = queries > len(panels)
    framed = framed_layout if is_embedded else partial(layout, path=routes.DASHBOARD, is_bare=True)
    invitation = _invitation_in_a_frame() if is_embedded else _invitation()
    return framed(
        EarlyRefresh.create(
            apart=names_apart(panels), least=least, on_refresh=DashboardState.refresh
        ),
        Phase.create(_skeleton(panels, compares=compares), when=f"{LOADING_SOMEBODY} {SYNCING}"),
        Phase.create(_alone(clerk_failed_notice()), when=CLERK_FAILED),
        Phase.create(_alone(refused_notice()), when=REFUSED),
        Phase.create(_alone(stalled_notice()), when=STALLED),
        Phase.create(_alone(invitation), when=f"{LOADING_NOBODY} {SIGNED_OUT}"),
        Phase.create(
            LiveView.create(
                rx.el.div(impersonation_notice(), class_name="wrap"),
                head(title, compares=compares, is_embedded=is_embedded),
                rx.el.div(toolbar(compares=compares, fixed=fixed), notices(), class_name="stuck"),
                Dimmed.create(
                    rx.cond(DashboardState.has_no_rows, empty_tenant(), all_shown(panels)),
                    class_name="wrap",
                ),
                *drawers(panels),
                apart=names_apart(panels),
                usual=usual,
                least=least,
                at=DashboardState.fetched_at,
                behind=DashboardState.behind,
                is_live=DashboardState.is_live,
                is_failing=DashboardState.is_failing,
                stale_since=DashboardState.stale_since,
                stale_reason=DashboardState.stale_reason,
                finished=DashboardState.finished,
                zone=DashboardState.zone_name,
                turns_at=DashboardState.turns_at,
                on_refresh=DashboardState.refresh,
            ),
            when=SIGNED_IN,
        ),
    )


def all_shown(panels: Sequence[Panel]) -> rx.Component:
    """Return the panels; what is so of them all is said once: that nothing matches, or no answer.

    Key figures stay where nothing matches.
    """
    figures = [each for each in panels if isinstance(each, Figures)]
    others = [each for each in panels if not isinstance(each, Figures)]
    if not others:
        return rx.el.div(*_columns(panels, _shown), class_name="twelve-columns")
    return rx.cond(
        DashboardState.failure_code != "",
        rx.el.div(not_loaded(), class_name="twelve-columns"),
        rx.cond(
            has_no_match(others),
            rx.el.div(
                *_columns(figures, _shown), no_match(others[0].noun), class_name="twelve-columns"
            ),
            rx.el.div(*_columns(panels, _shown), class_name="twelve-columns"),
        ),
    )


def _alone(content: rx.Component) -> rx.Component:
    """Return what stands in the panels' place, below the dashboard's name."""
    return rx.el.div(_heading(), content, class_name="wrap grid grid-cols-1 gap-(--gap)")


def _shown(panel: Panel) -> rx.Component:
    """Return a panel, or nothing for a session that may not read its pipe."""
    return rx.cond(_is_hidden(panel), rx.fragment(), _DRAWN_BY[type(panel)](panel))


def _columns(
    panels: Sequence[Panel], draw: Callable[[Panel], rx.Component]
) -> Iterator[rx.Component]:
    """Yield the panels in their columns, those below another in the same ones."""
    for row in rows_of_stacks(panels):
        has_pile = any(len(stack) > 1 for stack in row)
        for stack in row:
            look = "pile" if len(stack) > 1 else "beside-pile" if has_pile else ""
            yield rx.el.div(
                *map(draw, stack),
                style={"--width": str(stack[0].width)},
                class_name=f"placed {look}".strip(),
            )


def rows_of_stacks(panels: Sequence[Panel]) -> list[list[list[Panel]]]:
    """Return the rows of a wide screen: stacks side by side, each of panels below one another."""
    rows: list[list[list[Panel]]] = []
    left = 0
    for panel in panels:
        if panel.is_below and rows:
            rows[-1][-1].append(panel)
            continue
        if panel.width > left:
            rows.append([])
            left = _COLUMNS
        rows[-1].append([panel])
        left -= panel.width
    return rows


def _is_hidden(panel: Panel) -> rx.Var[bool]:
    hidden: rx.vars.ArrayVar[list[str]] = rx.Var.create(DashboardState.hidden)
    return hidden.contains(panel.key)


def _heading() -> rx.Component:
    return rx.el.h1(_PRODUCT.dashboard.title, class_name=_H1)


def _invitation() -> rx.Component:
    words = _PRODUCT.words
    is_for_developers = services.current().settings.shows_token_page
    return rx.el.section(
        rx.el.h2(words.tagline, class_name=HEADING),
        rx.el.p(words.invitation),
        rx.el.div(see_yours_button(), class_name="row"),
        *([local_accounts()] if is_for_developers else []),
        class_name="panel padded grid gap-4",
    )


def _invitation_in_a_frame() -> rx.Component:
    """Return the way to the sign-in page, which may not be in a frame itself."""
    return rx.el.section(
        rx.el.h2(_PRODUCT.words.tagline, class_name=HEADING),
        rx.el.p(
            "Signing in opens a tab of its own. If nothing changes here after that, ",
            ReloadButton.create("load this again", class_name="underline"),
            ".",
        ),
        rx.el.div(sign_in_elsewhere(), class_name="row"),
        class_name="panel padded grid gap-4",
    )


def _place(panel: Panel) -> rx.Component:
    """Return a grey place for a panel."""
    return figures_skeleton(panel) if isinstance(panel, Figures) else panel_skeleton(panel)


def _skeleton(panels: Sequence[Panel], *, compares: bool) -> rx.Component:
    return rx.el.div(
        rx.el.p("Loading", role="status", class_name="sr-only"),
        head_skeleton(_heading()),
        toolbar_skeleton(compares=compares),
        rx.el.div(
            *_columns(panels, _place),
            class_name="wrap twelve-columns",
        ),
        aria_busy="true",
    )
