"""Traces of language models: calls, their tokens, costs and tools, and vectors of what was said."""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.rollups import materialized, written

START = datetime(2030, 3, 9, 23, 0, tzinfo=UTC)

GENERATIONS = """
TOKEN "llm_append" APPEND

SCHEMA >
    `timestamp` DateTime64(6) `json:$.timestamp` CODEC(DoubleDelta, ZSTD(1)),
    `organization` LowCardinality(String) `json:$.proxy_metadata.organization` DEFAULT 'none',
    `trace_id` UUID `json:$.trace_id`,
    `call_id` String `json:$.call_id` DEFAULT '',
    `model` LowCardinality(String) `json:$.model` DEFAULT 'unknown',
    `status` Enum8('ok' = 1, 'error' = 2) `json:$.standard_logging_object.status` DEFAULT 'ok',
    `prompt_tokens` UInt32 `json:$.response.usage.prompt_tokens` DEFAULT 0,
    `completion_tokens` UInt32 `json:$.response.usage.completion_tokens` DEFAULT 0,
    `duration_ms` Float32 `json:$.duration` DEFAULT 0,
    `first_token_ms` Nullable(Float32) `json:$.first_token`,
    `stop_reason` LowCardinality(Nullable(String)) `json:$.response.stop_reason`,
    `messages` Array(Map(String, String)) `json:$.messages[:]` DEFAULT [],
    `tool_calls.name` Array(LowCardinality(String)) `json:$.tool_calls[:].function.name` DEFAULT [],
    `tool_calls.arguments` Array(String) `json:$.tool_calls[:].function.arguments` DEFAULT [],
    `tool_calls.ms` Array(Nullable(Float64)) `json:$.tool_calls[:].ms` DEFAULT [],
    `metadata` JSON(user.id String, max_dynamic_paths=64) `json:$.metadata`,
    `embedding` Array(Float32) `json:$.embedding[:]` DEFAULT [],
    `raw` JSON `json:$`

ENGINE "MergeTree"
ENGINE_PARTITION_KEY "toYYYYMM(timestamp)"
ENGINE_SORTING_KEY "organization, model, timestamp"
ENGINE_TTL "toDateTime(timestamp) + toIntervalYear(50)"

INDEXES >
    by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 4
"""
PRICES = """
SCHEMA >
    `model` LowCardinality(String) `json:$.model`,
    `since` DateTime64(6) `json:$.since`,
    `prompt` Decimal(18, 9) `json:$.prompt`,
    `completion` Decimal(18, 9) `json:$.completion`

ENGINE "ReplacingMergeTree"
ENGINE_SORTING_KEY "model, since"
"""
DAILY = """
SCHEMA >
    `day` Date,
    `organization` LowCardinality(String),
    `model` LowCardinality(String),
    `calls` AggregateFunction(count),
    `failed` AggregateFunction(countIf, UInt8),
    `tokens` SimpleAggregateFunction(sum, UInt64),
    `durations` AggregateFunction(quantilesExact(0.5, 0.95, 0.99), Float32),
    `tools` AggregateFunction(sumMap, Array(LowCardinality(String)), Array(UInt64)),
    `slowest` AggregateFunction(argMax, String, Float32)

ENGINE "AggregatingMergeTree"
ENGINE_SORTING_KEY "organization, model, day"
"""
COSTS = """
TOKEN "llm_read" READ

NODE chosen
SQL >
    %
    {% if not defined(organization) %}
        {{ error('organization (String) query param is required') }}
    {% end %}
    {% set allowed = ['model', 'status', 'stop_reason', 'user_id'] %}
    {% if not group_by in allowed %}
        {{ custom_error({'error': 'group_by is one of ' + ', '.join(allowed)}, 422) }}
    {% end %}
    SELECT *, metadata.user.id AS user_id, prompt_tokens + completion_tokens AS total_tokens
    FROM generations
    WHERE organization = {{ String(organization) }}
    {% if defined(models) %} AND model IN {{ Array(models, 'String') }} {% end %}
    {% if defined(plan) %} AND metadata.plan.:String = {{ String(plan) }} {% end %}

NODE priced
SQL >
    SELECT c.*,
        c.prompt_tokens * p.prompt + c.completion_tokens * p.completion AS cost
    FROM chosen AS c
    ASOF LEFT JOIN (SELECT * FROM prices FINAL) AS p ON c.model = p.model AND c.timestamp >= p.since

NODE endpoint
SQL >
    %
    SELECT toString({{ column(group_by, 'model') }}) AS category, count() AS calls,
        sum(total_tokens) AS tokens, toFloat64(sum(cost)) AS cost,
        countIf(status = 'error') AS errors,
        quantileExact(0.95)(duration_ms) AS p95,
        avg(first_token_ms) AS first_token,
        cost / sum(cost) OVER () AS share
    FROM priced
    GROUP BY category
    ORDER BY category NULLS LAST

TYPE ENDPOINT
"""
ALIKE = """
NODE endpoint
SQL >
    %
    WITH {{ Array(embedding, 'Float32') }} AS wanted
    SELECT call_id, messages[-1]['content'] AS said,
        round(1 - cosineDistance(arrayResize(embedding, length(wanted)), wanted), 5) AS s
    FROM generations
    WHERE organization = {{ String(organization, required=True) }}
        AND notEmpty(embedding) AND s >= {{ Float32(similarity, 0.5) }}
    ORDER BY s DESC, call_id
    LIMIT {{ Int32(limit, 5) }}

TYPE ENDPOINT
"""
TOOLS = """
NODE used
SQL >
    %
    SELECT t.name AS tool, t.arguments AS arguments, t.ms AS ms
    FROM generations
    ARRAY JOIN tool_calls AS t
    WHERE organization = {{ String(organization, required=True) }}

NODE endpoint
SQL >
    SELECT tool, count() AS calls, countIf(ms IS NULL) AS unfinished, sum(ms) AS total_ms,
        arraySort(groupUniqArray(JSONExtractString(arguments, 'city'))) AS cities
    FROM used
    GROUP BY tool
    ORDER BY calls DESC, tool

TYPE ENDPOINT
"""
DAYS = """
NODE endpoint
SQL >
    %
    SELECT day, countMerge(calls) AS calls, countIfMerge(failed) AS failed, sum(tokens) AS tokens,
        quantilesExactMerge(0.5, 0.95, 0.99)(durations) AS percentiles,
        sumMapMerge(tools) AS tools, argMaxMerge(slowest) AS slowest
    FROM daily
    WHERE organization = {{ String(organization, required=True) }}
    GROUP BY day
    ORDER BY day

TYPE ENDPOINT
"""
TRACE = """
NODE endpoint
SQL >
    %
    SELECT call_id, messages, tool_calls.name AS tools, metadata, raw.^response.usage AS usage,
        dateDiff('millisecond', min(timestamp) OVER (), timestamp) AS after_ms
    FROM generations
    WHERE organization = {{ String(organization, required=True) }}
        AND trace_id = {{ String(trace_id, required=True) }}
    ORDER BY timestamp

TYPE ENDPOINT
"""
LLM = {
    "datasources/generations.datasource": GENERATIONS,
    "datasources/prices.datasource": PRICES,
    "datasources/daily.datasource": DAILY,
    "materializations/to_daily.pipe": materialized(
        """SELECT toDate(timestamp) AS day, organization, model, countState() AS calls,
        countIfState(status = 'error') AS failed,
        sum(prompt_tokens + completion_tokens) AS tokens,
        quantilesExactState(0.5, 0.95, 0.99)(duration_ms) AS durations,
        sumMapState(`tool_calls.name`, arrayMap(x -> toUInt64(1), `tool_calls.name`)) AS tools,
        argMaxState(call_id, duration_ms) AS slowest
        FROM generations GROUP BY day, organization, model""",
        "daily",
    ),
    "endpoints/costs.pipe": COSTS,
    "endpoints/alike.pipe": ALIKE,
    "endpoints/tools.pipe": TOOLS,
    "endpoints/days.pipe": DAYS,
    "endpoints/trace.pipe": TRACE,
}
MODELS = ("small-1", "large-2", "free-3")
PRICE = {
    "small-1": [(0, 0.0000005, 0.0000015)],
    "large-2": [(0, 0.00001, 0.00003), (60, 0.000005, 0.000015)],
}
"""Of each model, from which minute on a token of a prompt and of an answer costs what."""


