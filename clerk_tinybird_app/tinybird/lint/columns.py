"""The names of the columns that an endpoint answers with."""

from typing import Final

from clerk_tinybird_app.tinybird.lint.reading import Reading
from clerk_tinybird_app.tinybird.policy import Tenant
from clerk_tinybird_app.tinybird.project import Pipe, Project

_NOBODY: Final = Tenant(parameter="", column="")


def reading_of(project: Project) -> Reading:
    """Return what reads the project's pipes for their columns, whoever the tenant is."""
    return Reading(project, _NOBODY)


def columns_of(reading: Reading, pipe: Pipe) -> tuple[str, ...] | None:
    """Return the names of what the pipe's endpoint selects, in its order.

    Args:
        reading: That of the pipe's project. What it has read once it knows for all pipes.
        pipe: One of the project's.

    Returns:
        None when it cannot be told: an expression without a name, names that a request chooses,
        branches that select different columns, or SQL that cannot be judged.
    """
    names = reading.endpoint(pipe).names
    is_told = names and all(name.isidentifier() for name in names)
    return names if is_told else None
