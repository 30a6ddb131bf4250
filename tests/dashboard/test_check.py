"""A declaration is held to its files: what is not there is told, with the nearest name."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from clerk_tinybird_app.dashboard.check import Files, mistakes
from clerk_tinybird_app.dashboard.declaration import (
    ChartLimit,
    Column,
    Dashboard,
    Figure,
    Filter,
    Page,
    Panel,
    Series,
    Tone,
    Values,
)
from clerk_tinybird_app.dashboard.mistake import Mistake, line_of
from clerk_tinybird_app.tinybird.project import read_files
from tests.dashboard import declared
from tests.dashboard.declared import (
    BY_TIME,
    COUNTRIES,
    FIGURES,
    LATEST,
    MANY,
    MORE,
    SITE,
    SPEED,
    TOP,
)

FILTERS = ("kind", "site", "outcome", "country", "agent")
TAKES = {
    "totals": (),
    "by_time": ("time_zone",),
    "speed": ("time_zone",),
    "top_sites": ("limit", "sort"),
    "latest": ("limit",),
    "by_country": (),
    "top_agents": ("sort",),
}
ANSWERS: dict[str, Panel] = {each.pipe: each for each in SITE.all_panels}
SORTS = {"top_sites": "['visits', 'lost', 'slow']", "top_agents": "['visits', 'weight']"}


def pipe(name: str) -> str:
    """Return a pipe that takes and answers what the panel over it asks and shows."""
    takes = ["start", "end", *FILTERS, *TAKES[name]]
    if name == "by_country":
        takes.remove("kind")
    enum = {"sort": SORTS.get(name, ""), "outcome": "['fine', 'odd', 'lost']"}
    uses = [
        f"{{{{ String({each}, 'x', enum={enum[each]}) }}}}"
        if each in enum
        else f"{{{{ String({each}, 'x') }}}}"
        for each in takes
    ]
    columns = sorted(ANSWERS[name].columns_used | {"sites"})
    return (
        f"NODE endpoint\nSQL >\n    %\n    SELECT {', '.join(columns)} FROM rows\n"
        f"    WHERE x IN ({', '.join(uses)})\n\nTYPE ENDPOINT\n"
    )


@cache
def files(**others: str) -> Files:
    """Return a project that has what ``SITE`` needs, but for ``others``: file -> content."""
    texts = {f"{name}.pipe": pipe(name) for name in TAKES}
    texts["rows.datasource"] = "SCHEMA >\n    `x` String\n"
    texts |= {f"{name}.pipe": text for name, text in others.items() if text}
    texts = {name: text for name, text in texts.items() if others.get(Path(name).stem) != ""}
    project = read_files({Path(name): text.encode() for name, text in texts.items()})
    return Files(project, dict.fromkeys(TAKES, frozenset({"tenant"})))


def told(dashboard: Dashboard, of: Files | None = None) -> list[str]:
    return [each.text for each in mistakes(dashboard, of or files())]


def with_panel(old: Panel, **changes: Any) -> Dashboard:
    """Return ``SITE`` with another panel in the place of one, on every page."""
    new = replace(old, **changes)

    def changed(panels: tuple[Panel, ...]) -> tuple[Panel, ...]:
        return tuple(new if each == old else each for each in panels)

    pages = {name: replace(page, panels=changed(page.panels)) for name, page in SITE.pages.items()}
    return replace(SITE, panels=changed(SITE.panels), pages=pages)


def test_a_declaration_that_its_files_bear_out_has_no_mistake() -> None:
    assert told(SITE) == []


WRONG: list[tuple[Callable[[], Dashboard], str]] = [
    (
        lambda: with_panel(SPEED, before="p59"),
        "the panel 'speed' compares 'p59', which is the column of no series of it. "
        "Did you mean 'p95'?",
    ),
    (
        lambda: with_panel(SPEED, before="visits"),
        "the panel 'speed' compares 'visits', which is the column of no series of it.",
    ),
    (
        lambda: with_panel(BY_TIME, before="visitz"),
        "the panel 'by_time' shows the column 'visitz', which the pipe 'by_time' does not answer. "
        "Did you mean 'visits'?",
    ),
    (
        lambda: with_panel(SPEED, limit=ChartLimit(above=1, column="p59")),
        "the panel 'speed' shows the column 'p59', which the pipe 'speed' does not answer. "
        "Did you mean 'p95'?",
    ),
    (
        lambda: with_panel(SPEED, limit=ChartLimit(above=1, column="p95", decided_by=("outcom",))),
        "the panel 'speed' names the filter 'outcom', which is none of the dashboard's filters. "
        "Did you mean 'outcome'?",
    ),
    (
        lambda: with_panel(LATEST, pipe="lates"),
        "the panel 'lates' asks the pipe 'lates', which the project does not have. "
        "Did you mean 'latest'?",
    ),
    (
        lambda: replace(SITE, newest="newest_rows"),
        "newest asks the pipe 'newest_rows', which the project does not have.",
    ),
    (
        lambda: with_panel(SPEED, main="p96"),
        "the panel 'speed' tells of 'p96', which is no series of it. Did you mean 'p95'?",
    ),
    (
        lambda: with_panel(
            SPEED, series=(Series(column="p59", label="p", tone=Tone.CALM),), main=""
        ),
        "the panel 'speed' shows the column 'p59', which the pipe 'speed' does not answer. "
        "Did you mean 'p95'?",
    ),
    (
        lambda: with_panel(FIGURES, figures=(Figure(label="V", column="visit"),)),
        "the panel 'totals' shows the column 'visit', which the pipe 'totals' does not answer. "
        "Did you mean 'visits'?",
    ),
    (
        lambda: with_panel(FIGURES, figures=(Figure(label="V", column="sites", before="was"),)),
        "the panel 'totals' shows the column 'was', which the pipe 'totals' does not answer.",
    ),
    (
        lambda: with_panel(
            FIGURES, figures=(Figure(label="V", column="visits", trend=("by_tim", "visits")),)
        ),
        "the panel 'totals' draws a trend of the pipe 'by_tim', which no time series of the same "
        "page shows. Did you mean 'by_time'?",
    ),
    (
        lambda: with_panel(
            FIGURES, figures=(Figure(label="V", column="visits", trend=("by_time", "visitz")),)
        ),
        "a trend in the panel 'totals' shows the column 'visitz', which the pipe 'by_time' does "
        "not answer. Did you mean 'visits'?",
    ),
    (
        lambda: with_panel(COUNTRIES, ignores=()),
        "the panel 'by_country' asks with the parameter 'kind', which the pipe 'by_country' does "
        "not take (ignores=... leaves a filter out).",
    ),
    (
        lambda: with_panel(COUNTRIES, ignores=("kind", "sight")),
        "the panel 'by_country' ignores 'sight', which is no filter of the dashboard. "
        "Did you mean 'site'?",
    ),
    (
        lambda: with_panel(TOP, parameters={"limits": "50"}),
        "the panel 'top_sites' asks with the parameter 'limits', which the pipe 'top_sites' does "
        "not take (ignores=... leaves a filter out). Did you mean 'limit'?",
    ),
    (
        lambda: with_panel(MORE, columns=(Column(of=("visits",), sort="visit"),)),
        "the panel 'top_agents' asks with sort = 'visit', which the pipe 'top_agents' does not "
        "know. Did you mean 'visits'?",
    ),
    (
        lambda: with_panel(TOP, by=("kind", "x")),
        "the panel 'top_sites' names the filter 'x', which is none of the dashboard's filters.",
    ),
    (
        lambda: with_panel(TOP, opens="sites"),
        "the panel 'top_sites' opens the page 'sites', which the dashboard does not have. "
        "Did you mean 'site'?",
    ),
    (
        lambda: with_panel(TOP, by=("site",)),
        "the panel 'top_sites' opens the page 'site', which is by kind, site: by=... must name "
        "them all",
    ),
    (
        lambda: with_panel(BY_TIME, filter="outcom"),
        "the panel 'by_time' names the filter 'outcom', which is none of the dashboard's filters. "
        "Did you mean 'outcome'?",
    ),
    (
        lambda: with_panel(BY_TIME, series=(Series(column="of_odd", label="ood", tone=Tone.CALM),)),
        "the panel 'by_time' sets outcome to 'ood', which the filter does not allow. "
        "Did you mean 'odd'?",
    ),
    (
        lambda: with_panel(LATEST, filters={"agents": "code"}),
        "the panel 'latest' names the filter 'agents', which is none of the dashboard's filters. "
        "Did you mean 'agent'?",
    ),
    (
        lambda: with_panel(LATEST, columns=(Column(of=("code",), decided_by=("outcomes",)),)),
        "the panel 'latest' names the filter 'outcomes', which is none of the dashboard's filters. "
        "Did you mean 'outcome'?",
    ),
    (lambda: with_panel(LATEST, id=""), "the panel 'latest' needs id=..."),
    (lambda: with_panel(LATEST, columns=()), "the panel 'latest' needs columns=..."),
    (lambda: with_panel(SPEED, series=()), "the panel 'speed' needs series=..."),
    (lambda: with_panel(SPEED, width=13), "the panel 'speed' is 13 of 12 columns wide"),
    (
        lambda: with_panel(FIGURES, is_below=True),
        "the panel 'totals' is the first, and there is none that it could be below",
    ),
    (
        lambda: with_panel(SPEED, name="by_time"),
        "two panels are named 'by_time': give one of them a name of its own, name=...",
    ),
    (
        lambda: with_panel(SPEED, name="how fast"),
        "a panel is named 'how fast': use letters, digits and underscores",
    ),
    (
        lambda: replace(SITE, start="from"),
        "the panel 'totals' asks with the parameter 'from', which the pipe 'totals' does not take "
        "(every pipe takes the period, by the names in Dashboard(start=..., end=...)).",
    ),
    (
        lambda: replace(SITE, filters=(*SITE.filters, Filter(name="range", label="range"))),
        "a filter cannot be named 'range': another one is, or an address says something else by "
        "that name",
    ),
    (
        # The name by which an address leaves out values of another one, whichever comes first.
        lambda: replace(MANY, filters=(Filter(name="kind_not", label="not"), *MANY.filters)),
        "a filter cannot be named 'kind_not': another one is, or an address says something else by "
        "that name",
    ),
    (
        lambda: replace(SITE, filters=(*SITE.filters, Filter(name="kind", label="again"))),
        "a filter cannot be named 'kind': another one is, or an address says something else by "
        "that name",
    ),
    (
        lambda: replace(
            SITE,
            filters=tuple(
                replace(each, values=("fine", "od")) if each.name == "outcome" else each
                for each in SITE.filters
            ),
        ),
        "the panel 'totals' asks with outcome = 'od', which the pipe 'totals' does not know. "
        "Did you mean 'odd'?",
    ),
    (
        lambda: replace(
            SITE,
            filters=(
                replace(SITE.filters[0], values_from=Values(pipe="totals", column="kin")),
                *SITE.filters[1:],
            ),
        ),
        "the filter 'kind' shows the column 'kin', which the pipe 'totals' does not answer.",
    ),
    (
        lambda: replace(SITE, pages={"a b": SITE.pages["site"]}),
        "a page is named 'a b', which an address cannot say: use letters, digits and underscores",
    ),
    (
        lambda: replace(SITE, pages={"site": replace(SITE.pages["site"], title="{kindd}")}),
        "the page 'site' is headed by 'kindd', which it is not by. Did you mean 'kind'?",
    ),
    (
        lambda: replace(SITE, pages={"site": replace(SITE.pages["site"], by=("kind", "sit"))}),
        "the page 'site' is by 'sit', which is no filter of the dashboard. Did you mean 'site'?",
    ),
    (
        lambda: replace(
            SITE,
            pages={"site": Page(title="{kind}", by=("kind",), panels=(COUNTRIES,))},
        ),
        "the panel 'by_country' ignores the filter 'kind', which makes the page 'site' what it is",
    ),
]


@pytest.mark.parametrize(("dashboard", "text"), WRONG, ids=[text[:60] for _, text in WRONG])
def test_what_is_not_there_is_told(dashboard: Callable[[], Dashboard], text: str) -> None:
    assert text in told(dashboard())


def test_a_filter_of_several_values_needs_two_more_parameters_of_every_pipe() -> None:
    many = replace(SITE, filters=(replace(SITE.filters[0], is_many=True), *SITE.filters[1:]))
    takes = "{% if defined(kind_in) %} AND kind = {{ String(kind_in) }} {% end %}"
    text = pipe("speed").replace("TYPE ENDPOINT", f"{takes}\nTYPE ENDPOINT")

    found = told(many, files(speed=text))

    expected = (
        "the panel 'speed' asks with the parameter 'kind_not_in', which the pipe 'speed' does not "
        "take (Filter(name='kind', is_many=True) needs it; ignores=... leaves a filter out)."
    )
    assert [each.partition(" Did you")[0] for each in found if "'speed'" in each] == [expected]
    # The panel that ignores the filter is asked with none of them.
    assert not any("by_country" in each for each in found)


def test_where_values_come_from_is_held_to_its_pipe() -> None:
    def with_values(**changes: Any) -> list[str]:
        source = replace(Values(pipe="latest", column="country"), **changes)
        filters = tuple(
            replace(each, values_from=source) if each.name == "country" else each
            for each in SITE.filters
        )
        return told(replace(SITE, filters=filters))

    assert with_values() == []
    assert "shows the column 'visitors'" in with_values(count="visitors")[0]
    assert "asks with the parameter 'find'" in with_values(search="find")[0]
    assert "asks the pipe 'lates'" in with_values(pipe="lates")[0]
    assert "asks with outcome = 'gone'" in with_values(parameters={"outcome": "gone"})[0]


def test_a_pipe_that_nobody_may_read_is_told() -> None:
    unread = Files(files().project, {name: frozenset() for name in TAKES if name != "speed"})

    assert told(SITE, unread) == [
        "the panel 'speed' asks the pipe 'speed', which the policy lets no session read."
    ]


def test_a_pipe_that_is_no_endpoint_is_told() -> None:
    text = pipe("speed").replace("TYPE ENDPOINT\n", "")

    assert "the panel 'speed' asks the pipe 'speed', which is no endpoint" in told(
        SITE, files(speed=text)
    )


def with_latest(panel: Panel) -> Dashboard:
    """Return the dashboard with another list of records."""

    def changed(panels: tuple[Panel, ...]) -> tuple[Panel, ...]:
        return tuple(panel if each is LATEST else each for each in panels)

    pages = {name: replace(each, panels=changed(each.panels)) for name, each in SITE.pages.items()}
    return replace(SITE, panels=changed(SITE.panels), pages=pages)


def test_a_cursor_that_the_pipe_does_not_take_is_told_with_the_nearest_name() -> None:
    board = with_latest(replace(LATEST, cursor=("end", "before")))
    takes = pipe("latest").replace("String(limit", "String(befor")

    found = told(board, files(latest=takes))

    assert found == [
        f"the panel 'latest' asks for older rows with the parameter '{name}', which the pipe "
        f"'latest' does not take (cursor=None leaves them out).{hint}"
        for name, hint in (("before", " Did you mean 'befor'?"), ("limit", ""))
    ]


def test_a_search_that_the_pipe_does_not_take_is_told() -> None:
    board = with_latest(replace(LATEST, search="limits"))

    assert told(board, files()) == [
        "the panel 'latest' searches by the parameter 'limits', which the pipe 'latest' does not "
        "take. Did you mean 'limit'?"
    ]


def test_a_filter_that_tokens_fix_is_told() -> None:
    fixed = dict.fromkeys(TAKES, frozenset({"country"}))

    found = told(SITE, Files(files().project, fixed))

    assert len(found) == len(TAKES)
    assert all("asks with the parameter 'country'" in text for text in found)


def test_what_cannot_be_judged_is_not_told() -> None:
    unclear = pipe("speed").replace("SELECT ", "SELECT r.*, ")
    assert told(SITE, files(speed=unclear)) == []
    malformed = pipe("speed").replace("{{ String(start", "{{ String((start")
    assert told(SITE, files(speed=malformed)) == []
    assert told(SITE, files(speed="NONSENSE")) == []
    assert told(SITE, Files(read_files({}), {})) == []


SOURCE = inspect.getsource(declared)


def line(text: str, after: str = "") -> int:
    """Return the first line of the source with ``text``, from that with ``after`` on."""
    lines = SOURCE.splitlines()
    first = next(n for n, each in enumerate(lines) if after in each)
    return next(n for n, each in enumerate(lines, 1) if n > first and text in each)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("lost_share", "top_sites"), line('"lost_share"', 'pipe="top_sites"')),
        (("p95", "speed"), line('"p95"', 'pipe="speed"')),
        (("code", "latest"), line('"code"')),
        # A name that is made of others: the panel's own.
        (("of_fine", "by_time"), line('pipe="by_time"')),
        (("nowhere",), 1),
    ],
)
def test_a_mistake_is_on_the_line_where_its_panel_says_it(
    names: tuple[str, ...], expected: int
) -> None:
    assert line_of(Mistake("wrong", names), SOURCE) == expected
