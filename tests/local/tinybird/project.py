"""A small Tinybird project for the tests."""

from pathlib import Path
from typing import Any

VISITS = """
TOKEN "visits_append" APPEND

SCHEMA >
    `at` DateTime64(3) `json:$.at`,
    `tenant` String `json:$.tenant`,
    `page` LowCardinality(String) `json:$.page`,
    `status` UInt16 `json:$.status`,
    `seconds` Float32 `json:$.seconds`,
    `note` Nullable(String) `json:$.note`,
    `weight` Int32 `json:$.weight` DEFAULT 7

ENGINE "MergeTree"
ENGINE_PARTITION_KEY "toYYYYMM(at)"
ENGINE_SORTING_KEY "tenant, at"
"""
NESTED = """
SCHEMA >
    `id` UInt64 `json:$.event.id`,
    `who` String `json:$.event.user.name`,
    `prices` Array(Float64) `json:$.items[:].price`

ENGINE "MergeTree"
ENGINE_SORTING_KEY "id"
"""
PAGES = """
DESCRIPTION >
    Visits by page.

NODE chosen
SQL >
    %
    SELECT page, seconds FROM visits
    WHERE tenant = {{ String(tenant, description='Whose visits', required=True) }}
    {% if defined(page) %} AND page = {{ String(page, example='/home') }} {% end %}

NODE endpoint
SQL >
    %
    SELECT page, count() AS visits, round(sum(seconds), 2) AS seconds FROM chosen
    GROUP BY page ORDER BY page LIMIT {{ Int32(top, 10, description='At most so many pages') }}

TYPE ENDPOINT
"""
TOTAL = """
NODE endpoint
SQL >
    %
    -- Reads from another pipe.
    SELECT sum(visits) AS visits FROM pages

TYPE ENDPOINT
"""
ECHO = """
NODE endpoint
SQL >
    %
    SELECT {{ String(text) }} AS text, number FROM numbers({{ UInt32(rows, 1) }})

TYPE ENDPOINT
"""
SLOW = """
NODE endpoint
SQL >
    SELECT sum(sleepEachRow(0.1)) AS waited FROM numbers(12)

TYPE ENDPOINT
"""
FILES = {
    "datasources/visits.datasource": VISITS,
    "datasources/nested.datasource": NESTED,
    "endpoints/pages.pipe": PAGES,
    "endpoints/total.pipe": TOTAL,
    "endpoints/echo.pipe": ECHO,
    "endpoints/slow.pipe": SLOW,
}


def write_project(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip())
    return folder


def visit(**changes: Any) -> dict[str, Any]:
    row = {
        "at": "2030-05-01T10:00:00.250Z",
        "tenant": "a",
        "page": "/home",
        "status": 200,
        "seconds": 1.5,
    }
    return {**row, **changes}
