"""The process itself: one per data folder, clean at its end, never outlives its parent."""

import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.tinybird.process import ROOT, Tinybird, free_port, until
from tests.local.tinybird.project import visit, write_project


@pytest.fixture
def own(project: Path, tmp_path: Path) -> Iterator[Tinybird]:
    with Tinybird(project, tmp_path / "data") as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    folder = tmp_path_factory.mktemp("edited")
    with Tinybird(write_project(folder / "project"), folder / "data") as running:
        yield running


@pytest.fixture
def edited(shared: Tinybird) -> Iterator[Tinybird]:
    """One whose files a test may edit as it can be undone, which it is."""
    yield shared
    write_project(shared.project)
    until(
        lambda: shared.get("/v0/pipes/echo.ndjson", text="x").json() == {"text": "x", "number": 0},
        "the first version is not served again",
    )


def outcome(own: Tinybird, *changes: str) -> tuple[int, str]:
    """Start another process like ``own`` with other options; return status and last words."""
    done = subprocess.run(
        [*own.command(), *changes],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=20,
        check=False,
    )
    return done.returncode, done.stderr


def test_a_second_process_on_the_data_folder_says_who_has_it(tinybird: Tinybird) -> None:
    status, said = outcome(tinybird, "--port", "1")
    assert status == 5
    assert f"in use by process {tinybird.process.pid}" in said
    assert "--data" in said


def test_one_whose_parent_has_gone_does_not_first_load_its_project(
    tinybird: Tinybird, tmp_path: Path
) -> None:
    status, said = outcome(tinybird, "--data", str(tmp_path / "data"), "--port", str(free_port()))

    assert status == -signal.SIGTERM
    assert "serves" not in said


def test_a_port_in_use_is_said_so(tinybird: Tinybird, tmp_path: Path) -> None:
    status, said = outcome(tinybird, "--data", str(tmp_path / "other"))
    assert (status, "--port" in said) == (4, True)


def test_a_missing_project_is_said_so(tinybird: Tinybird, tmp_path: Path) -> None:
    status, said = outcome(tinybird, "--project", str(tmp_path / "nowhere"))
    assert (status, "--project" in said) == (3, True)


@pytest.mark.parametrize("sign", ["*", "?", "{a,b}"])
def test_a_data_folder_that_clickhouse_takes_for_a_pattern_is_said_so(
    tinybird: Tinybird, tmp_path: Path, sign: str
) -> None:
    folder = tmp_path / f"x{sign}y"
    status, said = outcome(tinybird, "--data", str(folder), "--port", str(free_port()))
    assert (status, said.count("\n")) == (6, 1)
    assert f"has a {sign[0]} in its path" in said
    assert not folder.exists()


def test_a_data_folder_that_cannot_be_made_is_said_so(tinybird: Tinybird, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, said = outcome(tinybird, "--data", str(tmp_path / "file" / "data"))
    assert (status, said.count("\n")) == (6, 1)
    assert "cannot be used: Not a directory" in said


def test_sigterm_ends_it_cleanly_and_rows_tokens_and_key_stay(own: Tinybird) -> None:
    own.add(visit(tenant="stays"))
    token = own.get("/v0/tokens/visits_append").json()["token"]
    key = own.key
    assert own.stop() == 0
    own.release()
    own.start()
    assert own.key == key
    assert own.get("/v0/tokens/visits_append").json()["token"] == token
    assert own.sql("SELECT tenant FROM visits") == "stays"


def test_it_ends_with_its_parent(own: Tinybird) -> None:
    own.release()
    assert own.process.wait(timeout=20) == 0


def test_it_ends_on_interrupt(own: Tinybird) -> None:
    own.process.send_signal(signal.SIGINT)
    assert own.process.wait(timeout=20) == 0


def test_what_it_keeps_is_its_owners_alone(tinybird: Tinybird) -> None:
    for kept in (tinybird.data, tinybird.data.with_name("data-workspace.json")):
        assert stat.S_IMODE(kept.stat().st_mode) & 0o077 == 0


def test_a_changed_pipe_is_served_at_once(edited: Tinybird) -> None:
    pipe = edited.project / "endpoints" / "echo.pipe"
    pipe.write_text(pipe.read_text().replace("AS text", "AS renamed"))
    until(
        lambda: "renamed" in edited.get("/v0/pipes/echo.ndjson", text="x").text,
        "the change is not served",
    )


def test_a_mistake_is_reported_with_its_place_and_the_last_version_stays(edited: Tinybird) -> None:
    pipe = edited.project / "endpoints" / "echo.pipe"
    lines = pipe.read_text().splitlines()
    place = next(n for n, line in enumerate(lines, 1) if "SELECT" in line)
    pipe.write_text("\n".join([*lines[: place - 1], "    {% include 'x' %}", *lines[place - 1 :]]))
    until(lambda: f"endpoints/echo.pipe:{place}:" in edited.log.read_text(), "no report")
    assert edited.get("/v0/pipes/echo.ndjson", text="x").json() == {"text": "x", "number": 0}


def test_a_new_column_is_added_to_rows_that_are_there(own: Tinybird) -> None:
    own.add(visit())
    source = own.project / "datasources" / "visits.datasource"
    more = "`extra` Int8 `json:$.extra` DEFAULT 5,\n    `status`"
    source.write_text(source.read_text().replace("`status`", more, 1))
    until(lambda: "extra" in own.sql("DESCRIBE visits"), "no new column")
    until(lambda: "extra" in own.get("/v0/datasources/visits").text, "not served")
    own.add(visit(extra=6))
    assert own.sql("SELECT extra FROM visits ORDER BY extra") == "5\n6"


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("UInt16", "String", "column 'status' was UInt16 and is now String"),
        ("`note` Nullable(String) `json:$.note`,", "", "column 'note' is gone"),
    ],
)
def test_a_change_that_rows_cannot_follow_says_what_to_do(
    edited: Tinybird, before: str, after: str, said: str
) -> None:
    edited.add(visit())
    source = edited.project / "datasources" / "visits.datasource"
    # The process is shared, and so is its log.
    earlier = len(edited.log.read_text())
    source.write_text(source.read_text().replace(before, after))
    until(lambda: said in edited.log.read_text()[earlier:], "the change is not reported")
    assert "another name" in edited.log.read_text()[earlier:]
    edited.add(visit())


def test_a_product_without_a_sample_to_use_is_said_so(tinybird: Tinybird) -> None:
    status, said = outcome(tinybird, "--product", "nowhere")
    assert (status, "'nowhere' has no sample to use: No module named" in said) == (2, True)
