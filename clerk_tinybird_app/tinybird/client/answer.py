"""A pipe's rows, and what they cost."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from clerk_tinybird_app.tinybird.client.errors import TinybirdError
from clerk_tinybird_app.tinybird.client.rate import RateLimit
from clerk_tinybird_app.tinybird.client.reply import Reply

_MS: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeAnswer:
    """What a pipe answered; the rows stay out of ``repr``.

    For every format but JSON there is only ``body``: columns and rows are empty, counts zero.

    Attributes:
        status: The HTTP status, always 200.
        columns: Name and ClickHouse type of each column, in order.
        rows: Column name -> value; of two columns with one name the last is there.
        row_count: How many rows there are.
        rows_read: Rows that the query read.
        bytes_read: Bytes that the query read.
        elapsed_ms: Milliseconds the query took by Tinybird's own count.
        duration_ms: Milliseconds from sending the request to having the whole answer.
        rate: What is left of the token's allowance; None when it has none.
        body: The answer as it came.
    """

    status: int
    columns: tuple[tuple[str, str], ...] = ()
    rows: list[dict[str, Any]] = field(default_factory=list, repr=False)
    row_count: int = 0
    rows_read: int = 0
    bytes_read: int = 0
    elapsed_ms: float = 0.0
    duration_ms: float
    rate: RateLimit | None
    body: bytes = field(repr=False)


def read_answer(reply: Reply, form: str) -> PipeAnswer:
    """Return the answer in a whole reply of status 200.

    Args:
        reply: What came.
        form: The format that was asked for, such as ``json``.

    Raises:
        TinybirdError: It is not the JSON that Tinybird documents.
    """
    read = _read_json(reply.body) if form == "json" else {}
    return PipeAnswer(
        status=reply.status,
        duration_ms=reply.duration_seconds * _MS,
        rate=RateLimit.of(reply.headers),
        body=reply.body,
        **read,
    )


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
        statistics = answer.get("statistics", {})
        rows = answer["data"]
        return {
            "columns": tuple((str(each["name"]), str(each["type"])) for each in answer["meta"]),
            "rows": [dict(row) for row in rows],
            "row_count": int(answer.get("rows", len(rows))),
            "rows_read": int(statistics.get("rows_read", 0)),
            "bytes_read": int(statistics.get("bytes_read", 0)),
            "elapsed_ms": float(statistics.get("elapsed", 0.0)) * _MS,
        }
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        # What stands in the body may be a tenant's rows: none of it goes into the error.
        raise TinybirdError("The answer is not a pipe's JSON.", status=200) from None
