"""How many processor cores this process may use, and how many workers that makes."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from clerk_tinybird_app.settings import Settings

MAX_WORKERS: Final = 8
"""The most that are started unasked; each needs some 150 MB of memory."""

_ROOT: Final = Path("/")


def workers(settings: Settings, root: Path = _ROOT) -> int:
    """Return how many workers serve: as set, else as many as there are cores where they can share.

    Args:
        settings: The configuration.
        root: Where the system's files are.
    """
    if settings.web_concurrency:
        return settings.web_concurrency
    if not settings.redis_url or settings.is_tinybird_local:
        return 1
    return min(usable_cores(root), MAX_WORKERS)


def usable_cores(root: Path = _ROOT) -> int:
    """Return how many cores this process may use: those of the machine, or the limit if lower.

    A container's limit is a share of the time of all cores; 2.5 cores count as 2.
    """
    has_affinity = hasattr(os, "sched_getaffinity")
    allowed = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return max(1, int(min([allowed, *_quotas(root)])))


def _quotas(root: Path) -> Iterator[float]:
    """Yield the limits of this process's control groups and of the groups around them, in cores."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / ("cpu" if controllers else "")
        group = top / path.strip("/")
        # In a container the path can be the host's; then only the top is there.
        for each in (group, *group.parents):
            if each.is_relative_to(top) and (quota := _quota(each)):
                yield quota


def _quota(group: Path) -> float | None:
    """Return the limit of one group in cores, None without one."""
    try:
        if (version_2 := group / "cpu.max").exists():
            quota, period = version_2.read_text().split()
        else:
            quota = (group / "cpu.cfs_quota_us").read_text()
            period = (group / "cpu.cfs_period_us").read_text()
        cores = float(quota) / float(period)
    except (OSError, ValueError, ZeroDivisionError):
        # "max" is no number.
        return None
    return cores if cores > 0 else None
