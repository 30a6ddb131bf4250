"""What is served, and what is said, when a project has a mistake that only ClickHouse finds."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.local.tinybird.process import Tinybird, reads, until
from tests.local.tinybird.project import visit, write_project
from tests.sessions import PRODUCT

PIPE = "endpoints/pages.pipe"


def line_of(file: Path, text: str) -> int:
    return file.read_text().partition(text)[0].count("\n") + 1


def test_a_mistake_in_a_pipe_is_reported_and_the_last_version_stays(
    project: Path, tmp_path: Path
) -> None:
    with Tinybird(project, tmp_path / "data") as running:
        running.add(visit())
        pipe = project / PIPE
        line = line_of(pipe, "FROM visits")
        pipe.write_text(pipe.read_text().replace("FROM visits", "FROM nothing"))
        until(lambda: f"{PIPE}:{line}: " in running.log.read_text(), "no report")
        assert "'nothing'" in running.log.read_text()
        assert "The last good version of the project is still served" in running.log.read_text()
        answer = running.get("/v0/pipes/pages.json", tenant="a")
        assert [row["page"] for row in answer.json()["data"]] == ["/home"]


@contextmanager
def restarted(project: Path, data: Path, **changes: tuple[str, str]) -> Iterator[Tinybird]:
    """Run it, stop it, change files by their names, and run it again."""
    with Tinybird(project, data) as running:
        running.add(visit())
        running.stop()
        running.release()
        running.log.write_text("")
        change(project, **changes)
        running.start()
        yield running


def change(project: Path, **changes: tuple[str, str]) -> None:
    for name, (old, new) in changes.items():
        [file] = project.rglob(f"{name}.*")
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))


def test_a_mistake_at_the_start_costs_the_pipe_and_those_that_read_from_it(
    project: Path, tmp_path: Path
) -> None:
    pipe = project / PIPE
    line = line_of(pipe, "sum(seconds)")
    with restarted(project, tmp_path / "data", pages=("sum(seconds)", "sum(nothing)")) as running:
        assert f"{PIPE}:{line}: " in running.log.read_text()
        assert "but for what this concerns: pages, total." in running.log.read_text()
        for name in ("pages", "total"):
            for answer in (
                running.get(f"/v0/pipes/{name}.json", tenant="a"),
                running.get(f"/v0/pipes/{name}"),
                running.get("/v0/sql", q=f"SELECT * FROM {name}", tenant="a"),
            ):
                assert answer.status_code == 400
                assert set(answer.json()) == {"error", "documentation"}
                assert f"'{name}' is not served. {PIPE}:{line}: " in answer.json()["error"]
                assert "nothing" in answer.json()["error"]
        stranger = running.token(reads("echo"))
        for path in ("/v0/pipes/pages.json", "/v0/pipes/pages"):
            assert running.get(path, stranger).status_code == 403
        assert running.get("/v0/pipes/echo.json", text="x").status_code == 200
        listed = running.get("/v0/pipes").json()["pipes"]
        assert {each["name"] for each in listed} == {"echo", "slow"}
        running.add(visit())
        pipe.write_text(pipe.read_text().replace("sum(nothing)", "sum(seconds)"))
        until(
            lambda: running.get("/v0/pipes/pages.json", tenant="a").status_code == 200,
            "not served again",
        )
        assert running.get("/v0/pipes/total.json", tenant="a").json()["data"] == [{"visits": 2}]


def test_a_data_sources_mistake_at_the_start_costs_what_reads_from_it(
    project: Path, tmp_path: Path
) -> None:
    with restarted(project, tmp_path / "data", visits=("UInt16", "UInt17")) as running:
        place = "datasources/visits.datasource:"
        for answer in (
            running.get("/v0/pipes/pages.json", tenant="a"),
            running.get("/v0/datasources/visits"),
            running.post("/v0/events?name=visits", json=visit()),
        ):
            assert (answer.status_code, place in answer.json()["error"]) == (400, True)
        stranger = running.token(reads("echo"))
        for answer in (
            running.get("/v0/datasources/visits", stranger),
            running.post("/v0/events?name=visits", stranger, json=visit()),
        ):
            assert (answer.status_code, place in answer.json()["error"]) == (403, False)
        assert running.get("/v0/pipes/echo.json", text="x").status_code == 200
        assert running.get("/v0/datasources/nested").status_code == 200
        source = project / "datasources" / "visits.datasource"
        source.write_text(source.read_text().replace("UInt17", "UInt16"))
        until(
            lambda: running.get("/v0/pipes/total.json", tenant="a").status_code == 200,
            "not served again",
        )
        assert running.sql("SELECT count() FROM visits") == "1"


def test_a_node_named_as_what_has_a_mistake_costs_nothing(project: Path, tmp_path: Path) -> None:
    (project / "endpoints" / "own.pipe").write_text(
        "NODE pages\nSQL >\n    SELECT 1 AS one\nNODE last\nSQL >\n    SELECT one FROM pages\n"
    )
    change(project, pages=("sum(seconds)", "sum(nothing)"))
    with Tinybird(project, tmp_path / "data") as running:
        assert running.get("/v0/pipes/own.json").json()["data"] == [{"one": 1}]
        assert running.get("/v0/pipes/pages.json").status_code == 400


def test_every_mistake_is_told(project: Path, tmp_path: Path) -> None:
    changes = {
        "visits": ("UInt16", "UInt17"),
        "nested": ("ENGINE ", "ENGIN "),
        "echo": ("AS text", "AS text, nope, {{ Strin(text) }}"),
        "slow": ("sum(", "summ("),
    }
    (project / "endpoints" / "two.pipe").write_text(
        "NODE one\nSQL >\n    SELECT nope\n\nNODE two\nSQL >\n    %\n    SELECT 1\n"
        "    {% if defined(x) %}\n    , no\n    {% else %}\n    , neither\n    {% end %}\n"
    )
    change(project, **changes)
    with Tinybird(project, tmp_path / "data") as running:
        said = running.log.read_text()
    for place in (
        f"visits.datasource:{line_of(project / 'datasources/visits.datasource', 'UInt17')}: ",
        f"nested.datasource:{line_of(project / 'datasources/nested.datasource', 'ENGIN ')}: ",
        f"echo.pipe:{line_of(project / 'endpoints/echo.pipe', 'Strin(')}: ",
        f"slow.pipe:{line_of(project / 'endpoints/slow.pipe', 'summ(')}: ",
        *(f"two.pipe:{line}: " for line in (3, 10, 12)),
    ):
        assert place in said
    # What reads from a mistake has none of its own.
    assert "pages.pipe:" not in said
    assert "total.pipe:" not in said


def test_a_change_that_rows_cannot_follow_costs_its_data_source_at_the_start(
    project: Path, tmp_path: Path
) -> None:
    with restarted(project, tmp_path / "data", visits=("UInt16", "String")) as running:
        assert "column 'status' was UInt16 and is now String" in running.log.read_text()
        answer = running.get("/v0/pipes/pages.json", tenant="a")
        assert (answer.status_code, "column 'status'" in answer.json()["error"]) == (400, True)
        assert running.get("/v0/pipes/echo.json", text="x").status_code == 200


def test_beside_an_older_mistake_a_new_one_takes_nothing_away(
    project: Path, tmp_path: Path
) -> None:
    echo = project / "endpoints" / "echo.pipe"
    good = echo.read_text()
    echo.write_text(good.replace("AS text", "AS text, nope"))
    with Tinybird(project, tmp_path / "data") as running:
        running.add(visit())
        for name, old, new, said in (
            ("visits", "`tenant` String", "`tenant` LowCardinality(String)", "column 'tenant' was"),
            ("pages", "sum(seconds)", "sum(nothing)", "`nothing`"),
        ):
            change(project, **{name: (old, new)})
            until(lambda said=said: said in running.log.read_text(), "no report")  # type: ignore[misc]
            assert "The last good version of the project is still served" in running.log.read_text()
            running.add(visit())
            assert running.get("/v0/pipes/total.json", tenant="a").status_code == 200
            change(project, **{name: (new, old)})
        # What has a mistake no more is served while something else has one still.
        (project / "endpoints" / "more.pipe").write_text("NODE n\nSQL >\n    SELECT nope\n")
        echo.write_text(good)
        until(
            lambda: running.get("/v0/pipes/echo.json", text="x").status_code == 200,
            "not served again",
        )


def test_two_files_of_one_name_are_both_left_out(project: Path, tmp_path: Path) -> None:
    more = project / "pipes"
    more.mkdir()
    (more / "echo.pipe").write_text("NODE n\nSQL >\n    SELECT 1\n")
    with Tinybird(project, tmp_path / "data") as running:
        answer = running.get("/v0/pipes/echo.json", text="x")
        assert (answer.status_code, "the same name" in answer.json()["error"]) == (400, True)
        assert running.get("/v0/pipes/slow").status_code == 200


def test_an_unchanged_project_is_loaded_again_without_a_word(project: Path, tmp_path: Path) -> None:
    with Tinybird(project, tmp_path / "data") as running:
        running.add(visit())
        running.stop()
        running.release()
        before = running.log.read_text()
        running.start()
        said = running.log.read_text().removeprefix(before)
        assert "up to date" not in said
        assert "error" not in said.lower()
        assert running.get("/v0/pipes/pages.json", tenant="a").status_code == 200


def test_a_change_during_the_first_load_is_served(tmp_path: Path) -> None:
    project = shutil.copytree(PRODUCT.project, tmp_path / "project")
    pipe = project / "endpoints" / "added.pipe"

    class Edited(Tinybird):
        """Its project changes during the first load."""

        def answers(self) -> bool:
            # By then the project was read, and its tables are tried out.
            has_begun = any((self.data / "chdb" / "metadata").glob("*_rehearsal*"))
            if has_begun and not pipe.exists():
                assert "serves" not in self.log.read_text()
                pipe.write_text("NODE n\nSQL >\n    SELECT 1 AS one\n\nTYPE ENDPOINT\n")
            return super().answers()

    with Edited(project, tmp_path / "data") as running:
        until(
            lambda: running.get("/v0/pipes/added.json").status_code == 200, "the change is missed"
        )


def test_a_folder_that_is_made_anew_is_followed(project: Path, tmp_path: Path) -> None:
    with Tinybird(project, tmp_path / "data") as running:
        shutil.rmtree(project)
        until(lambda: f"{project} is gone" in running.log.read_text(), "no report")
        assert running.get("/v0/pipes/echo.json", text="x").status_code == 200
        write_project(project)
        until(lambda: "The project was reloaded" in running.log.read_text(), "not loaded again")
        pipe = project / "endpoints" / "echo.pipe"
        pipe.write_text(pipe.read_text().replace("AS text", "AS renamed"))
        until(
            lambda: "renamed" in running.get("/v0/pipes/echo.ndjson", text="x").text,
            "the change is not served",
        )
