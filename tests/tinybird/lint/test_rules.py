"""The lint: no project passes whose pipes could answer another tenant's rows."""

from dataclasses import replace
from pathlib import Path

import pytest

from clerk_tinybird_app.clerk.session import ClerkSession
from clerk_tinybird_app.clerk.session_kinds import alone, member_of
from clerk_tinybird_app.tinybird.lint import Finding, Level, lint
from clerk_tinybird_app.tinybird.lint.reading import Reading
from clerk_tinybird_app.tinybird.policy import Policy, PolicyError, Scope, Tenant
from clerk_tinybird_app.tinybird.project import load_project
from tests.sessions import PRODUCT
from tests.tinybird.project.projects import write

FIXED = {"tenant_id": "org_1", "user_id": "user_1", "org_permission": "read"}

HITS = Policy(
    tenant=Tenant(parameter="tenant_id", column="tenant_id"),
    tenant_of=lambda session: FIXED["tenant_id"],
    granted=lambda session: [Scope("hits", FIXED)],
    kinds=(alone(),),
)

REQUESTS = "SCHEMA >\n    `tenant_id` String `json:$.tenant_id`\n"
PLANS = "SCHEMA >\n    `plan` String `json:$.plan`\n"

TENANT = "tenant_id = {{ String(tenant_id) }}"
GOOD = f"SELECT * FROM requests WHERE {TENANT}"


def node(sql: str, name: str = "endpoint", kind: str = "TYPE endpoint") -> str:
    return f"NODE {name}\nSQL >\n    %\n    {sql}\n{kind}\n\n"


def findings(folder: Path, text: str, **files: str) -> tuple[Finding, ...]:
    """Lint a project whose tokens allow its one pipe, `hits`, of this text."""
    write(folder, hits__pipe=text, requests__datasource=REQUESTS, plans__datasource=PLANS, **files)
    return lint(load_project(folder), HITS)


def problems(folder: Path, text: str, **files: str) -> list[tuple[Level, int, str]]:
    found = findings(folder, text, **files)
    return [(each.level, each.line, each.problem) for each in found if each.level > Level.NOTE]


def test_a_project_that_keeps_tenants_apart_has_no_findings() -> None:
    assert lint(load_project(PRODUCT.project), PRODUCT.policy) == ()


@pytest.mark.parametrize(
    "sql",
    [
        GOOD,
        f"{GOOD} AND user_id = {{{{ String(user_id) }}}}",
        f"{GOOD} {{% if defined(route) %}} AND route = {{{{ String(route) }}}} {{% end %}}",
        f"SELECT count() AS requests FROM (SELECT 1 FROM requests WHERE {TENANT})",
        f"SELECT * FROM requests SAMPLE 0.1 WHERE {TENANT}",
        f"SELECT * FROM requests SAMPLE 1/10 WHERE {TENANT}",
        f"{GOOD} AND x = {{{{ String(user_id) }}}}"
        " {% if user_id != '' %} AND y = {{ String(user_id) }} {% end %}",
    ],
)
def test_a_pipe_that_requires_its_tenant_passes(tmp_path: Path, sql: str) -> None:
    assert problems(tmp_path, node(sql)) == []


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT url FROM tinybird.pipe_stats_rt",
        f"SELECT url FROM tinybird.pipe_stats_rt WHERE {TENANT}",
        "SELECT url FROM `tinybird.pipe_stats_rt`",
        f"{GOOD} AND url IN (SELECT url FROM tinybird.pipe_stats_rt)",
        f"{GOOD} AND url IN tinybird.endpoint_errors",
    ],
)
def test_who_asked_what_is_no_tenants_to_read(tmp_path: Path, sql: str) -> None:
    # A data source of the project may have the name of Tinybird's own.
    [(level, _, problem)] = problems(tmp_path, node(sql), pipe_stats_rt__datasource=REQUESTS)

    assert level is Level.WARNING
    assert "Cannot judge" in problem


