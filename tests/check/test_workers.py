"""Whether so many workers, with so much memory each, can serve."""

import pytest

from clerk_tinybird_app.check.workers import workers
from clerk_tinybird_app.settings import Settings
from tests.check.environments import TINYBIRD

SHARED = TINYBIRD | {"REFLEX_REDIS_URL": "redis://localhost", "REDIS_SECRET": "s" * 32}


def told(**environ: str) -> list[str]:
    return [each.code for each in workers(Settings.from_environ(SHARED | environ), cores=2)]


def test_more_than_two_workers_for_a_core_are_too_many() -> None:
    assert told(WEB_CONCURRENCY="4") == []
    assert told(WEB_CONCURRENCY="5") == ["workers/too-many"]


@pytest.mark.parametrize(("most", "found"), [("149", ["workers/little-memory"]), ("150", [])])
def test_a_limit_of_memory_leaves_room_to_serve(most: str, found: list[str]) -> None:
    assert told(WORKER_MAX_MEMORY=most) == found
