"""Link tracking: short links, what is known of each, their clicks, and the sales that follow."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.local.tinybird.process import Tinybird, reads
from tests.local.tinybird.rollups import materialized, written

START = datetime(2030, 5, 31, 22, 10, tzinfo=UTC)

LINKS = """
TOKEN links_append APPEND

SCHEMA >
    `timestamp` DateTime64(3) `json:$.timestamp` DEFAULT now64(3),
    `workspace_id` LowCardinality(String) `json:$.workspace_id`,
    `link_id` String `json:$.link_id`,
    `domain` LowCardinality(String) `json:$.domain`,
    `key` String `json:$.key`,
    `tag_ids` Array(String) `json:$.tag_ids[:]` DEFAULT [],
    `deleted` UInt8 `json:$.deleted` DEFAULT 0

ENGINE "MergeTree"
ENGINE_SORTING_KEY "timestamp, workspace_id, link_id"
"""
LATEST = """
# Made by to_links_latest.
SCHEMA >
    `timestamp` DateTime64(3),
    `workspace_id` LowCardinality(String),
    `link_id` String,
    `domain` LowCardinality(String),
    `key` String,
    `tag_ids` Array(String),
    `deleted` UInt8

ENGINE "ReplacingMergeTree"
ENGINE_SORTING_KEY "workspace_id, link_id"
ENGINE_VER "timestamp"
ENGINE_IS_DELETED "deleted"
"""
CLICKS = """
TOKEN clicks_append APPEND

SCHEMA >
    `timestamp` DateTime64(3) `json:$.timestamp`,
    `click_id` String `json:$.click_id`,
    `link_id` String `json:$.link_id`,
    `country` LowCardinality(String) `json:$.geo.country` DEFAULT 'Unknown',
    `qr` UInt8 `json:$.qr`,
    `url` String `json:$.url`

ENGINE "MergeTree"
ENGINE_PARTITION_KEY "toYYYYMM(timestamp)"
ENGINE_SORTING_KEY "timestamp, link_id, click_id"
"""
CLICKS_HOURLY = """
SCHEMA >
    `hour` DateTime,
    `link_id` String,
    `country` LowCardinality(String),
    `clicks` AggregateFunction(count),
    `last` SimpleAggregateFunction(max, DateTime64(3))

ENGINE "AggregatingMergeTree"
ENGINE_PARTITION_KEY "toYYYYMM(hour)"
ENGINE_SORTING_KEY "link_id, hour, country"
"""
SALES = """
SCHEMA >
    `timestamp` DateTime64(3) `json:$.timestamp`,
    `click_id` String `json:$.click_id`,
    `link_id` String `json:$.link_id`,
    `amount` UInt32 `json:$.amount`

ENGINE "MergeTree"
ENGINE_SORTING_KEY "link_id, timestamp"
"""
WORKSPACE_LINKS = """
NODE workspace_links
SQL >
    %
    SELECT link_id, domain, key, tag_ids
    FROM links_latest FINAL
    WHERE deleted == 0 AND workspace_id = {{ String(workspaceId, required=True) }}
    {% if defined(domain) %} AND domain IN {{ Array(domain, 'String') }} {% end %}
    {% if defined(tagIds) %}
        AND arrayIntersect(tag_ids, {{ Array(tagIds, 'String') }}) != []
    {% end %}
"""
TOP_LINKS = f"""
TOKEN links_read READ

DESCRIPTION >
	Links by clicks, by sales, or by both.

TAGS "Links"
{WORKSPACE_LINKS}
NODE top_clicks
SQL >

    %
    SELECT link_id AS link, COUNT(*) AS clicks
    FROM clicks
    PREWHERE link_id in (SELECT link_id from workspace_links)
    WHERE
        true
        {{% if defined(country) %}} AND country = {{{{ country }}}} {{% end %}}
        {{% if defined(qr) %}} AND qr = {{{{ Boolean(qr) }}}} {{% end %}}
        {{% if defined(utm) %}}
            AND url LIKE concat('%utm_source=', encodeURLFormComponent({{{{ String(utm) }}}}), '%')
        {{% end %}}
        {{% if defined(start) %}} AND timestamp >= {{{{ DateTime64(start) }}}} {{% end %}}
        {{% if defined(end) %}} AND timestamp < {{{{ DateTime64(end) }}}} {{% end %}}
    GROUP BY link_id
    ORDER BY clicks DESC
    LIMIT 1000

NODE top_sales
DESCRIPTION >
    undefined

SQL >

    %
    WITH
        chosen AS (SELECT link_id, click_id, amount FROM sales
            PREWHERE link_id in (SELECT link_id from workspace_links)),
        ours AS (SELECT DISTINCT link_id, click_id FROM chosen)
    SELECT link_id AS link, count() AS sales, sum(amount) AS amount
    FROM chosen
    WHERE (link_id, click_id) IN ours
    GROUP BY link_id
    ORDER BY amount DESC

