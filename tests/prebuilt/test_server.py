"""What is looked at and tidied before the workers start."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from clerk_tinybird_app.prebuilt import server, supervisor, worker
from clerk_tinybird_app.settings import Settings, SettingsError
from tests.running_app import free_port

ROOT = Path(__file__).parents[2]
_SERVING = """
import sys
from clerk_tinybird_app import commands as main
from clerk_tinybird_app.check import Surroundings
from clerk_tinybird_app.reflex_internals import as_built
as_built.EXPORT = (sys.executable, "-c", "open('building', 'w')")
sys.exit(main.main(["serve"], around=Surroundings(), out=sys.stdout))
"""


def test_a_port_that_is_taken_is_told_before_the_build(app: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TINYBIRD_PROJECT": str(ROOT / os.environ["TINYBIRD_PROJECT"]),
            "REFLEX_BACKEND_HOST": "127.0.0.1",
            "REFLEX_FRONTEND_PORT": str(port),
        }
        done = subprocess.run(
            [sys.executable, "-c", _SERVING],
            cwd=app,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert f"Another program listens on port {port}." in done.stderr
    assert not (app / "building").exists()


@pytest.mark.parametrize(
    ("has_pages", "name"), [(True, "REFLEX_FRONTEND_PORT"), (False, "REFLEX_BACKEND_PORT")]
)
def test_a_port_that_is_taken_is_told_by_the_variable_that_chooses_it(
    name: str, *, has_pages: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environ = {"REFLEX_BACKEND_HOST": "127.0.0.1", name: str(port)}

        with pytest.raises(server.PortTakenError, match=f"listens on port {port}.* set {name} to"):
            server.require_free(Settings.from_environ(environ), has_pages=has_pages)


@pytest.fixture
def numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with the metrics of workers from before."""
    folder = tmp_path / "numbers"
    folder.mkdir()
    for name in ("counter_7.db", "gauge_livesum_7.db", "histogram_7.db", "somebodys_7.db"):
        (folder / name).touch()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def serve(monkeypatch: pytest.MonkeyPatch, port: int, pages: Path) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setattr(supervisor.Supervisor, "run", ended)
    environ = {"REFLEX_BACKEND_HOST": "127.0.0.1", "REFLEX_FRONTEND_PORT": str(port)}
    with pytest.raises(SystemExit):
        server.serve(Settings.from_environ(environ), pages, lambda _: None)


async def ended(*_: object) -> int:
    return 0


def test_uvicorns_variables_count_in_a_dotenv_file_too_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "UVICORN_LIMIT_CONCURRENCY=7\nUVICORN_BACKLOG=2048\nUVICORN_LOOP=\n"
    (tmp_path / ".env").write_text(f"{lines}TINYBIRD_API_KEY=p.secret")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UVICORN_BACKLOG", "4096")

    serve(monkeypatch, free_port(), tmp_path)

    tuned = worker.tuned()
    assert (tuned["limit_concurrency"], tuned["backlog"]) == (7, 4096)
    assert "UVICORN_LOOP" not in os.environ
    assert "TINYBIRD_API_KEY" not in os.environ


def test_a_variable_of_uvicorns_that_it_cannot_use_is_told_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", os.environ | {"UVICORN_BACKLOG": "many"})

    with pytest.raises(SettingsError, match="UVICORN_BACKLOG"):
        server.serve(Settings(), tmp_path, lambda _: None)


def test_workers_do_not_go_on_from_the_numbers_of_an_earlier_server(
    numbers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(monkeypatch, free_port(), tmp_path)

    # No more is deleted where the folder is another by mistake.
    assert names(numbers) == ["somebodys_7.db"]


def test_the_numbers_of_a_server_that_runs_stay(
    numbers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = names(numbers)
    with socket.create_server(("127.0.0.1", 0)) as running, pytest.raises(server.PortTakenError):
        serve(monkeypatch, running.getsockname()[1], tmp_path)

    assert names(numbers) == before


def test_a_unix_socket_takes_the_place_of_one_that_was_left_and_of_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, settings = tmp_path / "app.sock", Settings()
    monkeypatch.setenv("UVICORN_UDS", str(path))
    path.write_text("somebody's")
    with (
        pytest.raises(server.PortTakenError, match="no socket"),
        server._listening(settings, has_pages=True),
    ):
        pass
    assert path.read_text() == "somebody's"

    path.unlink()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with server._listening(settings, has_pages=True):
        with (
            pytest.raises(server.PortTakenError, match="listens"),
            server._listening(settings, has_pages=True),
        ):
            pass
        assert path.is_socket()
    assert not path.exists()


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("127.0.0.1", "http://127.0.0.1:{}"),
        ("0.0.0.0", "http://0.0.0.0:{}"),
        ("::1", "http://[::1]:{}"),
    ],
)
def test_a_backend_alone_says_where_it_listens_and_an_app_what_users_open(
    host: str, said: str
) -> None:
    port = str(free_port())
    ports = {"REFLEX_FRONTEND_PORT": port, "REFLEX_BACKEND_PORT": port}
    settings = Settings.from_environ({"REFLEX_BACKEND_HOST": host} | ports)

    for has_pages, text in (
        (False, f"Backend running at: {said.format(port)}"),
        (True, f"App running at: {settings.origins[0]}"),
    ):
        with server._listening(settings, has_pages=has_pages) as listening:
            assert server._running(settings, listening, has_pages=has_pages) == text
