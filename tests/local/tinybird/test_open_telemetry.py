"""Open telemetry: traces, logs and metrics, as a collector's exporter sends them."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.rollups import materialized, written

START = datetime(2030, 8, 14, 23, 50, tzinfo=UTC)
SECOND = 1_000_000_000

TRACES = """
TOKEN OTEL_TOKEN APPEND

DESCRIPTION >
    Spans, in the collector's shape.

SCHEMA >
    `Timestamp` DateTime64(9) `json:$.start_time` CODEC(Delta(8), ZSTD(1)),
    `TraceId` String `json:$.trace_id` CODEC(ZSTD(1)),
	`SpanId` String `json:$.span_id` CODEC(ZSTD(1)),
    `ParentSpanId` String `json:$.parent_span_id` CODEC(ZSTD(1)),
    `SpanName` LowCardinality(String) `json:$.span_name` CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) `json:$.service_name` DEFAULT 'unknown' CODEC(ZSTD(1)),
    `ResourceAttributes` Map(LowCardinality(String), String) `json:$.resource_attributes`
        CODEC(ZSTD(1)),
    `SpanAttributes` Map(LowCardinality(String), String) `json:$.span_attributes` CODEC(ZSTD(1)),
    `Duration` UInt64 `json:$.duration` CODEC(ZSTD(1)),
    `StatusCode` LowCardinality(String) `json:$.status_code`,
    `EventsTimestamp` Array(DateTime64(9)) `json:$.events_timestamp[:]` CODEC(ZSTD(1)),
    `EventsName` Array(LowCardinality(String)) `json:$.events_name[:]` CODEC(ZSTD(1)),
    `EventsAttributes` Array(Map(LowCardinality(String), String)) `json:$.events_attributes[:]`,

ENGINE "MergeTree"
ENGINE_PARTITION_KEY "toDate(Timestamp)"
ENGINE_SORTING_KEY "ServiceName, SpanName, toDateTime(Timestamp)"
ENGINE_TTL "toDateTime(Timestamp) + toIntervalDay(7)"
ENGINE_SETTINGS index_granularity=8192

INDEXES >
    idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
	idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    idx_duration Duration TYPE minmax GRANULARITY 1
"""
TRACE_TIMES = """
SCHEMA >
    `TraceId` String,
    `Start` DateTime64(9) CODEC(Delta(8), ZSTD(1)),
	`End` DateTime64(9) CODEC(Delta(8), ZSTD(1)),

ENGINE "MergeTree"
ENGINE_SORTING_KEY "TraceId, toUnixTimestamp(Start)"
"""
LATENCIES = """
SCHEMA >
    `Minute` DateTime,
    `ServiceName` LowCardinality(String),
    `Region` LowCardinality(String),
    `Spans` SimpleAggregateFunction(sum, UInt64),
    `Errors` SimpleAggregateFunction(sum, UInt64),
    `Longest` SimpleAggregateFunction(max, UInt64),
    `Durations` AggregateFunction(quantilesExact(0.5, 0.99), UInt64),
    `Attributes` SimpleAggregateFunction(maxMap, Map(String, String))

ENGINE "AggregatingMergeTree"
ENGINE_PARTITION_KEY "toYYYYMM(Minute)"
ENGINE_SORTING_KEY "ServiceName, Region, Minute"
ENGINE_TTL "Minute + toIntervalMonth(13)"
"""
LOGS = """
TOKEN OTEL_TOKEN APPEND

SCHEMA >
    `Timestamp` DateTime64(9) `json:$.timestamp` CODEC(Delta(8), ZSTD(1)),
	`TimestampTime` DateTime `json:$.timestamp`,
    `TraceId` String `json:$.trace_id` CODEC(ZSTD(1)),
    `TraceFlags` UInt8 `json:$.flags` CODEC(ZSTD(1)),
    `SeverityText` LowCardinality(String) `json:$.severity_text` CODEC(ZSTD(1)),
    `SeverityNumber` UInt8 `json:$.severity_number` CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) `json:$.service_name` CODEC(ZSTD(1)),
    `Body` String `json:$.body` CODEC(ZSTD(1)),
    `Environment` LowCardinality(String) `json:$.resource_attributes['deployment.environment']`,
    `ResourceAttributes` Map(LowCardinality(String), String) `json:$.resource_attributes`
        CODEC(ZSTD(1)),
    `LogAttributes` Map(LowCardinality(String), String) `json:$.log_attributes` CODEC(ZSTD(1))