NODE top_both
SQL >

    SELECT c.link AS link, l.domain AS domain, l.key AS key, clicks, sales, amount,
        rank() OVER (ORDER BY clicks DESC) AS place,
        row_number() OVER (PARTITION BY l.domain ORDER BY clicks DESC, c.link) AS place_of_domain,
        round(100 * clicks / sum(clicks) OVER (), 1) AS share
    FROM (SELECT link, clicks FROM top_clicks) AS c
    LEFT JOIN (SELECT * FROM top_sales) AS s ON c.link = s.link
    INNER JOIN workspace_links AS l ON l.link_id = c.link
    ORDER BY clicks DESC, link

NODE endpoint
SQL >

    %
    SELECT *
    FROM
        {{% if eventType == 'clicks' %}} top_clicks
        {{% elif eventType == 'sales' %}} top_sales
        {{% else %}} top_both
        {{% end %}}

TYPE endpoint
"""
TIMES = f"""
TOKEN "links_read" READ
{WORKSPACE_LINKS}
NODE hours
SQL >
    %
    WITH
        {{{{ String(timezone, 'UTC') }}}} AS zone,
        toStartOfHour(toDateTime64({{{{ DateTime64(start) }}}}, 3), zone) AS start,
        toStartOfHour(toDateTime64({{{{ DateTime64(end) }}}}, 3), zone) AS
    end
    SELECT
        arrayJoin(
            arrayMap(x -> toDateTime(x), range(toUInt32(start), toUInt32(end + 3600), 3600))
        ) as interval

NODE days
SQL >
    %
    WITH toDate(toDateTime64({{{{ DateTime64(start) }}}}, 3), {{{{ String(timezone) }}}}) AS first,
        toDate(toDateTime64({{{{ DateTime64(end) }}}}, 3), {{{{ String(timezone) }}}}) AS last
    SELECT first + number AS interval FROM numbers(toUInt64(dateDiff('day', first, last) + 1))

NODE counted
SQL >
    %
    SELECT
        {{% if granularity == "hour" %}} hour
        {{% else %}} toDate(hour, {{{{ String(timezone, 'UTC') }}}})
        {{% end %}} AS interval,
        countMerge(clicks) AS clicks
    FROM clicks_hourly
    PREWHERE link_id in (SELECT link_id from workspace_links)
    GROUP BY interval

NODE endpoint
SQL >
    %
    SELECT
        {{% if granularity == "hour" %}} formatDateTime(interval, '%FT%T.000%z')
        {{% else %}} toString(interval)
        {{% end %}} AS start, clicks
    FROM {{% if granularity == "hour" %}} hours {{% else %}} days {{% end %}}
    LEFT JOIN counted USING interval
    ORDER BY interval

