"""The columns of an endpoint's answer, told from its SQL."""

from pathlib import Path

import pytest

from clerk_tinybird_app.tinybird.lint.columns import columns_of, reading_of
from clerk_tinybird_app.tinybird.project import load_project
from tests.tinybird.project.projects import write

EVENTS = "SCHEMA >\n    `at` DateTime `json:$.at`,\n    `kind` String `json:$.kind`\n"


def node(sql: str, name: str = "endpoint", kind: str = "TYPE endpoint") -> str:
    return f"NODE {name}\nSQL >\n    %\n    {sql}\n{kind}\n\n"


def columns(folder: Path, text: str, **files: str) -> tuple[str, ...] | None:
    project = load_project(write(folder, hits__pipe=text, events__datasource=EVENTS, **files))
    return columns_of(reading_of(project), project.pipes["hits"])


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT at, count() AS hits FROM events GROUP BY at", ("at", "hits")),
        ("SELECT e.at, `kind` FROM events AS e JOIN x USING at", ("at", "kind")),
        ("SELECT * FROM events", ("at", "kind")),
        ("SELECT *, 1 AS one FROM events FINAL", ("at", "kind", "one")),
        ("SELECT * FROM (SELECT kind AS k FROM events)", ("k",)),
        ("WITH c AS (SELECT kind FROM events), 1 AS n SELECT *, n FROM c", ("kind", "n")),
        ("SELECT 1 AS a UNION ALL SELECT 2 AS b", ("a",)),
        (
            "SELECT at, {{ String(x) }} AS y FROM events {% if z %} LIMIT 1 {% end %}",
            ("at", "y"),
        ),
        (
            "SELECT {% if x %} at {% else %} now() {% end %} AS y, kind FROM events",
            ("y", "kind"),
        ),
    ],
)
def test_the_names_are_those_of_the_select_list(
    tmp_path: Path, sql: str, expected: tuple[str, ...]
) -> None:
    assert columns(tmp_path, node(sql)) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count() FROM events",
        "SELECT {{ column(x) }} FROM events",
        "SELECT {{ columns(x) }} FROM events",
        "SELECT at {% if defined(x) %}, kind {% end %} FROM events",
        "SELECT * FROM {{ table(x) }}",
        "SELECT * FROM events, events AS other",
        "SELECT * EXCEPT (at) FROM events",
        "SELECT events.* FROM events",
        "SELECT COLUMNS('a') FROM events",
        "SELECT at FROM events {% if x %}",
        "SELECT FROM WHERE",
        "SELECT * FROM hits",
        "SELECT * FROM unknown",
    ],
)
def test_what_cannot_be_told_is_not_guessed(tmp_path: Path, sql: str) -> None:
    assert columns(tmp_path, node(sql)) is None


def test_names_come_through_nodes_and_other_pipes(tmp_path: Path) -> None:
    text = node("SELECT * FROM other", "first", "") + node("SELECT * FROM first")

    assert columns(tmp_path, text, other__pipe=node("SELECT kind FROM events")) == ("kind",)
