"""Two guards keep SQL from redefining what a pipe's own query says; each is enough alone.

A pipe's query is sealed from the SQL around it, and SQL with named lambdas is refused. In each test
the process runs without one of them.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import httpx
import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.project import visit, write_project
from tests.local.tinybird.test_pipes import REDEFINITIONS

WITHOUT = """
import re, sys
from clerk_tinybird_app.local.tinybird.queries import answer as queries
from clerk_tinybird_app.local.tinybird.project import statement
assert statement._NAMED_LAMBDA and queries.sealed
{}
from clerk_tinybird_app.local.tinybird.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
NO_SEAL = "queries.sealed = str"
NO_REFUSAL = "statement._NAMED_LAMBDA = re.compile('(?!)')"
LAMBDAS = [query for query in REDEFINITIONS if "->" in query]
OWN_FILTER = {"type": "DATASOURCES:READ", "resource": "visits", "filter": "tenant = 'a'"}


ITEMS = """
SCHEMA >
    `tenant` String,
    `page` String,
    `id` UInt64,
    `version` UInt64

ENGINE "ReplacingMergeTree"
ENGINE_VER "version"
ENGINE_SORTING_KEY "id"
"""


class Weakened(Tinybird):
    """A Tinybird that a line of Python changed before it started."""

    weakness = ""

    def command(self) -> list[str]:
        _, _, _, *options = super().command()
        return [sys.executable, "-c", WITHOUT.format(self.weakness), *options]


@pytest.fixture(scope="module")
def weakened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Tinybird]]:
    """Give the one Tinybird that has a weakness."""
    with ExitStack() as running:

        @cache
        def started(weakness: str) -> Tinybird:
            folder = tmp_path_factory.mktemp("weakened")
            project = write_project(folder / "project")
            (project / "datasources" / "items.datasource").write_text(ITEMS)
            kind = type("Weakened", (Weakened,), {"weakness": weakness})
            tinybird: Tinybird = running.enter_context(kind(project, folder / "data"))
            tinybird.add(visit(), visit(tenant="b", page="/secret"))
            tinybird.add(
                {"tenant": "a", "page": "/home", "id": 1, "version": 1},
                {"tenant": "b", "page": "/secret", "id": 2, "version": 1},
                name="items",
            )
            return tinybird

        yield started


def answers(tinybird: Tinybird, query: str) -> list[httpx.Response]:
    """Ask on top of a pipe, of a pipe, and of a data source with a filter."""
    pages = tinybird.token(reads("pages", tenant="a"))
    by_pipe, by_filter = (
        query.format(source=name) + " FORMAT JSON" for name in ("pages", "visits")
    )
    return [
        tinybird.get("/v0/pipes/pages.json", pages, q=query.format(source="_")),
        tinybird.get("/v0/sql", pages, q=by_pipe),
        tinybird.get("/v0/sql", tinybird.token(OWN_FILTER), q=by_filter),
    ]


def test_the_seal_alone_holds(weakened: Callable[[str], Tinybird]) -> None:
    tinybird = weakened(NO_REFUSAL)
    every = [answer for query in REDEFINITIONS for answer in answers(tinybird, query)]
    # Not refused: it ran, and the seal held.
    assert sum(answer.status_code == 200 for answer in every) > len(every) / 2
    assert not [answer.url for answer in every if "/secret" in answer.text]


def finals(tinybird: Tinybird) -> list[httpx.Response]:
    """Ask for the newest rows of a data source with a filter."""
    token = tinybird.token({**OWN_FILTER, "resource": "items"})
    return [
        tinybird.get("/v0/sql", token, q=query.format(source="items FINAL"))
        for query in REDEFINITIONS
    ]


def test_the_seal_of_the_newest_rows_alone_holds(weakened: Callable[[str], Tinybird]) -> None:
    every = finals(weakened(NO_REFUSAL))
    assert sum(answer.status_code == 200 for answer in every) > len(every) / 2
    assert not [answer.url for answer in every if "/secret" in answer.text]


def test_without_both_the_newest_secret_is_out(weakened: Callable[[str], Tinybird]) -> None:
    every = finals(weakened(f"{NO_SEAL}; {NO_REFUSAL}"))
    assert [answer.url for answer in every if "/secret" in answer.text]


def test_the_refusal_alone_holds(weakened: Callable[[str], Tinybird]) -> None:
    tinybird = weakened(NO_SEAL)
    every = [answer for query in LAMBDAS for answer in answers(tinybird, query)]
    assert {answer.status_code for answer in every} == {400}
    assert all("A lambda with a name is not allowed" in answer.text for answer in every)


def test_without_both_the_secret_is_out(weakened: Callable[[str], Tinybird]) -> None:
    """That the other tests here ask for what matters."""
    tinybird = weakened(f"{NO_SEAL}; {NO_REFUSAL}")
    every = [answer for query in LAMBDAS for answer in answers(tinybird, query)]
    assert [answer.url for answer in every if "/secret" in answer.text]
