"""How many workers there are, by the settings and the limits of the machine."""

import os
import runpy
from pathlib import Path

import pytest

from clerk_tinybird_app.prebuilt.cores import MAX_WORKERS, usable_cores, workers
from clerk_tinybird_app.settings import Settings
from tests.test_settings import TINYBIRD

REDIS = {"REFLEX_REDIS_URL": "redis://127.0.0.1:6379", "REDIS_SECRET": "s" * 32}


@pytest.fixture(autouse=True)
def sixteen_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "proc/self").mkdir(parents=True)
    return tmp_path


def write(root: Path, **files: str) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def number(root: Path, **environ: str) -> int:
    return workers(Settings.from_environ(environ), root)


def test_without_redis_there_is_one(root: Path) -> None:
    assert number(root) == number(root, **TINYBIRD) == 1


def test_with_redis_there_are_as_many_as_cores_but_not_too_many(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert number(root, **REDIS, **TINYBIRD) == MAX_WORKERS
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5})
    assert number(root, **REDIS, **TINYBIRD) == 2


def test_the_embedded_tinybird_belongs_to_one(root: Path) -> None:
    assert number(root, **REDIS) == 1


def test_the_setting_wins_under_graniansname_too(root: Path) -> None:
    assert number(root, **REDIS, **TINYBIRD, WEB_CONCURRENCY="3") == 3
    assert number(root, **REDIS, **TINYBIRD, GRANIAN_WORKERS="5") == 5


@pytest.mark.parametrize(
    ("limit", "cores"),
    [
        ("200000 100000", 2),
        ("250000 100000", 2),
        ("50000 100000", 1),
        ("max 100000", 16),
        ("x", 16),
    ],
)
def test_a_containers_limit_counts(root: Path, limit: str, cores: int) -> None:
    write(root, **{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": limit})

    assert usable_cores(root) == cores


def test_the_lowest_limit_of_all_groups_around_counts(root: Path) -> None:
    write(
        root,
        **{
            "proc/self/cgroup": "0::/system.slice/app.service\n",
            "sys/fs/cgroup/system.slice/cpu.max": "300000 100000",
            "sys/fs/cgroup/system.slice/app.service/cpu.max": "400000 100000",
        },
    )

    assert usable_cores(root) == 3


def test_the_first_version_of_control_groups_counts(root: Path) -> None:
    write(
        root,
        **{
            "proc/self/cgroup": "12:pids:/docker/1\n5:cpu,cpuacct:/docker/1\n0::/docker/1\n",
            "sys/fs/cgroup/cpu/docker/1/cpu.cfs_quota_us": "200000",
            "sys/fs/cgroup/cpu/docker/1/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        },
    )

    assert usable_cores(root) == 2


def test_a_system_without_control_groups_has_all_its_cores(root: Path) -> None:
    assert usable_cores(root) == 16


@pytest.mark.usefixtures("own_logging")
@pytest.mark.parametrize(
    ("mode", "alone", "started"),
    [("prod", "", "1"), ("prod", "1", "1"), ("dev", "", None), ("dev", "1", None)],
)
def test_reflex_starts_as_many_in_production_the_backend_alone_too(
    monkeypatch: pytest.MonkeyPatch, mode: str, alone: str, started: str | None
) -> None:
    monkeypatch.setenv("REFLEX_ENV_MODE", mode)
    monkeypatch.setenv("REFLEX_BACKEND_ONLY", alone)
    # So that it is put back at the end.
    monkeypatch.setenv("GRANIAN_WORKERS", "")
    monkeypatch.delenv("GRANIAN_WORKERS")

    runpy.run_path(str(Path(__file__).parents[2] / "rxconfig.py"))

    assert os.environ.get("GRANIAN_WORKERS") == started
