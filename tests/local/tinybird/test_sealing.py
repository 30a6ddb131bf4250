"""Two guards keep SQL from redefining what a pipe's own query says; each is enough alone.

A pipe's query is sealed from the SQL around it, and SQL with named lambdas is refused. In each test
the process runs without one of them.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.project import visit
from tests.local.tinybird.test_pipes import REDEFINITIONS

WITHOUT = """
import re, sys
from clerk_tinybird_app.local.tinybird.queries import answer as queries
from clerk_tinybird_app.local.tinybird.queries import statement
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


@contextmanager
def weakened(weakness: str, project: Path, data: Path) -> Iterator[Tinybird]:
    kind = type("Weakened", (Weakened,), {"weakness": weakness})
    with kind(project, data) as running:
        running.add(visit(), visit(tenant="b", page="/secret"))
        yield running


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


def test_the_seal_alone_holds(project: Path, tmp_path: Path) -> None:
    with weakened(NO_REFUSAL, project, tmp_path / "data") as tinybird:
        every = [answer for query in REDEFINITIONS for answer in answers(tinybird, query)]
    # Not refused: it ran, and the seal held.
    assert sum(answer.status_code == 200 for answer in every) > len(every) / 2
    assert not [answer.url for answer in every if "/secret" in answer.text]


def finals(project: Path, data: Path, weakness: str) -> list[httpx.Response]:
    """Ask for the newest rows of a data source with a filter."""
    (project / "datasources" / "items.datasource").write_text(ITEMS)
    with weakened(weakness, project, data) as tinybird:
        tinybird.add(
            {"tenant": "a", "page": "/home", "id": 1, "version": 1},
            {"tenant": "b", "page": "/secret", "id": 2, "version": 1},
            name="items",
        )
        token = tinybird.token({**OWN_FILTER, "resource": "items"})
        return [
            tinybird.get("/v0/sql", token, q=query.format(source="items FINAL"))
            for query in REDEFINITIONS
        ]


def test_the_seal_of_the_newest_rows_alone_holds(project: Path, tmp_path: Path) -> None:
    every = finals(project, tmp_path / "data", NO_REFUSAL)
    assert sum(answer.status_code == 200 for answer in every) > len(every) / 2
    assert not [answer.url for answer in every if "/secret" in answer.text]


def test_without_both_the_newest_secret_is_out(project: Path, tmp_path: Path) -> None:
    every = finals(project, tmp_path / "data", f"{NO_SEAL}; {NO_REFUSAL}")
    assert [answer.url for answer in every if "/secret" in answer.text]


def test_the_refusal_alone_holds(project: Path, tmp_path: Path) -> None:
    with weakened(NO_SEAL, project, tmp_path / "data") as tinybird:
        every = [answer for query in LAMBDAS for answer in answers(tinybird, query)]
    assert {answer.status_code for answer in every} == {400}
    assert all("A lambda with a name is not allowed" in answer.text for answer in every)


def test_without_both_the_secret_is_out(project: Path, tmp_path: Path) -> None:
    """That the other tests here ask for what matters."""
    with weakened(f"{NO_SEAL}; {NO_REFUSAL}", project, tmp_path / "data") as tinybird:
        every = [answer for query in LAMBDAS for answer in answers(tinybird, query)]
    assert [answer.url for answer in every if "/secret" in answer.text]