TYPE endpoint
"""
LINK_TRACKING = {
    "datasources/links.datasource": LINKS,
    "datasources/links_latest.datasource": LATEST,
    "datasources/clicks.datasource": CLICKS,
    "datasources/clicks_hourly.datasource": CLICKS_HOURLY,
    "datasources/sales.datasource": SALES,
    "materializations/to_links_latest.pipe": materialized("SELECT * FROM links", "links_latest"),
    "materializations/to_clicks_hourly.pipe": materialized(
        """SELECT toStartOfHour(timestamp) AS hour, link_id, country, countState() AS clicks,
        max(timestamp) AS last
        FROM clicks GROUP BY hour, link_id, country""",
        "clicks_hourly",
    ),
    "endpoints/top_links.pipe": TOP_LINKS,
    "endpoints/times.pipe": TIMES,
}


def moment(minutes: float) -> str:
    return f"{START + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S.000Z}"


def link(number: int, **changes: Any) -> dict[str, Any]:
    row = {
        "timestamp": moment(-100),
        "workspace_id": f"ws_{number % 2}",
        "link_id": f"link_{number}",
        "domain": ["go.example", "to.example"][number // 2 % 2],
        "key": f"k{number}",
        "tag_ids": ["all", f"tag_{number % 3}"],
    }
    return {**row, **changes}


KNOWN = [link(number) for number in range(8)]
CHANGED = [
    link(2, timestamp=moment(-50), key="renamed", tag_ids=["all", "tag_new"]),
    # An older state that comes late.
    link(4, timestamp=moment(-150), key="stale"),
    link(6, timestamp=moment(-50), deleted=1),
]
LIVE = {
    one["link_id"]: one
    for one in (*KNOWN, CHANGED[0])
    if one["link_id"] != "link_6" and one["workspace_id"] == "ws_0"
}
"""Of one workspace, what is known of its links after all changes."""

CLICKED: list[dict[str, Any]] = [
    {
        "timestamp": moment(number * 1.5),
        "click_id": f"click_{number}",
        "link_id": f"link_{number * number % 8}",
        "geo": {"country": ["DE", "ES", "US"][number % 3]} if number % 10 else {},
        "qr": number % 4 == 0,
        "url": f"https://example.com/?utm_source={['a+b', 'news%26more'][number % 2]}&x=1",
    }
    for number in range(120)
]
SOLD: list[dict[str, Any]] = [
    {
        "timestamp": click["timestamp"],
        "click_id": click["click_id"],
        "link_id": click["link_id"],
        "amount": 100 + number,
    }
    for number, click in enumerate(CLICKED[::7])
]


@pytest.fixture(scope="module")
def links(tinybird: Tinybird, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tinybird]:
    with tinybird.serving(written(tmp_path_factory.mktemp("links"), LINK_TRACKING)) as serving:
        for rows in (KNOWN, CHANGED):
            serving.add(*rows, name="links")
        for start in range(0, len(CLICKED), 40):
            serving.add(*CLICKED[start : start + 40], name="clicks")
        serving.add(*SOLD, name="sales")
        yield serving


def ranked(links: Tinybird, **parameters: Any) -> list[dict[str, Any]]:
    token = links.token(reads("top_links", workspaceId="ws_0"))
    answer = links.get("/v0/pipes/top_links.json", token, **parameters)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


def test_links_are_ranked_by_clicks_with_what_is_known_of_them_now(links: Tinybird) -> None:
    clicks = Counter(one["link_id"] for one in CLICKED if one["link_id"] in LIVE)
    assert len(clicks) > 1
    total = sum(clicks.values())
    wanted, seen = [], Counter[str]()
    for name in sorted(clicks, key=lambda one: (-clicks[one], one)):
        known = LIVE[name]
        amounts = [one["amount"] for one in SOLD if one["link_id"] == name]
        seen[known["domain"]] += 1
        wanted.append(
            {
                "link": name,
                "domain": known["domain"],
                "key": known["key"],
                "clicks": clicks[name],
                "sales": len(amounts),
                "amount": sum(amounts),
                "place": 1 + sum(one > clicks[name] for one in clicks.values()),
                "place_of_domain": seen[known["domain"]],
                "share": round(100 * clicks[name] / total, 1),
            }
        )
    assert ranked(links, eventType="both") == wanted


@pytest.mark.parametrize(
    ("asked", "meets"),
    [
        ({"country": "Unknown"}, lambda one: not one["geo"]),
        ({"qr": "true"}, lambda one: one["qr"]),
        ({"qr": "false"}, lambda one: not one["qr"]),
        ({"utm": "a b"}, lambda one: "a+b" in one["url"]),
        ({"utm": "news&more"}, lambda one: "news%26more" in one["url"]),
        ({"tagIds": "tag_new,tag_none"}, lambda one: one["link_id"] == "link_2"),
        ({"domain": "go.example"}, lambda one: LIVE[one["link_id"]]["domain"] == "go.example"),
        (
            {"start": "2030-05-31 23:00:00.000", "end": "2030-06-01 00:00:00.000"},
            lambda one: "2030-05-31T23" in one["timestamp"],
        ),
    ],
)
def test_clicks_are_filtered_as_a_request_asks(
    links: Tinybird, asked: dict[str, str], meets: Any
) -> None:
    rows = ranked(links, eventType="clicks", **asked)
    clicks = Counter(o["link_id"] for o in CLICKED if o["link_id"] in LIVE and meets(o))
    assert {row["link"]: row["clicks"] for row in rows} == clicks


def test_sales_come_from_the_workspaces_own_links_alone(links: Tinybird) -> None:
    amounts = Counter[str]()
    for one in SOLD:
        if one["link_id"] in LIVE:
            amounts[one["link_id"]] += one["amount"]
    rows = ranked(links, eventType="sales", workspaceId="ws_1")
    assert {row["link"]: row["amount"] for row in rows} == amounts


@pytest.mark.parametrize("zone", [0, 8])
def test_times_without_a_click_are_there_too(links: Tinybird, zone: int) -> None:
    times = {"start": "2030-05-31 20:00:00.000", "end": "2030-06-02 03:00:00.000"}
    name = {0: "UTC", 8: "Asia/Singapore"}[zone]
    token = links.token(reads("times", workspaceId="ws_0"))
    ours = [datetime.fromisoformat(one["timestamp"]) for one in CLICKED if one["link_id"] in LIVE]

    def told(granularity: str) -> dict[str, int]:
        asked = {"granularity": granularity, "timezone": name, **times}
        answer = links.get("/v0/pipes/times.json", token, **asked)
        assert answer.status_code == 200, answer.text
        return {row["start"]: row["clicks"] for row in answer.json()["data"]}

    hours = Counter(f"{one:%Y-%m-%dT%H:00:00.000+0000}" for one in ours)
    first = datetime(2030, 5, 31, 20)
    steps = [f"{first + timedelta(hours=n):%Y-%m-%dT%H:00:00.000+0000}" for n in range(32)]
    assert told("hour") == {step: hours[step] for step in steps}
    days = Counter(f"{one + timedelta(hours=zone):%Y-%m-%d}" for one in ours)
    shown = {0: ["2030-05-31", "2030-06-01", "2030-06-02"], 8: ["2030-06-01", "2030-06-02"]}
    assert told("day") == {day: days[day] for day in shown[zone]}