def test_a_pipe_that_does_not_run_on_this_machine_is_noted(tmp_path: Path) -> None:
    sink = node("SELECT 1", kind="TYPE sink\nEXPORT_SERVICE kafka")
    copies = node("SELECT 1", kind="TYPE copy\nTARGET_DATASOURCE plans")
    fills = node("SELECT 1", kind="TYPE materialized\nDATASOURCE days")
    files = {"exported__pipe": sink, "plans_copy__pipe": copies, "days_mv__pipe": fills}
    found = findings(tmp_path, node(GOOD), **files)

    assert [(one.level, one.place) for one in found] == [(Level.NOTE, "exported.pipe:4")]
    assert "'exported' writes nothing" in found[0].problem


TRAPS = {
    "the original's README": (
        "SELECT * FROM requests WHERE 1\n"
        "    {% if defined(tenant_id) %} AND tenant_id = {{ String(tenant_id) }} {% end %}",
        5,
    ),
    "an else branch": (
        "SELECT * FROM requests\n    WHERE {% if defined(all) %} 1\n"
        "    {% else %} tenant_id = {{ String(tenant_id) }} {% end %}",
        6,
    ),
    "a comment": ("SELECT * FROM requests -- {{ String(tenant_id) }}", 4),
    "no type": ("SELECT * FROM requests WHERE tenant_id = {{ tenant_id }}", 4),
    "only defined": ("SELECT * FROM requests WHERE {{ defined(tenant_id) }}", 4),
    "a conditional expression": (
        "SELECT * FROM requests WHERE tenant_id = {{ String(tenant_id) if tenant_id else 'x' }}",
        4,
    ),
}


@pytest.mark.parametrize(("sql", "line"), TRAPS.values(), ids=TRAPS)
def test_a_tenant_that_can_be_left_out_is_found_with_its_line(
    tmp_path: Path, sql: str, line: int
) -> None:
    [(level, found_line, problem)] = problems(tmp_path, node(sql))

    assert (level, found_line) == (Level.ERROR, line)
    assert "can be left out" in problem


def test_the_finding_names_the_file_and_what_to_write(tmp_path: Path) -> None:
    [finding] = findings(tmp_path, node(TRAPS["the original's README"][0]))

    assert finding.place == "hits.pipe:5"
    assert "WHERE tenant_id = {{ sql_unescape(String(tenant_id), '%') }}" in finding.advice


def test_what_the_advice_says_to_write_passes(tmp_path: Path) -> None:
    [finding] = findings(tmp_path, node("SELECT * FROM requests"))
    filtered = finding.advice.removeprefix("Write ").partition(" AND ")[0]

    assert problems(tmp_path, node(f"SELECT * FROM requests {filtered}")) == []


@pytest.mark.parametrize("name", ["tenant_id", "user_id", "org_permission"])
def test_a_default_for_what_the_token_fixes_is_an_error(tmp_path: Path, name: str) -> None:
    sql = f"{GOOD} AND x = {{{{ String({name}, 'everyone') }}}}"

    [finding] = [one for one in findings(tmp_path, node(sql)) if one.level > Level.NOTE]

    assert (finding.level, finding.line) == (Level.ERROR, 4)
    assert f"{name} has a default" in finding.problem
    assert finding.advice.startswith("Write WHERE tenant_id") == (name == "tenant_id")


def test_a_default_within_a_condition_is_reported_once(tmp_path: Path) -> None:
    sql = f"{GOOD} {{% if defined(user_id) %}} AND x = {{{{ String(user_id, '') }}}} {{% end %}}"

    [(level, _, problem)] = problems(tmp_path, node(sql))

    assert level is Level.ERROR
    assert "user_id has a default" in problem


def test_a_default_in_another_pipe_of_the_nodes_own_name_is_found(tmp_path: Path) -> None:
    other = node("SELECT * FROM requests WHERE tenant_id = {{ String(tenant_id, '') }}")
    text = node("SELECT * FROM everything", "everything")

    found = findings(tmp_path, text, everything__pipe=other)

    assert [one.place for one in found if one.level is Level.ERROR] == ["everything.pipe:4"]


