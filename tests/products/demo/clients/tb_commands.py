"""Writes what ``tb --local`` does to docs/embedded-tinybird.md: run it with ``python -m``.

Every line of its table comes of a run of the real command.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tests.local.tinybird.process import Tinybird
from tests.products.demo.clients import isolated
from tests.products.demo.clients.conftest import copy_project, make_tb
from tests.products.demo.clients.tb import Said, Tb

PAGE: Final = isolated.ROOT / "docs" / "embedded-tinybird.md"
COMMAND: Final = "python -m tests.products.demo.clients.tb_commands"
_SECTION: Final = re.compile(r"(?<=\n## The `tb` command\n).*?(?=\n## |\Z)", re.DOTALL)
_NO_CONTAINER: Final = "tcp://127.0.0.1:9"
_COPY: Final = """\
NODE counted
SQL >
    SELECT tenant_id, count() AS requests
    FROM requests
    GROUP BY tenant_id

TYPE COPY
TARGET_DATASOURCE counted
"""
_COUNTED: Final = """\
SCHEMA >
    `tenant_id` String,
    `requests` UInt64

ENGINE "MergeTree"
ENGINE_SORTING_KEY "tenant_id"
"""
_TEXT: Final = (
    "\nWhat `tb --local COMMAND` does against the embedded Tinybird, in the order of the run that "
    f"made this table: `{COMMAND}` writes it, and a test fails when a run says something else. The "
    "command works in a workspace of its own, one for each project folder, and not in the one that "
    "the app reads; the ten latest are kept until the process ends. "
    "`tb --cloud --host http://localhost:7181 --token TOKEN` works in the app's own, until a file "
    "of the folder changes.\n\n| `tb --local …` | works | what it says |\n|---|---|---|\n"
)

_OF_THIS_RUN: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d+\.\d+|(?<=Fetched )\d+"
)
"""Ids, times, and the number of logs, which differ from one run to the next."""


@dataclass(frozen=True)
class Command:
    """A command, and what of its answer is shown.

    Attributes:
        text: Its words; none has a space.
        says: Where the line begins that is shown.
        why: Why it does not work, if it does not.
    """

    text: str
    says: str = "✓"
    why: str = ""


_DAY: Final = "--start 2099-06-02T00:00:00 --end 2099-06-03T00:00:00"
COMMANDS: Final = (
    Command("build", "✓ Build"),
    Command("test run top_routes", "✓ a_day"),
    Command("datasource ls", "name: requests"),
    Command("datasource truncate requests --yes", r"\*\* Data Source"),
    Command("datasource append requests --file fixtures/requests.ndjson"),
    Command("deploy", "✓ Deployment #"),
    Command("deploy --no-auto", "✓ Deployment is ready"),
    Command("deployment ls", r"\| +2 \| Staging"),
    Command("deployment promote --wait", "✓ Deployment #"),
    Command("endpoint ls", "name: top_routes"),
    Command(f"endpoint data top_routes --tenant_id org_acme {_DAY}", r"\*\* Rows read"),
    Command("endpoint stats", r"\| top_routes"),
    Command("sql SELECT+count()+FROM+requests", "19"),
    Command("copy run counting --wait"),
    Command("logs", "Fetched"),
    Command("token ls", "name: requests_append"),
    Command(
        "local status",
        "Error",
        "It looks for a container. That the app answers at port 7181 is its status.",
    ),
    Command("mock requests", "Error", "No `tb` has it any more."),
)


def rows(tb: Tb) -> Iterator[str]:
    """Run the commands, one after the other, in a project that they may change; yield the rows."""
    for name, text in (
        ("copies/counting.pipe", _COPY),
        ("datasources/counted.datasource", _COUNTED),
    ):
        (tb.project / name).parent.mkdir(exist_ok=True)
        (tb.project / name).write_text(text, encoding="utf-8")
    tb = replace(tb, more={"DOCKER_HOST": _NO_CONTAINER})
    for command in COMMANDS:
        said = tb.local(*(word.replace("+", " ") for word in command.text.split()))
        works = "yes" if said.status == 0 else f"no. {command.why}".strip()
        shown = f"`{command.text.replace('+', ' ')}`"
        yield f"| {shown} | {works} | {_line(command, said)} |\n"


def _line(command: Command, said: Said) -> str:
    """Return the line that shows what a command did, without what each run has its own of."""
    found = re.search(rf"^\s*({command.says}.*)$", said.text, re.MULTILINE)
    assert found, f"tb {command.text} does not say {command.says!r}: {said.text}"
    text = re.sub(r"\s+", " ", found[1].strip(" |")).split(". ")[0]
    text = _OF_THIS_RUN.sub("…", text)
    return text.replace("|", "/").replace("<", "&lt;")


def page(text: str, found: Iterator[str]) -> str:
    """Return the page with other rows in its table."""
    return _SECTION.sub(lambda _: _TEXT + "".join(found), text)


def main() -> int:
    """Run the commands against an embedded Tinybird of their own, and write the page."""
    python = isolated.find_python()
    if python is None:
        sys.exit("Tinybird's own CLI installs on Python 3.11 to 3.13; none of them is here.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = copy_project(folder / "served")
        with Tinybird(project, folder / "data") as running:
            tb = make_tb(isolated.environment(python), running, folder)
            text = page(PAGE.read_text(encoding="utf-8"), rows(tb))
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
