"""Two projects with materialized pipes: web analytics, and uptime checks."""

from pathlib import Path

PAGE_VIEWS = """
SCHEMA >
    `at` DateTime `json:$.at`,
    `site` LowCardinality(String) `json:$.site`,
    `visitor` String `json:$.visitor`,
    `path` String `json:$.path`,
    `seconds` Nullable(Float64) `json:$.seconds`

ENGINE "MergeTree"
ENGINE_PARTITION_KEY "toYYYYMM(at)"
ENGINE_SORTING_KEY "site, at"
"""
SITES = """
SCHEMA >
    `site` String `json:$.site`,
    `plan` LowCardinality(String) `json:$.plan`

ENGINE "ReplacingMergeTree"
ENGINE_SORTING_KEY "site"
"""
SESSIONS = """
SCHEMA >
    `site` LowCardinality(String),
    `visitor` String,
    `first` SimpleAggregateFunction(min, DateTime),
    `entry` AggregateFunction(argMin, String, DateTime),
    `pages` SimpleAggregateFunction(sum, UInt64)

ENGINE "AggregatingMergeTree"
ENGINE_SORTING_KEY "site, visitor"
"""
HOURLY = """
SCHEMA >
    `hour` DateTime,
    `site` LowCardinality(String),
    `views` AggregateFunction(count),
    `visitors` AggregateFunction(uniqExact, String),
    `total` AggregateFunction(sum, Nullable(Float64)),
    `longest` SimpleAggregateFunction(max, Nullable(Float64))

ENGINE "AggregatingMergeTree"
ENGINE_PARTITION_KEY "toYYYYMM(hour)"
ENGINE_SORTING_KEY "site, hour"
"""
DAILY = """
SCHEMA >
    `day` Date,
    `site` LowCardinality(String),
    `views` AggregateFunction(count),
    `visitors` AggregateFunction(uniqExact, String)

ENGINE "AggregatingMergeTree"
ENGINE_SORTING_KEY "site, day"
"""
PLANS = """
SCHEMA >
    `plan` LowCardinality(String),
    `views` UInt64

ENGINE "SummingMergeTree"
ENGINE_SORTING_KEY "plan"
"""
LATEST = """
SCHEMA >
    `visitor` String,
    `at` DateTime,
    `path` String

ENGINE "ReplacingMergeTree"
ENGINE_SORTING_KEY "visitor"
ENGINE_VER "at"
"""


def materialized(sql: str, target: str, more: str = "") -> str:
    """Return a pipe of one node that fills ``target``."""
    lines = "\n".join(f"    {line.strip()}" for line in sql.strip().splitlines())
    return f"NODE fill\nSQL >\n{lines}\n\nTYPE materialized\nDATASOURCE {target}\n{more}"