def test_a_default_alone_is_reported_once(tmp_path: Path) -> None:
    sql = "SELECT * FROM requests WHERE tenant_id = {{ String(tenant_id, '') }}"

    found = problems(tmp_path, node(sql))

    assert [problem for _, _, problem in found if "has a default" in problem]
    assert not [problem for _, _, problem in found if "can be left out" in problem]


def test_a_pipe_that_never_uses_the_tenant_is_an_error(tmp_path: Path) -> None:
    [(level, _, problem)] = problems(tmp_path, node("SELECT * FROM requests"))

    assert level is Level.ERROR
    assert "never uses tenant_id" in problem


def test_a_user_that_can_be_left_out_is_an_error(tmp_path: Path) -> None:
    sql = f"{GOOD} {{% if defined(user_id) %}} AND user_id = {{{{ String(user_id) }}}} {{% end %}}"

    [(level, _, problem)] = problems(tmp_path, node(sql))

    assert level is Level.ERROR
    assert problem.startswith("user_id can be left out")


def test_a_node_that_filters_for_those_after_it_is_enough(tmp_path: Path) -> None:
    text = node(GOOD, "mine", "") + node("SELECT count() AS requests FROM mine")

    assert problems(tmp_path, text) == []


def test_a_node_that_filters_what_came_before_it_is_enough(tmp_path: Path) -> None:
    text = node("SELECT * FROM requests", "all", "") + node(f"SELECT * FROM all WHERE {TENANT}")

    assert problems(tmp_path, text) == []


def test_a_tenant_required_where_it_does_not_matter_is_found(tmp_path: Path) -> None:
    text = node(GOOD, "unused", "") + node("SELECT * FROM requests")

    [(level, _, problem)] = problems(tmp_path, text)

    assert level is Level.ERROR
    assert "never uses tenant_id" in problem


def test_a_way_to_the_answer_past_the_filter_is_found(tmp_path: Path) -> None:
    text = (
        node(GOOD, "mine", "")
        + node("SELECT * FROM requests", "all", "")
        + node("SELECT * FROM mine JOIN all USING route")
    )

    [(level, line, problem)] = problems(tmp_path, text)

    assert (level, line) == (Level.ERROR, 10)
    assert "'all' reads the data source 'requests' without tenant_id" in problem


@pytest.mark.parametrize(
    ("other", "what"),
    [("plans", "the data source 'plans'"), ("{{ table(t) }}", "a table that the request chooses")],
)
def test_a_table_that_may_have_no_tenants_is_a_warning(
    tmp_path: Path, other: str, what: str
) -> None:
    text = (
        node(GOOD, "mine", "")
        + node(f"SELECT * FROM {other}", "other", "")
        + node("SELECT * FROM mine, other")
    )

    [(level, _, problem)] = problems(tmp_path, text)

    assert level is Level.WARNING
    assert what in problem


def test_rows_that_come_through_another_pipe_are_followed(tmp_path: Path) -> None:
    text = node(GOOD, "mine", "") + node("SELECT * FROM mine JOIN everything USING route")

    found = findings(tmp_path, text, everything__pipe=node("SELECT * FROM requests"))

    assert [each.place for each in found if each.level is Level.ERROR] == ["everything.pipe:4"]


def test_pipes_that_select_from_each_other_are_no_endless_way(tmp_path: Path) -> None:
    other = node(f"SELECT * FROM hits WHERE {TENANT}")

    assert problems(tmp_path, node("SELECT * FROM other"), other__pipe=other) == []


