"""What is served, and what is said, when a project has a mistake that only ClickHouse finds."""

from pathlib import Path

from tests.local.tinybird.process import Tinybird, until
from tests.local.tinybird.project import visit

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


def test_a_mistake_at_the_start_leaves_nothing_to_ask_until_it_is_put_right(
    project: Path, tmp_path: Path
) -> None:
    pipe = project / PIPE
    right = pipe.read_text()
    line = line_of(pipe, "sum(seconds)")
    with Tinybird(project, tmp_path / "data") as running:
        running.add(visit())
        running.stop()
        running.release()
        pipe.write_text(right.replace("sum(seconds)", "sum(nothing)"))
        running.start()
        assert f"{PIPE}:{line}: " in running.log.read_text()
        assert "Nothing is served until the mistake is gone" in running.log.read_text()
        assert running.get("/v0/pipes/echo.json", text="x").status_code == 404
        pipe.write_text(right)
        until(
            lambda: running.get("/v0/pipes/pages.json", tenant="a").status_code == 200,
            "not served again",
        )
        assert running.sql("SELECT count() FROM visits") == "1"


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