def moment(minutes: float) -> str:
    return f"{START + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S.%fZ}"


def call(number: int) -> dict[str, Any]:
    tools = [
        {"function": {"name": f"tool_{n}", "arguments": json.dumps({"city": "Łódź"[: n + 2]})}}
        | ({"ms": 2.5 * n + number} if n else {})
        for n in range(number % 4)
    ]
    row: dict[str, Any] = {
        "timestamp": moment(number * 2.5),
        "trace_id": f"00000000-0000-4000-8000-{number // 3:012}",
        "call_id": f"call_{number}",
        "proxy_metadata": {"organization": "ab"[number % 5 == 0]},
        "model": MODELS[number % 3],
        "standard_logging_object": {"status": "error" if number % 11 == 0 else "ok"},
        "response": {
            "usage": {"prompt_tokens": 100 + number, "completion_tokens": number * 3},
            **({"stop_reason": ["end", "length"][number % 2]} if number % 7 else {}),
        },
        "duration": number * 31 % 97 + 0.5,
        "first_token": number % 13 if number % 4 else None,
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": f"It's number {number}, “quoted”\n"},
        ],
        "tool_calls": tools,
        "metadata": {"user": {"id": f"u{number % 4}"}, "plan": ["free", "pro"][number % 2]},
        "embedding": [math.cos(number / 10), math.sin(number / 10), 0.25],
    }
    if number % 9 == 0:
        for optional in ("tool_calls", "embedding", "standard_logging_object"):
            del row[optional]
    return row