@pytest.mark.parametrize(
    ("engine", "key", "is_doubted"),
    [
        ("SummingMergeTree", "route", True),
        ("ReplacingMergeTree", "route, lower(tenant_id)", True),
        ("AggregatingMergeTree", "route, tenant_id", False),
        ("ReplacingMergeTree", "(tenant_id, route)", False),
        ("MergeTree", "route", False),
    ],
)
def test_an_engine_that_makes_one_row_of_several_tenants_is_a_warning(
    tmp_path: Path, engine: str, key: str, is_doubted: bool
) -> None:
    sums = f'{REQUESTS}\nENGINE "{engine}"\nENGINE_SORTING_KEY "{key}"\n'
    text = node(f"SELECT * FROM sums WHERE {TENANT}")

    found = [
        each for each in findings(tmp_path, text, sums__datasource=sums) if each.level > Level.NOTE
    ]

    assert [(each.level, each.place) for each in found] == (
        [(Level.WARNING, "hits.pipe:4")] if is_doubted else []
    )
    assert all("the key lacks tenant_id" in each.problem for each in found)


HOURS = "SCHEMA >\n    `tenant_id` String,\n    `requests` UInt64\n"
TOTALS = "SCHEMA >\n    `route` String,\n    `requests` UInt64\n"
CARRIED = "SELECT tenant_id, toUInt64(count()) AS requests FROM requests GROUP BY tenant_id"


def fed(
    folder: Path, schema: str, feeder: str, kind: str = "materialized"
) -> list[tuple[Level, str, str]]:
    """Lint a pipe that filters `fed`, a data source that another pipe fills."""
    target = "DATASOURCE" if kind == "materialized" else "TARGET_DATASOURCE"
    where = f"WHERE {TENANT}" if "tenant_id" in schema else "WHERE {{ String(tenant_id) }} != ''"
    found = findings(
        folder,
        node(f"SELECT * FROM fed {where}"),
        fed__datasource=schema,
        feeder__pipe=node(feeder, "hourly", f"TYPE {kind}\n{target} fed"),
    )
    return [(one.level, one.place, one.problem) for one in found if one.level > Level.NOTE]


@pytest.mark.parametrize("kind", ["materialized", "copy"])
def test_a_pipe_that_carries_the_tenant_into_its_target_passes(tmp_path: Path, kind: str) -> None:
    assert fed(tmp_path, HOURS, CARRIED, kind) == []


@pytest.mark.parametrize("kind", ["materialized", "copy"])
@pytest.mark.parametrize(
    ("schema", "feeder"),
    [
        (TOTALS, CARRIED),
        (TOTALS, "SELECT route, count() AS requests FROM requests GROUP BY route"),
        (HOURS, "SELECT any(tenant_id) AS tenant_id, count() AS requests FROM requests"),
        (HOURS, "SELECT route AS tenant_id, count() AS requests FROM requests GROUP BY route"),
        (HOURS, "SELECT count() AS requests FROM requests"),
    ],
)
def test_a_pipe_that_loses_the_tenant_on_the_way_to_its_target_is_an_error(
    tmp_path: Path, schema: str, feeder: str, kind: str
) -> None:
    [(level, place, problem)] = fed(tmp_path, schema, feeder, kind)

    assert (level, place) == (Level.ERROR, "feeder.pipe:4")
    assert "fills 'fed' with rows of the data source 'requests' without their tenant_id" in problem


def test_a_target_without_tenants_of_a_source_without_them_is_a_warning(tmp_path: Path) -> None:
    [(level, place, _)] = fed(tmp_path, TOTALS, "SELECT plan AS route FROM plans")

    assert (level, place) == (Level.WARNING, "feeder.pipe:4")


def test_a_filling_pipe_that_cannot_be_judged_is_a_warning(tmp_path: Path) -> None:
    [(level, place, problem)] = fed(tmp_path, HOURS, f"{CARRIED} {{% if x %}}")

    assert (level, place) == (Level.WARNING, "feeder.pipe:4")
    assert "its template is malformed" in problem


def test_a_target_is_filtered_where_it_is_read(tmp_path: Path) -> None:
    feeder = node(CARRIED, "hourly", "TYPE materialized\nDATASOURCE fed")
    files = {"fed__datasource": HOURS, "feeder__pipe": feeder}

    [(level, line, problem)] = problems(tmp_path, node("SELECT * FROM fed"), **files)

    assert (level, line) == (Level.ERROR, 4)
    assert "never uses tenant_id" in problem


