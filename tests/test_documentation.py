"""The documentation and the code say the same."""

import re
from dataclasses import fields
from pathlib import Path

from clerk_tinybird_app.sample import vocabulary
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.about import ABOUT
from clerk_tinybird_app.settings.environment import ALIASES
from examples.email import dashboard, policy
from tests import configuration
from tests.misconfigurations import GROUPS

ROOT = Path(__file__).parent.parent
HOW_TO_WRITE = f"write it anew: {configuration.COMMAND}"
VARIABLES = {item.metadata["env"]: item.default for item in fields(Settings)}


def _example() -> dict[str, str]:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.MULTILINE))


def test_the_page_of_the_configuration_is_what_its_command_writes() -> None:
    assert configuration.PAGE.read_text(encoding="utf-8") == configuration.page(), HOW_TO_WRITE


def test_env_example_is_what_its_command_writes() -> None:
    assert configuration.EXAMPLE.read_text(encoding="utf-8") == configuration.example(), (
        HOW_TO_WRITE
    )


def test_every_setting_says_what_it_does_and_nothing_else_does() -> None:
    assert ABOUT.keys() == VARIABLES.keys()


def test_env_example_names_every_variable_with_its_default_and_nothing_else() -> None:
    defaults = {
        name: "" if value in ("", (), None) else str(value) for name, value in VARIABLES.items()
    }

    assert _example() == defaults


def test_every_code_of_the_log_in_the_table_of_mistakes_is_an_operators() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    named = {code for group in GROUPS for each in group.cases for code in (each.code, each.log)}

    assert [
        code for code in named if code and " " not in code and f"| `{code}` |" not in operations
    ] == []


def test_the_readme_names_only_variables_that_there_are() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    known = {*VARIABLES, *(alias for aliases in ALIASES.values() for alias in aliases)}
    named = set(re.findall(r"^\| `([A-Z_]+)`", readme, re.MULTILINE))

    assert named
    assert named <= known


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
    # A blank line would end it.
    table = page.partition("## The promises\n")[2].partition("\n\n")[0]

    assert re.findall(r"^\| (\d+)\. ", table, re.MULTILINE) == re.findall(
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
