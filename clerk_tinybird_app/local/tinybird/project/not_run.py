"""What a project has that does not run here, each said by its name: sinks and connectors.

A ``FORWARD_QUERY`` does not run either: rows follow a change without it, or the change is refused.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from clerk_tinybird_app.tinybird.project import SINK, DataSource, Pipe, ProjectError
from clerk_tinybird_app.tinybird.sql.sources import selected

_SERVICES: Final = {
    "kafka": "Kafka",
    "dynamodb": "DynamoDB",
    "s3": "S3",
    "gcs": "GCS",
    "gs:": "GCS",
}
"""By what names them in the instructions of a sink or a connector."""

_NOT_HERE: Final = "does not run in the embedded Tinybird"


def not_run(pipes: Iterable[Pipe], sources: Iterable[DataSource]) -> Iterator[ProjectError]:
    """Yield what is to be told of each sink, each connector and each wrong ``FORWARD_QUERY``."""
    for pipe in pipes:
        if text := of_sink(pipe):
            node = next(node for node in pipe.nodes if node.type == SINK)
            yield ProjectError(pipe.path, node.line, text)
    for source in sources:
        if text := of_connector(source):
            yield ProjectError(source.path, source.line_of(*source.connector), text)
        if "SHARED_WITH" in source.lines:
            text = f"SHARED_WITH {_NOT_HERE}: only this workspace reads '{source.name}'."
            yield ProjectError(source.path, source.line_of("SHARED_WITH"), text)
        names = selected(source.forward_query) if source.forward_query else frozenset()
        lacks = [column.name for column in source.columns if column.name not in names]
        if names and lacks:
            text = f"FORWARD_QUERY does not select {', '.join(lacks)}, which the SCHEMA has."
            yield ProjectError(source.path, source.line_of("FORWARD_QUERY"), text)


def of_sink(pipe: Pipe) -> str:
    """Return what is to be told of a sink, "" for a pipe that is none."""
    for node in pipe.nodes:
        if node.type == SINK:
            where = _service(node.settings)
            return f"A sink to {where} {_NOT_HERE}: '{pipe.name}' writes nothing."
    return ""


def of_connector(source: DataSource) -> str:
    """Return what is to be told of a data source's connector, "" for one without."""
    if not source.connector:
        return ""
    return (
        f"A connector to {_service(source.connector)} {_NOT_HERE}: '{source.name}' gets no rows "
        "from it. Send rows to it, as events, as a file or as a fixture."
    )


def _service(settings: Mapping[str, str]) -> str:
    text = " ".join(f"{keyword} {value}" for keyword, value in settings.items()).lower()
    return next((name for sign, name in _SERVICES.items() if sign in text), "another system")
