"""Whether so many workers, with so much memory each, can serve here."""

from collections.abc import Iterator
from typing import Final

from clerk_tinybird_app.check.finding import Finding, warning
from clerk_tinybird_app.settings import Settings

_MB_OF_A_WORKER: Final = 150
"""What one needs soon: a new one has 110, before any page is open."""


def workers(settings: Settings, cores: int) -> Iterator[Finding]:
    """Yield what is wrong with the number of workers and with the limit of their memory.

    Args:
        settings: The configuration.
        cores: How many processor cores this process may use.
    """
    count = settings.web_concurrency or 1
    if count > 2 * cores:
        yield warning(
            "workers/too-many",
            f"{count} workers on {cores} {'core' if cores == 1 else 'cores'}; they need some "
            f"{count * _MB_OF_A_WORKER:,} MB of memory",
            "Set WEB_CONCURRENCY to the number of cores at most, or leave it out.",
        )
    if (settings.worker_max_memory or _MB_OF_A_WORKER) < _MB_OF_A_WORKER:
        yield warning(
            "workers/little-memory",
            f"a worker is to be renewed from {settings.worker_max_memory} MiB on, and needs some "
            f"{_MB_OF_A_WORKER} MB to serve",
            "Set WORKER_MAX_MEMORY to several times that, or leave it out.",
        )
