"""Reads the files of a Tinybird project into plain values, without SQL, HTTP or ClickHouse.

The format: https://www.tinybird.co/docs/forward/dev-reference/datafiles
"""

from clerk_tinybird_app.tinybird.project.model import (
    COPY,
    MATERIALIZED,
    SINK,
    TARGETS,
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
    "COPY",
    "MATERIALIZED",
    "SINK",
    "TARGETS",
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
