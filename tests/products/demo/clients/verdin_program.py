"""Does one thing with ``verdin`` for another process: JSON in, JSON out.

Runs in the clients' environment. In: ``{"host", "token", "action", "arguments"}``. Out:
``{"answer"}``, or ``{"error"}`` with the text of verdin's own exception.
"""

import json
import sys
from collections.abc import Callable
from typing import Any, Final

from verdin.api import ApiError
from verdin.client import Client
from verdin.pipe import PipeError
from verdin.query import QueryError


def query(client: Client, pipe: str, parameters: dict[str, str]) -> Any:
    return client.pipe(pipe).query(parameters).data


def query_on_top(client: Client, pipe: str, sql: str) -> Any:
    return client.pipe(pipe).sql(sql).data


def sql(client: Client, sql: str) -> Any:
    return client.sql(sql).json().data


def send_events(client: Client, name: str, rows: list[dict[str, Any]], wait: bool) -> Any:
    sent = client.datasource(name).send_events(rows, wait=wait)
    return [sent.successful_rows, sent.quarantined_rows]


def send_compressed(client: Client, name: str, rows: list[dict[str, Any]]) -> Any:
    sent = client.api.events.send(name, rows, wait=True, compress=True)
    return [sent.successful_rows, sent.quarantined_rows]


def append_ndjson(client: Client, name: str, rows: list[dict[str, Any]]) -> Any:
    sent = client.datasource(name).append_ndjson(rows).json()
    return [sent["successful_rows"], sent["quarantine_rows"]]


def append_csv(client: Client, name: str, rows: list[dict[str, Any]]) -> Any:
    sent = client.datasource(name).append_csv([list(row.values()) for row in rows]).json()
    return [sent["successful_rows"], sent["quarantine_rows"]]


ACTIONS: Final[dict[str, Callable[..., Any]]] = {
    action.__name__: action
    for action in (
        *(query, query_on_top, sql),
        *(send_events, send_compressed, append_ndjson, append_csv),
    )
}


def main() -> None:
    job = json.load(sys.stdin)
    client = Client(job["token"], job["host"])
    try:
        said = {"answer": ACTIONS[job["action"]](client, **job["arguments"])}
    except (ApiError, PipeError, QueryError) as error:
        said = {"error": str(error)}
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
