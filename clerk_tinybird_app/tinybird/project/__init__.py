"""A Tinybird project's files, read into plain values; knows no SQL, no HTTP and no ClickHouse.

The format: https://www.tinybird.co/docs/forward/dev-reference/datafiles
"""

from clerk_tinybird_app.tinybird.project.model import (
    Column,
    DataSource,
    Node,
    Pipe,
    Project,
    ProjectError,
    ProjectMistakes,
)
from clerk_tinybird_app.tinybird.project.reader import (
    load_project,
    read_files,
    read_project,
)

__all__ = [
    "Column",
    "DataSource",
    "Node",
    "Pipe",
    "Project",
    "ProjectError",
    "ProjectMistakes",
    "load_project",
    "read_files",
    "read_project",
]
