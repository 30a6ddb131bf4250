"""The documentation and the code say the same."""

import re
from dataclasses import fields
from pathlib import Path

from clerk_tinybird_app.sample import vocabulary
from clerk_tinybird_app.settings import Settings
from examples.email import dashboard, policy

ROOT = Path(__file__).parent.parent
VARIABLES = {item.metadata["env"]: item.default for item in fields(Settings)}


def _example() -> dict[str, str]:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))


def test_env_example_names_every_variable_with_its_default_and_nothing_else() -> None:
    defaults = {
        name: "" if value in ("", (), None) else str(value) for name, value in VARIABLES.items()
    }

    assert _example() == defaults


def test_env_example_gives_every_variable_a_comment_of_its_own() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    bare = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if re.match(r"[A-Z_]+=", line) and not before.startswith("# ")
    ]

    assert bare == []


def test_the_readmes_table_names_every_variable_and_nothing_else() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert set(re.findall(r"^\| `([A-Z_]+)`", readme, re.MULTILINE)) == set(VARIABLES)


def test_the_readme_opens_with_the_two_commands_within_its_first_screen() -> None:
    first_screen = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:30])

    assert "make run" in first_screen
    assert "make test" in first_screen


def test_every_python_block_of_the_adaptation_runs_with_what_its_example_imports() -> None:
    adapt = (ROOT / "docs" / "adapt.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", adapt, re.MULTILINE | re.DOTALL)
    known = vars(policy) | vars(dashboard) | vars(vocabulary)

    for block in blocks:
        exec(block, known)

    assert len(blocks) == 6


def test_every_test_that_the_security_page_names_exists() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", page)

    assert len(named) > 60
    assert page.count("::") == len(named) + 1  # and the one that says how they are written
    assert [
        f"{file}::{name}"
        for file, name in named
        if not re.search(rf"^ *(?:async )?def {name}\(", _test_file(file), re.MULTILINE)
    ] == []


def test_the_security_page_has_a_line_for_each_promise_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    promises = readme.partition("## What it promises")[2].partition("\n## ")[0]
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")

    assert re.findall(r"^\| (\d+)\. ", page, re.MULTILINE) == re.findall(
        r"^(\d+)\. ", promises, re.MULTILINE
    )


def test_no_page_links_to_what_is_not_there() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]

    assert [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
        if not target.startswith(("http", "gallery/")) and not (page.parent / target).exists()
    ] == []


def _test_file(name: str) -> str:
    file = ROOT / "tests" / name
    return file.read_text(encoding="utf-8") if file.exists() else ""
