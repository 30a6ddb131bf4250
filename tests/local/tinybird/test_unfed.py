"""What a pipe would fill that does not run here is never silently empty."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.project import visit, write_project

TOTALS = """
SCHEMA >
    `page` String,
    `visits` UInt64

ENGINE "SummingMergeTree"
ENGINE_SORTING_KEY "page"
"""
FEEDER = """
NODE rows
SQL >
    SELECT page FROM visits

NODE fill
SQL >
    SELECT page, count() AS visits FROM rows GROUP BY page

TYPE {kind}
{target}
"""
OVER = """
NODE chosen
SQL >
    SELECT * FROM {source}

NODE endpoint
SQL >
    SELECT sum(visits) AS visits FROM chosen

TYPE ENDPOINT
"""
FILES = {
    "datasources/totals.datasource": TOTALS,
    "datasources/copied.datasource": TOTALS,
    "datasources/chained.datasource": TOTALS,
    "copies/totals_mv.pipe": FEEDER.format(kind="copy", target="TARGET_DATASOURCE totals"),
    "copies/nightly.pipe": FEEDER.format(kind="COPY", target="TARGET_DATASOURCE copied"),
    "sinks/exported.pipe": FEEDER.format(kind="sink", target="EXPORT_FORMAT csv"),
    "materializations/chained_mv.pipe": (
        "NODE fill\nSQL >\n    SELECT page, visits FROM totals\n"
        "TYPE materialized\nDATASOURCE chained\n"
    ),
    "endpoints/of_totals.pipe": OVER.format(source="totals"),
    "endpoints/of_copied.pipe": OVER.format(source="copied"),
    "endpoints/of_chained.pipe": OVER.format(source="chained"),
    "endpoints/of_pipe.pipe": OVER.format(source="of_totals"),
}
TOKENS = [reads(name) for name in ("of_totals", "of_copied", "of_chained", "of_pipe", "pages")]


def with_feeders(folder: Path) -> Path:
    project = write_project(folder)
    for name, text in FILES.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text)
    return project


@pytest.fixture(scope="module")
def own(tinybird: Tinybird, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    folder = tmp_path_factory.mktemp("unfed")
    with tinybird.serving(with_feeders(folder / "project")) as running:
        running.add(visit(), visit(page="/about"))
        yield running


@pytest.mark.parametrize(
    ("pipe", "empty", "feeder"),
    [
        ("of_totals", "totals", "'totals_mv' (TYPE copy)"),
        ("of_copied", "copied", "'nightly' (TYPE copy)"),
        # A materialized pipe runs, but gets nothing to run on.
        ("of_chained", "chained", "'totals_mv' (TYPE copy)"),
        ("of_pipe", "totals", "'totals_mv' (TYPE copy)"),
    ],
)
def test_an_answer_of_what_would_have_rows_is_an_error_that_names_the_pipe(
    own: Tinybird, pipe: str, empty: str, feeder: str
) -> None:
    token = own.token(*TOKENS)
    answers = [
        own.get(f"/v0/pipes/{pipe}.json", token),
        own.get(f"/v0/pipes/{pipe}.json", token, q="SELECT 1 FROM _"),
        own.get("/v0/sql", token, q=f"SELECT * FROM {pipe}"),
    ]
    for answer in answers:
        assert answer.status_code == 400
        assert f"'{empty}' is empty, as {feeder} would fill it" in answer.json()["error"]


def test_sql_over_the_data_source_itself_says_so_too(own: Tinybird) -> None:
    scope = {"type": "DATASOURCES:READ", "resource": "copied", "filter": "visits > 0"}
    for token in (None, own.token(scope)):
        answer = own.get("/v0/sql", token, q="SELECT count() FROM copied")
        assert (answer.status_code, "'nightly'" in answer.text) == (400, True)


def test_pipes_that_read_nothing_of_it_are_answered_without_a_word(own: Tinybird) -> None:
    answer = own.get("/v0/pipes/pages.json", tenant="a")
    assert answer.json()["data"]
    assert "X-Tinybird-Warning" not in answer.headers


def rows_and_warning(tinybird: Tinybird, key: str | None = None) -> tuple[Any, str]:
    answer = tinybird.get("/v0/pipes/of_totals.json", key)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"], answer.headers.get("X-Tinybird-Warning", "")


def test_nothing_is_refused_while_there_is_nothing_to_fill_it_with(
    tinybird: Tinybird, project: Path
) -> None:
    with tinybird.serving(with_feeders(project)) as empty:
        assert rows_and_warning(empty)[0] == [{"visits": 0}]


def test_rows_that_were_sent_to_it_are_answered_with_a_warning(
    project: Path, tmp_path: Path
) -> None:
    with Tinybird(with_feeders(project), tmp_path / "data") as filled:
        filled.add(visit())
        filled.add({"page": "/home", "visits": 41}, name="totals")
        rows, warning = rows_and_warning(filled)
        assert rows == [{"visits": 41}]
        assert warning.startswith("totals: only rows that were sent there")
        log = filled.log.read_text()
    for name, left in (
        ("copies/totals_mv.pipe:8", "'totals' gets no rows from it"),
        ("copies/nightly.pipe:8", "'copied' gets no rows from it"),
        ("sinks/exported.pipe:8", "it writes nothing"),
    ):
        [line] = [line for line in log.splitlines() if name in line]
        assert "the embedded Tinybird does not run such pipes" in line
        assert left in line


def test_a_build_tells_of_the_pipes_that_do_not_run(own: Tinybird) -> None:
    made = own.post("/v1/workspaces", params={"name": "unfed"}).json()
    parts = [
        ("data_project://", (path.relative_to(own.project).as_posix(), path.read_text()))
        for path in own.project.rglob("*.*")
    ]
    answer = own.post("/v1/build", made["token"], files=parts).json()
    assert answer["result"] == "success"
    told = {one["resource"]: one["message"] for one in answer["build"]["feedback"]}
    assert told.keys() == {"totals_mv", "nightly", "exported"}
    assert "copies/totals_mv.pipe:8: A node of TYPE copy" in told["totals_mv"]
