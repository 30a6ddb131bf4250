"""Starts a Redis for the tests, or installs one: ``python -m tests.redis_server``."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from redis import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

ADVICE: Final = (
    "No redis-server was found for the tests of what backend processes share. Install it (on "
    "Debian: apt-get install redis-server)."
)


@dataclass(frozen=True)
class RedisServer:
    """A Redis of its own, which listens on a socket file alone."""

    url: str
    process: subprocess.Popen[bytes]

    # Of any type, because Redis's own types say that each answer may have to be awaited.
    def client(self) -> Any:
        """Return a client, which waits for a server that is still starting."""
        return Redis.from_url(self.url, retry=Retry(ConstantBackoff(0.02), 500))

    def hang(self) -> None:
        """Answer nothing any more, but keep all connections."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def redis_server(*options: str) -> Iterator[RedisServer]:
    """Run a Redis that keeps nothing on disk."""
    # Not in the folder of a test: the path of a socket has 107 characters at most.
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "redis.sock"
        command = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--dir", folder]
        command += ["--save", "", "--loglevel", "warning", *options]
        server = RedisServer(f"unix://{socket}", subprocess.Popen(command))
        try:
            with server.client() as client:
                client.ping()
            yield server
        finally:
            server.stop()


def is_there() -> bool:
    return shutil.which("redis-server") is not None


def main() -> int:
    """Install a Redis where the machine is ours, a container; return 1 where there is none."""
    if not is_there() and os.geteuid() == 0 and shutil.which("apt-get"):
        sys.stderr.write("Installing redis-server for the tests.\n")
        for words in ("update", "install --yes --no-install-recommends redis-server"):
            subprocess.run(["apt-get", *words.split()], capture_output=True, check=False)
    if is_there():
        return 0
    sys.stderr.write(f"{ADVICE} Until then they are skipped.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
