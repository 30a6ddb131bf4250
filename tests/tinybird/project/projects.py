"""Projects written into a folder, for the tests."""

from pathlib import Path

from clerk_tinybird_app.tinybird.project import DataSource, Pipe, load_project

SCHEMA = "SCHEMA >\n    `id` String `json:$.id`\n"


def write(folder: Path, **files: str) -> Path:
    """Write ``name__ending=text`` as ``name.ending`` and return the folder."""
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_bytes(text.encode())
    return folder


def datasource(folder: Path, text: str) -> DataSource:
    return load_project(write(folder, events__datasource=text)).datasources["events"]


def pipe(folder: Path, text: str) -> Pipe:
    return load_project(write(folder, hits__pipe=text)).pipes["hits"]
