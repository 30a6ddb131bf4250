"""A server keeps its workers, renews them without mixing releases, and ends in time."""

import gc
import os
import pty
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.prebuilt.serving import Serving, has_ended
from tests.running_app import answers, wait_until


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    made = Serving(tmp_path)
    yield made
    made.end()


# A session of its own that takes the terminal on its standard input, as a login does.
_IN_TERMINAL = (
    sys.executable, "-c",
    "import fcntl, os, signal, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    # As in a new shell, also where the tests run behind nohup.
    "signal.signal(signal.SIGHUP, signal.SIG_DFL);"
    "os.execvp(sys.argv[1], sys.argv[1:])",
)  # fmt: skip


def test_a_server_ends_with_its_terminal(serving: Serving) -> None:
    window, terminal = pty.openpty()
    serving.start(*_IN_TERMINAL, stdin=terminal)
    os.close(terminal)

    os.close(window)

    assert serving.process.wait(20) == 0
    assert not answers(serving.url)


def test_a_ctrl_c_is_for_the_main_process_which_ends_the_others(serving: Serving) -> None:
    serving.start()
    worker = serving.worker()
    # The main process is late, as on a busy machine.
    serving.process.send_signal(signal.SIGSTOP)
    os.killpg(serving.process.pid, signal.SIGINT)
    assert serving.worker() == worker

    serving.process.send_signal(signal.SIGCONT)

    assert serving.process.wait(20) == 0
    assert has_ended(worker)
    assert serving.log.read_text().splitlines()[-1] == "App stopped."
    assert "ended with status" not in serving.log.read_text()


def test_one_that_nohup_has_started_renews_its_workers_instead(serving: Serving) -> None:
    window, terminal = pty.openpty()
    serving.start(*_IN_TERMINAL, "nohup", stdin=terminal)
    os.close(terminal)
    before = serving.worker()

    os.close(window)

    wait_until(lambda: serving.worker() != before, seconds=20, what="it has not got the signal")


def test_without_a_terminal_a_hup_renews_the_workers(serving: Serving) -> None:
    serving.start()
    before = serving.worker()

    serving.process.send_signal(signal.SIGHUP)

    wait_until(lambda: serving.worker() != before, seconds=20, what="it is the same worker")


def test_no_worker_is_renewed_with_another_release(serving: Serving) -> None:
    serving.start()
    before = serving.worker()
    (serving.folder / "changed").write_text("clerk_tinybird_app/routes.py")

    serving.process.send_signal(signal.SIGHUP)

    wait_until(lambda: "not renewed" in serving.log.read_text(), seconds=20, what="nothing is told")
    assert "clerk_tinybird_app/routes.py" in serving.log.read_text()
    assert serving.worker() == before


def test_a_worker_that_has_ended_is_replaced_all_the_same_and_that_is_told(
    serving: Serving,
) -> None:
    serving.start()
    before = serving.worker()
    (serving.folder / "changed").write_text("clerk_tinybird_app/routes.py")

    os.kill(before, signal.SIGKILL)

    wait_until(lambda: answers(serving.url), seconds=20, what="no worker has begun")
    assert serving.worker() != before
    assert "one of another release" in serving.log.read_text()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Serving]:
    """A server with two workers that serve."""
    made = Serving(tmp_path, workers=2).start()
    wait_until(lambda: _begun(made) == 2, seconds=30, what="not all serve")
    yield made
    made.end()


def _begun(serving: Serving) -> int:
    return serving.log.read_text().count("ready after")


def test_of_several_workers_one_that_is_killed_is_replaced_within_a_second(pair: Serving) -> None:
    killed, other = pair.workers()

    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: len(pair.workers() - {killed}) == 2, seconds=1, what="it is not replaced")

    assert other in pair.workers()
    assert pair.has_said(f"Worker {killed} ended with status -9. Another one takes its")


def test_while_a_worker_cannot_take_anothers_place_the_others_go_on(pair: Serving) -> None:
    killed, other = pair.workers()
    (pair.folder / "broken").touch()

    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: pair.has_said("The others go on."), seconds=20, what="it says nothing")

    assert pair.worker() == other
    (pair.folder / "broken").unlink()
    wait_until(lambda: _begun(pair) == 3, seconds=20, what="nobody takes its place")


def test_without_a_process_for_a_worker_the_server_goes_on_and_tries_again(pair: Serving) -> None:
    killed, other = pair.workers()
    (pair.folder / "none").touch()

    pair.process.send_signal(signal.SIGHUP)
    told = "No worker is renewed: the system gives no process"
    wait_until(lambda: pair.has_said(told), seconds=20, what="it says nothing of the signal")
    os.kill(killed, signal.SIGKILL)
    told = "The system gives no worker a process"
    wait_until(lambda: pair.has_said(told), seconds=20, what="it says nothing of the worker")

    assert pair.worker() == other
    (pair.folder / "none").unlink()
    wait_until(lambda: _begun(pair) == 3, seconds=20, what="nobody takes its place")


