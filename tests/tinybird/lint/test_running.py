"""What the lint holds safe is run: no row of another tenant may make a difference to an answer."""

import re
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tinybird.lint.engine import ASKING, Engine
from tests.tinybird.lint.pipes import Verdict, cases
from tests.tinybird.lint.test_judging import verdict

WAYS: tuple[dict[str, str], ...] = (
    {"workspace": ASKING},
    {"workspace": ASKING, "x": "x", "y": "1", "ns": "x,y", "note": "x", "other": "b", "p1": "1"},
    {"x": "x", "other": "b"},
    {},
)
"""Requests: with all that is optional and without, and from a token that lacks the tenant."""

RUN = [case for case in cases() if not re.search(r"(remote|url|file)\(", case.nodes["endpoint"])]
"""The table, without what is looked for on other machines."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    running = Engine(tmp_path_factory.mktemp("lint"))
    yield running
    running.close()


def answers(engine: Engine, nodes: Mapping[str, str]) -> list[tuple[object, object]]:
    """Return the answers over everyone's rows and over one's own, of the requests that both had."""
    return [pair for pair in engine.run(nodes, WAYS) if None not in pair]


def leaks(engine: Engine, nodes: Mapping[str, str]) -> bool:
    return any(everyone != alone for everyone, alone in answers(engine, nodes))


def test_no_right_pipe_of_the_table_leaks_and_wrong_ones_do(engine: Engine) -> None:
    verdicts = {case.why: case.verdict for case in RUN}
    leaking = {case.why for case in RUN if leaks(engine, case.nodes)}

    assert not [why for why in leaking if verdicts[why] is Verdict.SAFE]
    # The others need a value or a server that is not there.
    assert sum(verdicts[why] is Verdict.UNSAFE for why in leaking) >= 41


def test_almost_every_right_pipe_of_the_table_answers(engine: Engine) -> None:
    right = [case for case in RUN if case.verdict is Verdict.SAFE]

    assert sum(bool(answers(engine, case.nodes)) for case in right) >= len(right) - 1


# Every query has the columns workspace_id, note and amount, so that each can stand within another.
COLUMNS = "workspace_id, note, amount"
OWN = "{{ String(workspace) }}"
MUTATED_CONDITIONS = (
    "1",
    f"workspace_id != {OWN}",
    f"workspace_id >= {OWN}",
    f"workspace_id LIKE {OWN}",
    f"workspace_id IN ({OWN}, 'b')",
    f"workspace_id NOT IN ({OWN})",
    "workspace_id = workspace_id",
    f"note = {OWN}",
    f"{OWN} = {OWN}",
    "workspace_id = {{ String(other, 'b') }}",
    "workspace_id = {{ String(workspace, 'b') }}",
    "workspace_id = {{ String(workspace) if defined(x) else 'b' }}",
    f"lower(workspace_id) = {OWN}",
    f"if(amount > 2, {OWN}, workspace_id) = {OWN}",
    "note IN (SELECT note FROM events WHERE MINE)",
    "workspace_id IN (SELECT note FROM events WHERE MINE)",
    "amount = (SELECT max(amount) FROM events)",
    "NOT (MINE)",
    "NOT MINE",
    "(MINE) = 0",
    "MINE OR 1",
    "1 OR MINE AND 1",
    "MINE AND 1 OR 1",
    "(MINE OR amount > 1)",
    "xor(MINE, 1)",
    "amount BETWEEN 0 {% if defined(x) %} AND 999 {% end %} AND MINE",
    "1 {% if defined(workspace) %} AND MINE {% end %}",
    "{% if defined(x) %} MINE {% else %} 1 {% end %}",
    "MINE {% if defined(x) %} OR 1 {% end %}",
    "MINE {% if defined(x) %} AND 1 OR 1 {% end %}",
    "{% if defined(x) %} 1 OR {% end %} MINE",
    "1 {% for n in split_to_array(ns, '') %} AND MINE {% end %}",
    "1 -- AND MINE\n",
    "1 /* AND MINE */",
    "1 /* /* */ OR 1 /* */ AND MINE",
    "/* /* */ MINE AND 1 -- */\n 1",
    "/* MINE AND '*/ 1 -- '",
    "(note AS workspace_id) != '' AND MINE",
    "'\\'' != ' OR 1 --' AND MINE",
)
RIGHT_CONDITIONS = (
    "MINE",
    "(MINE)",
    "MINE AND amount > 1",
    "amount > 0 AND (MINE AND note != '')",
    f"{OWN} = workspace_id",
    f"workspace_id IN ({OWN})",
    "workspace_id IN (SELECT workspace_id FROM notes WHERE MINE)",
    "MINE {% if defined(x) %} AND note = {{ String(x) }} {% end %}",
    "{% if defined(x) %} MINE AND 1 {% else %} MINE {% end %}",
    "MINE AND amount > {% if defined(x) %} 1 {% else %} 0 {% end %}",
    "MINE AND amount >= (SELECT min(amount) FROM events WHERE MINE)",
)
RIGHT_LISTS = (COLUMNS, "*", "workspace_id AS workspace_id, note, amount")
MUTATED_LISTS = (
    "note AS workspace_id, workspace_id AS note, amount",
    f"{OWN} AS workspace_id, note, amount",
    "workspace_id, note, sum(amount) OVER () AS amount",
    "* REPLACE (note AS workspace_id)",
    "workspace_id, note, amount, 'a' AS workspace_id",
    "workspace_id, note, (SELECT sum(amount) FROM events) AS amount",
    "argMax(workspace_id, amount) AS workspace_id, any(note) AS note, sum(amount) AS amount",
)
ENDS = (
    "",
    "ORDER BY amount",
    "ORDER BY amount LIMIT 2",
    "LIMIT 1 BY note",
)
GROUPED = (
    "SELECT workspace_id, '' AS note, sum(amount) AS amount "
    "FROM {source} WHERE {condition} GROUP BY "
)
KEYS = ("workspace_id", "workspace_id WITH ROLLUP", "workspace_id WITH TOTALS")
SELECT = "SELECT {columns} FROM {source} WHERE {condition} {end}"


def queries(*, mutations: bool) -> st.SearchStrategy[str]:
    """Return queries that are built of right parts, or of right and wrong ones."""

    def some(right: tuple[str, ...], mutated: tuple[str, ...]) -> st.SearchStrategy[str]:
        parts = st.sampled_from(right)
        return st.one_of(parts, parts, parts, st.sampled_from(mutated)) if mutations else parts

    conditions = some(RIGHT_CONDITIONS, MUTATED_CONDITIONS)
    plain = st.builds(
        SELECT.format,
        columns=some(RIGHT_LISTS, MUTATED_LISTS),
        source=st.sampled_from(("events", "notes", "events FINAL")),
        condition=conditions,
        end=st.sampled_from(ENDS),
    )

    def around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        source = inner.map("({})".format)
        any_condition = st.one_of(st.just("1"), conditions)
        wrapped = st.builds(
            SELECT.format,
            columns=some(RIGHT_LISTS, MUTATED_LISTS),
            source=source,
            condition=any_condition,
            end=st.sampled_from(ENDS),
        )
        keys = st.sampled_from(KEYS)
        grouped = st.builds(GROUPED.format, source=source, condition=any_condition)
        named = st.builds(f"WITH q AS ({{}}) SELECT {COLUMNS} FROM q".format, inner)
        value = st.builds(f"WITH {OWN} AS workspace_id SELECT {COLUMNS} FROM ({{}})".format, inner)
        both = st.builds("({}) {} ({})".format, inner, st.sampled_from(SETS), inner)
        joined = st.builds(
            "SELECT l.workspace_id AS workspace_id, r.note AS note, r.amount AS amount "
            "FROM ({}) AS l {} ({}) AS r {} WHERE {}".format,
            inner,
            st.sampled_from(("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "ANY LEFT JOIN")),
            inner,
            st.sampled_from(LINKS),
            st.sampled_from(("1", f"l.workspace_id = {OWN}", f"r.workspace_id = {OWN}", "MINE")),
        )
        choices = [wrapped, st.builds(str.__add__, grouped, keys), named, both, joined]
        return st.one_of(*choices, *([value] if mutations else []))

    return st.recursive(plain, around, max_leaves=3)


SETS = ("UNION ALL", "UNION DISTINCT", "EXCEPT", "INTERSECT")
LINKS = (
    "ON l.note = r.note",
    "ON l.workspace_id = r.workspace_id",
    "ON l.workspace_id = r.workspace_id AND l.note = r.note",
    f"ON l.note = r.note AND r.workspace_id = {OWN}",
    f"ON l.note = r.note AND l.workspace_id = {OWN}",
    "USING (workspace_id, note)",
    "USING (note)",
)
OFTEN = settings(
    max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def test_whatever_is_done_to_a_right_pipe_the_lint_or_the_run_tells(engine: Engine) -> None:
    met: list[int] = []

    @OFTEN
    @given(queries(mutations=True), st.booleans())
    def play(query: str, has_node: bool) -> None:
        nodes = {"before": query, "endpoint": f"SELECT {COLUMNS} FROM before"}
        chosen = nodes if has_node else {"endpoint": query}
        if verdict(chosen) is Verdict.SAFE:
            found = answers(engine, chosen)
            met.append(len(found))
            assert all(everyone == alone for everyone, alone in found)

    play()
    # It would prove nothing if nearly all were refused, or failed.
    assert sum(count > 0 for count in met) >= 10


def test_pipes_of_right_parts_are_never_called_wrong() -> None:
    @OFTEN
    @given(queries(mutations=False))
    def play(query: str) -> None:
        assert verdict({"endpoint": query}) is not Verdict.UNSAFE

    play()