WEB = {
    "datasources/page_views.datasource": PAGE_VIEWS,
    "datasources/sites.datasource": SITES,
    "datasources/sessions.datasource": SESSIONS,
    "datasources/hourly.datasource": HOURLY,
    "datasources/daily.datasource": DAILY,
    "datasources/plans.datasource": PLANS,
    "datasources/latest.datasource": LATEST,
    "materializations/to_sessions.pipe": materialized(
        """SELECT site, visitor, min(at) AS first, argMinState(path, at) AS entry, count() AS pages
        FROM page_views GROUP BY site, visitor""",
        "sessions",
    ),
    "materializations/to_hourly.pipe": (
        "NODE real\nSQL >\n    SELECT * FROM page_views WHERE path != '/health'\n\n"
        + materialized(
            """SELECT toStartOfHour(at) AS hour, site, countState() AS views,
            uniqExactState(visitor) AS visitors, sumState(seconds) AS total,
            max(seconds) AS longest
            FROM real GROUP BY site, hour""",
            "hourly",
        )
    ),
    # Columns in another order than the table's.
    "materializations/to_daily.pipe": materialized(
        """SELECT site, uniqExactMergeState(visitors) AS visitors, toDate(hour) AS day,
        countMergeState(views) AS views FROM hourly GROUP BY site, day""",
        "daily",
    ),
    "materializations/to_plans.pipe": materialized(
        """SELECT s.plan, count() AS views FROM page_views AS v
        LEFT JOIN sites AS s ON v.site = s.site GROUP BY s.plan""",
        "plans",
    ),
    # Two into one.
    "materializations/to_latest.pipe": materialized(
        "SELECT visitor, at, path FROM page_views WHERE path != '/health'", "latest"
    ),
    "materializations/health_to_latest.pipe": materialized(
        "SELECT visitor, at, path FROM page_views WHERE path = '/health'", "latest"
    ),
    "endpoints/days.pipe": (
        "NODE endpoint\nSQL >\n    %\n    SELECT day, countMerge(views) AS views, "
        "uniqExactMerge(visitors) AS visitors\n    FROM daily WHERE site = "
        "{{ String(site, required=True) }} GROUP BY day ORDER BY day\n\nTYPE ENDPOINT\n"
    ),
}
WEB_TRUTHS = {
    "SELECT site, visitor, min(first), argMinMerge(entry), sum(pages) FROM sessions "
    "GROUP BY ALL ORDER BY ALL": "SELECT site, visitor, min(at), argMin(path, at), count() "
    "FROM page_views GROUP BY ALL ORDER BY ALL",
    "SELECT hour, site, countMerge(views), uniqExactMerge(visitors), sumMerge(total), "
    "max(longest) FROM hourly GROUP BY ALL ORDER BY ALL": (
        "SELECT toStartOfHour(at) AS hour, site, count(), uniqExact(visitor), sum(seconds), "
        "max(seconds) FROM page_views WHERE path != '/health' GROUP BY ALL ORDER BY ALL"
    ),
    "SELECT day, site, countMerge(views), uniqExactMerge(visitors) FROM daily "
    "GROUP BY ALL ORDER BY ALL": "SELECT toDate(at) AS day, site, count(), uniqExact(visitor) "
    "FROM page_views WHERE path != '/health' GROUP BY ALL ORDER BY ALL",
    "SELECT plan, sum(views) FROM plans GROUP BY ALL ORDER BY ALL": (
        "SELECT s.plan, count() FROM page_views AS v LEFT JOIN sites AS s ON v.site = s.site "
        "GROUP BY ALL ORDER BY ALL"
    ),
    "SELECT visitor, max(at) FROM latest GROUP BY ALL ORDER BY ALL": (
        "SELECT visitor, max(at) FROM page_views GROUP BY ALL ORDER BY ALL"
    ),
}
"""By what is asked of a target, the same of what it is made of."""

CHECKS = """
SCHEMA >
    `at` DateTime64(3) `json:$.at`,
    `monitor` String `json:$.monitor`,
    `region` LowCardinality(String) `json:$.region`,
    `status` Nullable(UInt16) `json:$.status`,
    `milliseconds` UInt32 `json:$.milliseconds`

ENGINE "MergeTree"
ENGINE_SORTING_KEY "monitor, at"
"""
ROLLUP = """
SCHEMA >
    `start` DateTime,
    `monitor` String,
    `region` LowCardinality(String),
    `checks` SimpleAggregateFunction(sum, UInt64),
    `up` SimpleAggregateFunction(sum, UInt64),
    `milliseconds` AggregateFunction(quantiles(0.5, 0.99), UInt32)

ENGINE "AggregatingMergeTree"
ENGINE_SORTING_KEY "monitor, region, start"
"""
SIZES = {"five_minutes": "FiveMinutes", "hours": "Hour", "days": "Day"}
UPTIME = {
    "datasources/checks.datasource": CHECKS,
    **{f"datasources/{name}.datasource": ROLLUP for name in SIZES},
    **{
        f"materializations/to_{name}.pipe": materialized(
            f"""SELECT toDateTime(toStartOf{size}(at)) AS start, monitor, region, count() AS checks,
            countIf(status < 400) AS up, quantilesState(0.5, 0.99)(milliseconds) AS milliseconds
            FROM checks GROUP BY monitor, region, start""",
            name,
        )
        for name, size in SIZES.items()
    },
}
UPTIME_TRUTHS = {
    f"SELECT start, monitor, region, sum(checks), sum(up) FROM {name} GROUP BY ALL ORDER BY ALL": (
        f"SELECT toDateTime(toStartOf{size}(at)) AS start, monitor, region, count(), "
        "countIf(status < 400) FROM checks GROUP BY ALL ORDER BY ALL"
    )
    for name, size in SIZES.items()
}


def written(folder: Path, files: dict[str, str]) -> Path:
    """Write a project's files into a folder and return it."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip())
    return folder