CALLS = [call(number) for number in range(60)]
OURS = [one for one in CALLS if one["proxy_metadata"]["organization"] == "a"]


@pytest.fixture(scope="module")
def llm(tinybird: Tinybird, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    with tinybird.serving(written(tmp_path_factory.mktemp("llm"), LLM)) as serving:
        for model, prices in PRICE.items():
            for minute, prompt, completion in prices:
                row = {"model": model, "since": moment(minute)}
                serving.add(
                    {**row, "prompt": f"{prompt:.9f}", "completion": f"{completion:.9f}"},
                    name="prices",
                )
        for start in range(0, len(CALLS), 20):
            serving.add(*CALLS[start : start + 20], name="generations")
        yield serving


def asked(llm: Tinybird, pipe: str, **parameters: Any) -> list[dict[str, Any]]:
    token = llm.token(reads(pipe, organization="a"))
    answer = llm.get(f"/v0/pipes/{pipe}.json", token, **parameters)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


def is_error(one: dict[str, Any]) -> bool:
    return bool(one.get("standard_logging_object", {}).get("status") == "error")


def cost(one: dict[str, Any]) -> float:
    since = (datetime.fromisoformat(one["timestamp"]) - START).total_seconds() / 60
    found = [each for each in PRICE.get(one["model"], []) if each[0] <= since]
    usage = one["response"]["usage"]
    if not found:
        return 0.0
    return usage["prompt_tokens"] * found[-1][1] + usage["completion_tokens"] * found[-1][2]


CATEGORIES = {
    "model": lambda one: one["model"],
    "status": lambda one: "error" if is_error(one) else "ok",
    "stop_reason": lambda one: one["response"].get("stop_reason"),
    "user_id": lambda one: one["metadata"]["user"]["id"],
}


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("plan", [None, "pro"])
def test_costs_are_told_by_what_a_request_groups_by(
    llm: Tinybird, category: str, plan: str | None
) -> None:
    groups = defaultdict[Any, list[dict[str, Any]]](list)
    for one in OURS:
        if plan in (None, one["metadata"]["plan"]):
            groups[CATEGORIES[category](one)].append(one)
    rows = asked(llm, "costs", group_by=category, **({"plan": plan} if plan else {}))
    assert [row["category"] for row in rows] == sorted(groups, key=lambda one: (one is None, one))
    total = sum(cost(one) for group in groups.values() for one in group)
    for row in rows:
        group = groups[row["category"]]
        firsts = [one["first_token"] for one in group if one["first_token"] is not None]
        usages = [one["response"]["usage"].values() for one in group]
        assert row["calls"] == len(group)
        assert row["tokens"] == sum(map(sum, usages))
        assert row["errors"] == sum(map(is_error, group))
        assert row["cost"] == pytest.approx(sum(map(cost, group)))
        assert row["share"] == pytest.approx(sum(map(cost, group)) / total)
        assert row["p95"] == sorted(one["duration"] for one in group)[int(0.95 * len(group))]
        average = sum(firsts) / len(firsts) if firsts else None
        assert row["first_token"] == pytest.approx(average)


def test_what_cannot_be_grouped_by_is_refused_in_the_pipes_own_words(llm: Tinybird) -> None:
    token = llm.token(reads("costs", organization="a"))
    answer = llm.get("/v0/pipes/costs.json", token, group_by="raw")
    told = "group_by is one of model, status, stop_reason, user_id"
    assert (answer.status_code, answer.json()["error"]) == (422, told)
    answer = llm.get("/v0/pipes/costs.json", group_by="model")
    assert "organization (String) query param is required" in answer.json()["error"]


@pytest.mark.parametrize("way", ["address", "body"])
def test_calls_are_ranked_by_how_alike_their_vectors_are(llm: Tinybird, way: str) -> None:
    vector = [0.5, 0.75, -0.125]

    def similarity(other: list[float]) -> float:
        dot = sum(a * b for a, b in zip(vector, other, strict=True))
        return dot / math.hypot(*vector) / math.hypot(*other)

    nearest = sorted(
        ((similarity(one["embedding"]), one) for one in OURS if "embedding" in one),
        key=lambda each: -each[0],
    )[:7]
    token = llm.token(reads("alike", organization="a"))
    path, given = "/v0/pipes/alike.json", {"limit": 7, "similarity": 0.1}
    if way == "address":
        answer = llm.get(path, token, embedding=",".join(map(str, vector)), **given)
    else:
        answer = llm.post(path, token, json={"embedding": vector, **given})
    assert answer.status_code == 200, answer.text
    rows = answer.json()["data"]
    assert [row["call_id"] for row in rows] == [one["call_id"] for _, one in nearest]
    assert [row["s"] for row in rows] == pytest.approx([s for s, _ in nearest], abs=2e-5)
    assert rows[0]["said"] == nearest[0][1]["messages"][-1]["content"]


def test_tools_are_counted_with_what_they_were_called_with(llm: Tinybird) -> None:
    used = [tool for one in OURS for tool in one.get("tool_calls", [])]
    rows = asked(llm, "tools")
    wanted = []
    counted = Counter(one["function"]["name"] for one in used)
    for name, count in sorted(counted.items(), key=lambda one: (-one[1], one[0])):
        group = [one for one in used if one["function"]["name"] == name]
        times = [one["ms"] for one in group if "ms" in one]
        cities = {json.loads(one["function"]["arguments"])["city"] for one in group}
        wanted.append(
            {
                "tool": name,
                "calls": count,
                "unfinished": count - len(times),
                "total_ms": sum(times) if times else None,
                "cities": sorted(cities, key=str.encode),
            }
        )
    assert rows == wanted


def test_days_are_rolled_up_as_calls_come(llm: Tinybird) -> None:
    days = defaultdict[str, list[dict[str, Any]]](list)
    for one in OURS:
        days[one["timestamp"][:10]].append(one)
    rows = asked(llm, "days")
    assert [row["day"] for row in rows] == sorted(days)
    for row in rows:
        group = days[row["day"]]
        durations = sorted(one["duration"] for one in group)
        tools = Counter(t["function"]["name"] for one in group for t in one.get("tool_calls", []))
        assert row["calls"] == len(group)
        assert row["failed"] == sum(map(is_error, group))
        assert row["tokens"] == sum(sum(one["response"]["usage"].values()) for one in group)
        assert row["percentiles"] == [durations[int(q * len(group))] for q in (0.5, 0.95, 0.99)]
        assert dict(zip(*row["tools"], strict=True)) == tools
        assert row["slowest"] == max(group, key=lambda one: one["duration"])["call_id"]


def test_a_trace_has_its_calls_as_they_were_sent(llm: Tinybird) -> None:
    group = [one for one in OURS if one["trace_id"] == CALLS[7]["trace_id"]]
    assert len(group) == 3
    rows = asked(llm, "trace", trace_id=CALLS[7]["trace_id"])
    assert rows == [
        {
            "call_id": one["call_id"],
            "messages": one["messages"],
            "tools": [tool["function"]["name"] for tool in one.get("tool_calls", [])],
            "metadata": one["metadata"],
            "usage": one["response"]["usage"],
            "after_ms": 150_000 * number,
        }
        for number, one in enumerate(group)
    ]