def test_a_chain_of_filling_pipes_is_followed(tmp_path: Path) -> None:
    lost = node("SELECT count() AS requests FROM requests", "a", "TYPE copy\nTARGET_DATASOURCE b")
    kept = node("SELECT tenant_id, requests FROM b", "b", "TYPE materialized\nDATASOURCE fed")
    files = {"b__datasource": HOURS, "fed__datasource": HOURS, "a__pipe": lost, "c__pipe": kept}

    [(level, _, problem)] = problems(tmp_path, node(f"SELECT * FROM fed WHERE {TENANT}"), **files)

    assert level is Level.ERROR
    assert "fills 'b' with rows of the data source 'requests'" in problem


@pytest.mark.parametrize("order", [("hits", "more"), ("more", "hits")])
def test_a_circle_of_copies_is_judged_alike_from_wherever_it_is_read(
    tmp_path: Path, order: tuple[str, str]
) -> None:
    files = {
        "a__datasource": HOURS,
        "b__datasource": HOURS,
        "hits__pipe": node(f"SELECT * FROM b WHERE {TENANT}"),
        "more__pipe": node(f"SELECT * FROM a WHERE {TENANT}"),
        "n1__pipe": node("SELECT requests FROM a", kind="TYPE copy\nTARGET_DATASOURCE b"),
        "n2__pipe": node(
            "SELECT tenant_id, requests FROM b", kind="TYPE copy\nTARGET_DATASOURCE a"
        ),
    }
    write(tmp_path, **files)
    project = load_project(tmp_path)
    reading = Reading(project, HITS.tenant)

    given = {name: reading.endpoint(project.pipes[name]) for name in order}

    assert [{read.target for read in given[name].reads} for name in order] == [{"b"}, {"b"}]


def test_an_engine_that_makes_one_row_of_several_says_nothing_without_tenants(
    tmp_path: Path,
) -> None:
    sums = f'{PLANS}\nENGINE "SummingMergeTree"\nENGINE_SORTING_KEY "plan"\n'

    [(level, _, problem)] = problems(
        tmp_path,
        node("SELECT * FROM sums WHERE plan = {{ String(tenant_id) }}"),
        sums__datasource=sums,
    )

    assert level is Level.WARNING
    assert "reads the data source 'sums' without tenant_id" in problem


def test_a_pipe_of_the_policy_that_the_project_lacks_is_an_error(tmp_path: Path) -> None:
    [finding] = lint(load_project(tmp_path), HITS)

    assert finding.level is Level.ERROR
    assert finding.place == "endpoints/hits.pipe:1"


def test_a_pipe_that_is_no_endpoint_is_an_error(tmp_path: Path) -> None:
    [(level, _, problem)] = problems(tmp_path, node(GOOD, kind=""))

    assert level is Level.ERROR
    assert "no endpoint" in problem


def test_a_policy_that_leaves_the_tenant_to_the_request_is_refused(tmp_path: Path) -> None:
    write(tmp_path, hits__pipe=node(GOOD), requests__datasource=REQUESTS)
    free = replace(HITS, granted=lambda session: [Scope("hits", {"user_id": "user_1"})])

    with pytest.raises(PolicyError, match="'hits' does not fix tenant_id"):
        lint(load_project(tmp_path), free)


def test_a_parameter_that_only_some_tokens_fix_is_noted(tmp_path: Path) -> None:
    def granted(session: ClerkSession) -> list[Scope]:
        fixed = {"tenant_id": "org_1", **({} if session.organization else {"user_id": "u"})}
        return [Scope("hits", fixed)]

    write(tmp_path, hits__pipe=node(GOOD), requests__datasource=REQUESTS)
    policy = replace(HITS, granted=granted, kinds=(member_of("org:admin"), alone()))

    [finding] = lint(load_project(tmp_path), policy)

    assert (finding.level, finding.place) == (Level.NOTE, "hits.pipe:1")
    assert "Only some tokens fix user_id" in finding.problem
    assert "no organization" in finding.problem


