"""The table of pipes in ``pipes.sql``, and projects made of them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from clerk_tinybird_app.tinybird.project import Project, read_files

MINE = "workspace_id = {{ String(workspace) }}"

_EVENTS = """SCHEMA >
    `workspace_id` String `json:$.workspace_id`,
    `note` String `json:$.note`,
    `amount` Int64 `json:$.amount`
"""
SOURCES = {
    "events.datasource": _EVENTS,
    "notes.datasource": _EVENTS,
    "plans.datasource": "SCHEMA >\n    `plan` String `json:$.plan`\n",
}

_HEAD = re.compile(r"^-- (safe|unsafe|unclear): (.+)$", re.MULTILINE)
_NODE = re.compile(r"^NODE (\w+)$", re.MULTILINE)


class Verdict(Enum):
    """What the lint says of a pipe: nothing, an error, or that it cannot judge it."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Case:
    """One pipe, what the lint must say of it, and why."""

    why: str
    verdict: Verdict
    nodes: Mapping[str, str]


def cases() -> Iterator[Case]:
    """Yield the pipes of the table."""
    text = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    _, *found = _HEAD.split(text)
    for verdict, why, body in zip(found[::3], found[1::3], found[2::3], strict=True):
        first, *others = _NODE.split(body.strip())
        named = dict(zip(others[::2], others[1::2], strict=True))
        yield Case(why, Verdict(verdict), named or {"endpoint": first})


def pipe_text(nodes: Mapping[str, str]) -> str:
    """Return a pipe's file; the last node is the endpoint."""
    texts = [
        f"NODE {name}\nSQL >\n    %\n" + "\n".join(f"    {line}" for line in sql.splitlines())
        for name, sql in nodes.items()
    ]
    return "\n\n".join((*texts, "TYPE endpoint\n")).replace("MINE", MINE)


def project(nodes: Mapping[str, str]) -> Project:
    """Return a project whose pipe ``answer`` has these nodes."""
    files = {**SOURCES, "answer.pipe": pipe_text(nodes)}
    return read_files({Path(name): text.encode() for name, text in files.items()})
