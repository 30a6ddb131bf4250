"""A stop of the server ends in time while Redis hangs."""

import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from clerk_tinybird_app.prebuilt.supervisor import STOP_SECONDS
from tests.redis_server import ADVICE, is_there, redis_server
from tests.reflex_internals.backend import Backend

TABS: Final = 6
"""So many that it would take too long to wait for Redis once for each."""


@pytest.mark.skipif(not is_there(), reason=ADVICE)
def test_a_stop_waits_for_a_redis_that_hangs_no_longer_with_more_tabs(tmp_path: Path) -> None:
    with redis_server() as server, ExitStack() as tabs:
        env = {"REFLEX_REDIS_URL": server.url, "REDIS_SECRET": "s" * 32}
        with Backend(tmp_path / "app", **env) as backend:
            for _ in range(TABS):
                tabs.enter_context(backend.tab())
            server.hang()
            began = time.monotonic()

            backend.app.end(signal.SIGTERM)

            assert backend.app.ended() == 0
            assert time.monotonic() - began < STOP_SECONDS
            assert "cut off" not in backend.log()
            assert "Traceback" not in backend.log()
