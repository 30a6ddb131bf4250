"""The formats of an answer, by the ending of the address and by ClickHouse's name."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Format:
    """A way to write an answer.

    Attributes:
        name: ClickHouse's name.
        media_type: For ``Content-Type``.
    """

    name: str
    media_type: str


_CSV: Final = Format("CSVWithNames", "text/csv; charset=utf-8; header=present")
JSON: Final = Format("JSON", "application/json; charset=utf-8")
TSV: Final = Format("TabSeparated", "text/tab-separated-values; charset=utf-8")

BY_ENDING: Final = {
    "json": JSON,
    "csv": _CSV,
    "csvwithnames": _CSV,
    "ndjson": Format("JSONEachRow", "application/x-ndjson; charset=utf-8"),
    "parquet": Format("Parquet", "application/vnd.apache.parquet"),
    "prometheus": Format("Prometheus", "text/plain; version=0.0.4; charset=utf-8"),
}

_MEDIA_TYPES: Final = {
    "CSV": "text/csv; charset=utf-8",
    **{each.name: each.media_type for each in (*BY_ENDING.values(), TSV)},
    "JSONCompact": JSON.media_type,
    "JSONStrings": JSON.media_type,
    "TSV": TSV.media_type,
    "TSVWithNames": TSV.media_type,
    "TabSeparatedWithNames": TSV.media_type,
}


def named(name: str) -> Format:
    """Return the format that a query's ``FORMAT`` names; ClickHouse knows if there is one."""
    return Format(name, _MEDIA_TYPES.get(name, "text/plain; charset=utf-8"))