ENGINE "MergeTree"
ENGINE_PARTITION_KEY "toDate(TimestampTime)"
ENGINE_SORTING_KEY "ServiceName, TimestampTime, Timestamp"
ENGINE_TTL "toDateTime(Timestamp) + toIntervalDay(3)"

INDEXES >
    idx_log_attr_key mapKeys(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    idx_body Body TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8
"""
METRIC = """
TOKEN OTEL_TOKEN APPEND

SCHEMA >
    `ServiceName` String `json:$.service_name` DEFAULT 'unknown' CODEC(ZSTD(1)),
    `MetricName` LowCardinality(String) `json:$.metric_name` CODEC(ZSTD(1)),
    `Attributes` Map(LowCardinality(String), String) `json:$.metric_attributes` CODEC(ZSTD(1)),
    `TimeUnix` DateTime64(9) `json:$.timestamp` CODEC(Delta(8), ZSTD(1)),
{columns}

ENGINE "MergeTree"
ENGINE_PARTITION_KEY "toDate(TimeUnix)"
ENGINE_SORTING_KEY "ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix)"
ENGINE_SETTINGS index_granularity=8192

INDEXES >
	idx_attr_key mapKeys(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
"""
SUM = """
    `Value` Float64 `json:$.value` CODEC(ZSTD(1)),
    `AggregationTemporality` Int32 `json:$.aggregation_temporality` CODEC(ZSTD(1)),
    `IsMonotonic` Bool `json:$.is_monotonic` CODEC(Delta(1), ZSTD(1))
"""
HISTOGRAM = """
    `Count` UInt64 `json:$.count` CODEC(Delta, ZSTD(1)),
    `Sum` Float64 `json:$.sum` CODEC(ZSTD(1)),
    `BucketCounts` Array(UInt64) `json:$.bucket_counts[:]` CODEC(ZSTD(1)),
    `ExplicitBounds` Array(Float64) `json:$.explicit_bounds[:]` CODEC(ZSTD(1)),
    `ExemplarsFilteredAttributes` Array(Map(LowCardinality(String), String))
        `json:$.exemplars_filtered_attributes[:]` CODEC(ZSTD(1)),
    `Max` Nullable(Float64) `json:$.max` CODEC(ZSTD(1))
"""
TRACE = """
DESCRIPTION >
    The spans of a trace, as a viewer wants them.

NODE times
SQL >
    %
    SELECT min(Start) AS first, max(End) AS last FROM trace_times
    WHERE TraceId = {{ String(trace_id, required=True) }}

NODE endpoint
SQL >
    %
    WITH (SELECT first FROM times) AS first, (SELECT last FROM times) AS last
    SELECT SpanId AS spanID, ParentSpanId AS parentSpanID, SpanName AS operationName,
        Duration AS duration,
        toUnixTimestamp64Nano(Timestamp) - toUnixTimestamp64Nano(first) AS offset,
        Timestamp AS startTime,
        arrayMap(key -> map('key', key, 'value', SpanAttributes[key]), mapKeys(SpanAttributes))
            AS tags,
        arrayMap((name, at, attributes) -> tuple(name, at, attributes)::Tuple(
            name String, at DateTime64(9), attributes Map(String, String)),
            EventsName, EventsTimestamp, EventsAttributes) AS events
    FROM traces
    WHERE TraceId = {{ String(trace_id) }} AND Timestamp BETWEEN first AND last
    ORDER BY Timestamp, SpanId

TYPE endpoint
"""
LATENCY = """
NODE endpoint
SQL >
    %
    SELECT ServiceName AS service, sum(Spans) AS spans, round(sum(Errors) / spans, 4) AS error_rate,
        quantilesExactMerge(0.5, 0.99)(Durations) AS quantiles, max(Longest) AS longest
    FROM latencies
    WHERE Minute >= {{ DateTime(start, '2030-08-14 00:00:00') }}
    {% if defined(regions) %} AND Region IN {{ Array(regions) }} {% end %}
    GROUP BY service
    ORDER BY service

TYPE endpoint
"""
ATTRIBUTE = """
NODE endpoint
SQL >
    %
    SELECT SpanAttributes[{{ String(attribute, 'http.route') }}] AS value, count() AS spans,
        sumMap(mapApply((k, v) -> (k, toUInt64(1)), ResourceAttributes)) AS resources
    FROM traces
    WHERE mapContains(SpanAttributes, {{ String(attribute, 'http.route') }})
    {% if defined(equals) %}
        AND ResourceAttributes[{{ split_to_array(equals, separator='=')[0] }}]
            = {{ split_to_array(equals, separator='=')[1] }}
    {% end %}
    GROUP BY value
    ORDER BY value

TYPE endpoint
"""
ERRORS = """
NODE endpoint
SQL >
    %
    SELECT ServiceName, Environment, count() AS total,
        countIf(SeverityText IN ('ERROR', 'FATAL')) AS errors,
        argMax(Body, Timestamp) AS last, max(Timestamp) AS last_at, max(TimestampTime) AS last_time
    FROM logs
    WHERE 1=1
    {% if defined(start_time) %}
        AND Timestamp >= {{DateTime(start_time, "2023-01-01 00:00:00")}}
    {% end %}
    {% if defined(word) %} AND hasToken(Body, {{ String(word) }}) {% end %}
    GROUP BY ServiceName, Environment
    ORDER BY errors DESC, ServiceName, Environment

TYPE endpoint
"""
RATES = """
NODE steps
SQL >
    SELECT Attributes, TimeUnix, Value,
        lagInFrame(Value, 1, Value) OVER (PARTITION BY ServiceName, Attributes ORDER BY TimeUnix
            ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
    FROM metrics_sum
    WHERE MetricName = 'requests' AND IsMonotonic

NODE endpoint
SQL >
    SELECT Attributes['route'] AS route, sum(if(Value < before, Value, Value - before)) AS increase
    FROM steps
    GROUP BY route
    ORDER BY route

TYPE endpoint
"""
BUCKETS = """
NODE summed
SQL >
    SELECT Attributes['route'] AS route, sum(Count) AS seen, any(ExplicitBounds) AS bounds,
        sumForEach(BucketCounts) AS buckets, arrayCumSum(buckets) AS below, max(Max) AS most
    FROM metrics_histogram
    GROUP BY route

NODE endpoint
SQL >
    %
    SELECT route, seen, buckets, most,
        arrayElementOrNull(bounds, arrayFirstIndex(
            x -> x >= seen * {{ Float64(quantile, 0.5) }}, below)) AS at_most
    FROM summed
    ORDER BY route

TYPE endpoint
"""
TELEMETRY = {
    "datasources/traces.datasource": TRACES,
    "datasources/trace_times.datasource": TRACE_TIMES,
    "datasources/latencies.datasource": LATENCIES,
    "datasources/logs.datasource": LOGS,
    "datasources/metrics_sum.datasource": METRIC.format(columns=SUM.strip("\n")),
    "datasources/metrics_histogram.datasource": METRIC.format(columns=HISTOGRAM.strip("\n")),
    "materializations/to_trace_times.pipe": materialized(
        """SELECT
            TraceId,
            min(Timestamp) AS Start,
            max(Timestamp) AS End
        FROM traces
        WHERE TraceId != ''
        GROUP BY TraceId""",
        "trace_times",
    ).replace("TYPE materialized", "TYPE MATERIALIZED"),
    "materializations/to_latencies.pipe": materialized(
        """SELECT toStartOfMinute(toDateTime(Timestamp)) AS Minute, ServiceName,
        ResourceAttributes['cloud.region'] AS Region, count() AS Spans,
        countIf(StatusCode = 'Error') AS Errors, max(Duration) AS Longest,
        quantilesExactState(0.5, 0.99)(Duration) AS Durations,
        maxMap(SpanAttributes) AS Attributes
        FROM traces GROUP BY Minute, ServiceName, Region""",
        "latencies",
    ),
    "endpoints/trace.pipe": TRACE,
    "endpoints/latency.pipe": LATENCY,
    "endpoints/attribute.pipe": ATTRIBUTE,
    "endpoints/errors.pipe": ERRORS,
    "endpoints/rates.pipe": RATES,
    "endpoints/buckets.pipe": BUCKETS,
}
SERVICES = ("api", "billing", "mail")
REGIONS = ("fra", "iad")


def moment(nanoseconds: int, mark: str = "T", zone: str = "Z") -> str:
    """Nanoseconds after the start, as Go writes them, or as ClickHouse does."""
    seconds, rest = divmod(nanoseconds, SECOND)
    return f"{START + timedelta(seconds=seconds):%Y-%m-%d{mark}%H:%M:%S}.{rest:09}{zone}"


def began(number: int) -> int:
    return number * 9 * SECOND + number * 1_000_001


def span(number: int) -> dict[str, Any]:
    service = SERVICES[number % 4] if number % 4 < len(SERVICES) else None
    row: dict[str, Any] = {
        "start_time": moment(began(number)),
        "trace_id": f"{number // 5:032x}",
        "span_id": f"{number:016x}",
        "parent_span_id": f"{number - 1:016x}" if number % 5 else "",
        "span_name": ["GET", "SELECT"][number % 2],
        "service_name": service,
        "resource_attributes": {
            "cloud.region": REGIONS[number % 3 % 2],
            "host.id": f"h{number % 6}",
        },
        "span_attributes": {"http.route": f"/r/{number % 3}", "n": str(number)}
        if number % 7
        else {},
        "duration": number * number % 101 * SECOND + (2**60 if number == 50 else 7),
        "status_code": "Error" if number % 6 == 0 else "Ok",
        "events_timestamp": [moment(began(number) + n) for n in range(number % 3)],
        "events_name": [f"event {n}" for n in range(number % 3)],
        "events_attributes": [{"exception.message": f"“{n}”"} for n in range(number % 3)],
    }
    return {name: value for name, value in row.items() if value is not None}


SPANS = [span(number) for number in range(100)]
LOGGED: list[dict[str, Any]] = [
    {
        "timestamp": moment(began(number)),
        "trace_id": f"{number // 5:032x}",
        "flags": number % 2,
        "severity_text": ["INFO", "WARN", "ERROR", "FATAL"][number % 4],
        "severity_number": 9 + number % 4,
        "service_name": SERVICES[number * number % 3],
        "body": f"order {['paid', 'unpaid'][number % 2]}, number {number}",
        "resource_attributes": {"deployment.environment": ["prod", "test"][number % 5 == 0]},
        "log_attributes": {"n": str(number)},
    }
    for number in range(60)
]
COUNTED: list[dict[str, Any]] = [
    {
        "service_name": "api",
        "metric_name": "requests",
        "metric_attributes": {"route": f"/r/{route}", "host.id": host},
        "timestamp": moment(step * 10 * SECOND),
        # The counter of host b begins anew half-way.
        "value": (step - 6 if host == "b" and step >= 6 else step) * (route + 1) + 0.5,
        "aggregation_temporality": 2,
        "is_monotonic": True,
    }
    for step, route, host in itertools.product(range(12), range(2), "ab")
]
MEASURED: list[dict[str, Any]] = [
    {
        "metric_name": "duration",
        "metric_attributes": {"route": f"/r/{number % 2}"},
        "timestamp": moment(number * SECOND),
        "count": sum(counts),
        "sum": 1.5 * number,
        "bucket_counts": counts,
        "explicit_bounds": [0.1, 1, 10],
        "exemplars_filtered_attributes": [{"user": "u1"}] if number % 2 else [],
        "max": float(number) if number > 3 else None,
    }
    for number, counts in enumerate([number, 2 * number, 7, 1] for number in range(9))
]
SENT = {"traces": SPANS, "logs": LOGGED, "metrics_sum": COUNTED, "metrics_histogram": MEASURED}


@pytest.fixture(scope="module")
def telemetry(tinybird: Tinybird, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    with tinybird.serving(written(tmp_path_factory.mktemp("otel"), TELEMETRY)) as serving:
        for name, rows in SENT.items():
            for start in range(0, len(rows), 30):
                serving.add(*rows[start : start + 30], name=name)
        yield serving


def asked(telemetry: Tinybird, pipe: str, **parameters: Any) -> list[dict[str, Any]]:
    answer = telemetry.get(f"/v0/pipes/{pipe}.json", telemetry.token(reads(pipe)), **parameters)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


def test_a_trace_has_its_spans_to_the_nanosecond(telemetry: Tinybird) -> None:
    assert asked(telemetry, "trace", trace_id=SPANS[10]["trace_id"]) == [
        {
            "spanID": one["span_id"],
            "parentSpanID": one["parent_span_id"],
            "operationName": one["span_name"],
            "duration": one["duration"],
            "offset": began(number) - began(10),
            "startTime": moment(began(number), " ", ""),
            "tags": [{"key": k, "value": v} for k, v in one["span_attributes"].items()],
            "events": [
                {"name": name, "at": moment(began(number) + n, " ", ""), "attributes": attributes}
                for n, (name, attributes) in enumerate(
                    zip(one["events_name"], one["events_attributes"], strict=True)
                )
            ],
        }
        for number, one in list(enumerate(SPANS))[10:15]
    ]


@pytest.mark.parametrize(
    ("parameters", "meets"),
    [
        ({}, lambda one: True),
        ({"regions": "iad"}, lambda one: one["resource_attributes"]["cloud.region"] == "iad"),
        ({"start": "2030-08-14 23:55:00"}, lambda one: one["start_time"] >= moment(300 * SECOND)),
    ],
)
def test_latency_by_service_is_merged_from_its_minutes(
    telemetry: Tinybird, parameters: dict[str, str], meets: Any
) -> None:
    groups = defaultdict[str, list[dict[str, Any]]](list)
    for one in filter(meets, SPANS):
        groups[one.get("service_name", "unknown")].append(one)
    wanted = []
    for service in sorted(groups):
        durations = sorted(one["duration"] for one in groups[service])
        errors = sum(one["status_code"] == "Error" for one in groups[service])
        wanted.append(
            {
                "service": service,
                "spans": len(durations),
                "error_rate": round(errors / len(durations), 4),
                "quantiles": [durations[int(q * len(durations))] for q in (0.5, 0.99)],
                "longest": durations[-1],
            }
        )
    assert asked(telemetry, "latency", **parameters) == wanted


@pytest.mark.parametrize("equals", [None, "host.id=h2"])
def test_spans_are_counted_by_an_attribute(telemetry: Tinybird, equals: str | None) -> None:
    spans = [one for one in SPANS if one["span_attributes"]]
    if equals:
        name, value = equals.split("=")
        spans = [one for one in spans if one["resource_attributes"][name] == value]
    routes = Counter(one["span_attributes"]["http.route"] for one in spans)
    assert asked(telemetry, "attribute", **({"equals": equals} if equals else {})) == [
        {"value": route, "spans": n, "resources": {"cloud.region": n, "host.id": n}}
        for route, n in sorted(routes.items())
    ]


@pytest.mark.parametrize(
    ("parameters", "meets"),
    [
        ({}, lambda one: True),
        ({"word": "paid"}, lambda one: "order paid" in one["body"]),
        ({"start_time": "2030-08-14 23:53:00"}, lambda o: o["timestamp"] >= moment(180 * SECOND)),
    ],
)
def test_errors_are_counted_where_they_were_logged(
    telemetry: Tinybird, parameters: dict[str, str], meets: Any
) -> None:
    groups = defaultdict[tuple[str, str], list[dict[str, Any]]](list)
    for one in filter(meets, LOGGED):
        environment = one["resource_attributes"]["deployment.environment"]
        groups[str(one["service_name"]), environment].append(one)
    rows = []
    for (service, environment), group in groups.items():
        last = group[-1]
        rows.append(
            {
                "ServiceName": service,
                "Environment": environment,
                "total": len(group),
                "errors": sum(one["severity_text"] in ("ERROR", "FATAL") for one in group),
                "last": last["body"],
                "last_at": last["timestamp"].replace("T", " ").rstrip("Z"),
                "last_time": last["timestamp"].replace("T", " ").partition(".")[0],
            }
        )
    rows.sort(key=lambda row: (-row["errors"], row["ServiceName"], row["Environment"]))
    assert asked(telemetry, "errors", **parameters) == rows


def test_a_counter_that_begins_anew_loses_nothing(telemetry: Tinybird) -> None:
    # Host a counts 11 steps; host b counts 5, then from 0.5 on another 5.
    assert asked(telemetry, "rates") == [
        {"route": f"/r/{route}", "increase": 11 * (route + 1) + 10 * (route + 1) + 0.5}
        for route in range(2)
    ]


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.999])
def test_a_histograms_quantile_is_told_by_its_buckets(telemetry: Tinybird, quantile: float) -> None:
    wanted = []
    for route in range(2):
        group = [one for number, one in enumerate(MEASURED) if number % 2 == route]
        buckets = [sum(each) for each in zip(*(one["bucket_counts"] for one in group), strict=True)]
        below = list(itertools.accumulate(buckets))
        index = next(n for n, count in enumerate(below) if count >= below[-1] * quantile)
        wanted.append(
            {
                "route": f"/r/{route}",
                "seen": below[-1],
                "buckets": buckets,
                "most": max(one["max"] for one in group if one["max"] is not None),
                "at_most": [0.1, 1, 10, None][index],
            }
        )
    assert asked(telemetry, "buckets", quantile=quantile) == wanted