def test_what_comes_while_a_server_starts_waits_for_its_first_worker(serving: Serving) -> None:
    (serving.folder / "waits").touch()
    serving.begin()
    wait_until(lambda: serving.has_said("Starting 1 worker"), seconds=20, what="it does not begin")
    with socket.create_connection(("127.0.0.1", serving.port), timeout=20) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        (serving.folder / "waits").unlink()

        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_when_the_last_worker_has_ended_clients_are_refused_and_need_not_wait(
    serving: Serving,
) -> None:
    worker = serving.start().worker()
    (serving.folder / "waits").touch()
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: serving.has_said("Another one takes its"), what="nothing is told")
    with pytest.raises(httpx.ConnectError):
        serving.worker()

    (serving.folder / "waits").unlink()
    wait_until(lambda: answers(serving.url), seconds=20, what="it does not serve again")


def test_a_server_whose_worker_cannot_start_ends_and_says_so_once(serving: Serving) -> None:
    (serving.folder / "broken").touch()

    serving.begin()

    assert serving.process.wait(30) == 1
    said = serving.log.read_text()
    assert said.count("AssertionError: it is broken") == 1
    assert "A worker ended with status 1 before it served, so the server ends." in said
    assert said.splitlines()[-1] == "App stopped."


def test_a_server_ends_where_the_one_that_takes_anothers_place_cannot_start(
    serving: Serving,
) -> None:
    worker = serving.start().worker()
    (serving.folder / "broken").touch()

    os.kill(worker, signal.SIGKILL)

    assert serving.process.wait(30) == 1
    assert serving.has_said("so the server ends")


def test_workers_stay_where_a_new_one_cannot_start(serving: Serving) -> None:
    before = serving.start().worker()
    (serving.folder / "broken").touch()

    serving.process.send_signal(signal.SIGHUP)

    wait_until(lambda: serving.has_said("No worker is renewed"), seconds=20, what="nothing is told")
    assert serving.worker() == before


def test_a_worker_that_is_renewed_finishes_what_is_under_way(serving: Serving) -> None:
    before = serving.start().worker()
    with socket.create_connection(("127.0.0.1", serving.port), timeout=20) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1")
        serving.process.send_signal(signal.SIGHUP)
        wait_until(lambda: serving.worker() != before, seconds=20, what="it is the same worker")

        connection.sendall(b"2")

        answer = b"".join(iter(lambda: connection.recv(4096), b""))
        assert answer.endswith(f"{before}\r\n0\r\n\r\n".encode())
    wait_until(lambda: has_ended(before), what="it has not ended")


def test_a_worker_collects_garbage_more_seldom_than_python_does_by_itself(serving: Serving) -> None:
    answer = httpx.get(serving.start().url)

    # Full collections stop a worker with thousands of tabs, and come with those of the youngest.
    assert int(answer.headers["x-collected-after"]) > 10 * gc.get_threshold()[0]


def test_a_connection_that_has_only_just_come_is_answered_though_the_server_ends(
    tmp_path: Path,
) -> None:
    serving = Serving(tmp_path, FIRST_SECONDS="5").start()
    try:
        with socket.create_connection(("127.0.0.1", serving.port), timeout=20) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n")
            serving.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not is_open(serving.port), what="it listens still")

            connection.sendall(b"Host: x\r\n\r\n")

            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert serving.process.wait(10) == 0
    finally:
        serving.end()


def is_open(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
        return True
    return False


def test_what_hangs_at_the_end_is_killed(tmp_path: Path) -> None:
    serving = Serving(tmp_path, stop=0.5).start()
    try:
        (serving.folder / "hangs").touch()
        worker = serving.worker()

        serving.process.send_signal(signal.SIGTERM)

        assert serving.process.wait(10) == 0
        assert has_ended(worker)
        assert serving.has_said(f"Worker {worker} was killed: it did not end.")
    finally:
        serving.end()


def test_a_worker_that_has_too_much_memory_is_renewed_once_where_each_would_have(
    tmp_path: Path,
) -> None:
    serving = Serving(tmp_path, WORKER_MAX_MEMORY="1").start()
    try:
        wait_until(
            lambda: serving.has_said("Set it higher."), seconds=20, what="it does not say so"
        )
        renewed = re.findall(r"Worker (\d+) has more .* It is renewed", serving.log.read_text())
        assert len(renewed) == 1
        assert str(serving.worker()) not in renewed
    finally:
        serving.end()


def test_no_worker_outlives_a_main_process_that_is_killed(serving: Serving) -> None:
    worker = serving.start().worker()

    serving.process.kill()

    wait_until(lambda: has_ended(worker), what="it serves on")
    with pytest.raises(httpx.ConnectError):
        serving.worker()


def test_a_server_listens_on_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    serving = Serving(tmp_path, UVICORN_UDS=str(path)).begin()
    try:
        wait_until(lambda: serving.has_said("App running"), seconds=20, what="it does not begin")
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as http:
            worker = int(http.get("http://app/", timeout=20).text)
            assert worker in serving.workers()
            os.kill(worker, signal.SIGKILL)
        wait_until(lambda: serving.has_said("Another one"), seconds=20, what="nothing is told")
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as http:
            assert int(http.get("http://app/", timeout=20).text) != worker
        serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(10) == 0
        assert not path.exists()
    finally:
        serving.end()


def test_a_server_listens_on_ipv6(tmp_path: Path) -> None:
    serving = Serving(tmp_path, REFLEX_BACKEND_HOST="::1").begin()
    try:
        url = f"http://[::1]:{serving.port}"
        wait_until(lambda: answers(url), seconds=20, what=f"it does not begin: {serving.log}")
    finally:
        serving.end()