def test_what_some_tokens_fix_is_noted_for_the_pipe_that_they_fix_it_for(tmp_path: Path) -> None:
    def granted(session: ClerkSession) -> list[Scope]:
        more = {} if session.organization else {"user_id": "u"}
        return [
            Scope("hits", {"tenant_id": "org_1"}),
            Scope("other", {"tenant_id": "org_1", **more}),
        ]

    sources = {"hits__pipe": node(GOOD), "other__pipe": node(GOOD)}
    write(tmp_path, requests__datasource=REQUESTS, **sources)
    policy = replace(HITS, granted=granted, kinds=(member_of("org:admin"), alone()))

    assert [one.place for one in lint(load_project(tmp_path), policy)] == ["other.pipe:1"]


def test_every_pipe_that_any_kind_of_session_may_read_is_held_to_it(tmp_path: Path) -> None:
    def granted(session: ClerkSession) -> list[Scope]:
        names = ("hits", "everything") if session.organization else ("hits",)
        return [Scope(name, FIXED) for name in names]

    sources = {"hits__pipe": node(GOOD), "requests__datasource": REQUESTS}
    write(tmp_path, everything__pipe=node("SELECT * FROM requests"), **sources)
    policy = replace(HITS, granted=granted, kinds=(alone(), member_of("org:admin")))

    [finding] = lint(load_project(tmp_path), policy)

    assert (finding.level, finding.place) == (Level.ERROR, "everything.pipe:4")


def test_a_template_that_cannot_be_compiled_is_an_error_with_its_line(tmp_path: Path) -> None:
    [(level, line, _)] = problems(tmp_path, node(f"{GOOD}\n    {{{{ x( }}}}"))

    assert (level, line) == (Level.ERROR, 5)


def test_an_endpoint_that_no_token_allows_is_a_note(tmp_path: Path) -> None:
    found = findings(tmp_path, node(GOOD), spare__pipe=node(GOOD))

    assert [(each.level, each.place) for each in found] == [(Level.NOTE, "spare.pipe:1")]


def test_what_cannot_be_judged_is_told_with_its_line(tmp_path: Path) -> None:
    [(level, line, problem)] = problems(tmp_path, node(f"{GOOD}\n    AND in(route, requests)"))

    assert (level, line) == (Level.WARNING, 5)
    assert problem.startswith("Cannot judge the node 'endpoint'")


def test_a_table_without_a_tenants_column_beside_the_filter_is_a_warning(tmp_path: Path) -> None:
    sql = f"SELECT * FROM requests\n    JOIN plans USING plan WHERE {TENANT}"

    [finding] = findings(tmp_path, node(sql))

    assert (finding.level, finding.line) == (Level.WARNING, 5)
    assert "reads the data source 'plans' without tenant_id" in finding.problem
    assert "It has no column tenant_id" in finding.advice


def test_a_choice_by_another_parameter_is_no_trap(tmp_path: Path) -> None:
    sql = (
        f"{GOOD} {{% if org_permission != 'manage' %}} AND user_id = {{{{ String(user_id) }}}} "
        "{% end %}"
    )

    assert problems(tmp_path, node(sql)) == []


def test_another_fixed_parameter_within_a_condition_is_a_note(tmp_path: Path) -> None:
    sql = f"{GOOD} {{% if defined(org_permission) %}} AND 1 {{% end %}}"

    [finding] = findings(tmp_path, node(sql))

    assert (finding.level, finding.line) == (Level.NOTE, 4)


def test_findings_come_worst_first(tmp_path: Path) -> None:
    found = findings(tmp_path, node("SELECT * FROM requests"), a_spare__pipe=node(GOOD))

    assert [each.level for each in found] == [Level.ERROR, Level.NOTE]
