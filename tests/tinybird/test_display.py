"""What the page shows of a token: its claims and the example requests."""

import ast
import json
import subprocess
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clerk_tinybird_app.tinybird.pipe_request import (
    LANGUAGES,
    PATH_PLACEHOLDER,
    TOKEN_PLACEHOLDER,
    PipeRequest,
    example_requests,
)
from clerk_tinybird_app.tinybird.token import claim_lines, claims_json
from tests.sessions import NOW, TENANT, minted, signed_in, workspace

CLAIMS = minted(signed_in(), workspace(), now=NOW).claims
URL = "https://api.tinybird.co/v0/pipes/jobs_by_hour.json"


def test_the_lines_are_the_claims_and_nothing_else() -> None:
    lines = [" " * line.indent + line.text for line in claim_lines(claims_json(CLAIMS))]

    assert "\n".join(lines) == claims_json(CLAIMS)
    assert json.loads(claims_json(CLAIMS)) == CLAIMS


def test_exactly_the_fixed_parameters_are_marked() -> None:
    marked = [line.text.strip(" ,") for line in claim_lines(claims_json(CLAIMS)) if line.is_fixed]

    one_scope = [
        '"fixed_params": {',
        '"who": "user_ada"',
        '"may": ""',
        f'"{TENANT}": "user_ada"',
        "}",
    ]
    assert marked == one_scope * len(CLAIMS["scopes"])


def test_a_value_that_looks_like_the_marked_key_marks_nothing() -> None:
    lines = claim_lines(claims_json({"name": '"fixed_params": {', "limits": {"rps": 1}}))

    assert not any(line.is_fixed for line in lines)


def example(language: str, **parameters: str) -> str:
    """Return an example as the page shows it, but for the token."""
    template = example_requests("https://api.tinybird.co")[language]
    return template.replace(PATH_PLACEHOLDER, PipeRequest("jobs_by_hour", parameters).path)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_example_names_the_pipes_address_and_the_token(language: str) -> None:
    source = example(language)

    assert URL in source
    assert source.count(TOKEN_PLACEHOLDER) == 1
    assert "Bearer " in source


def test_the_python_example_is_python() -> None:
    compile(example("Python"), "example", "exec")


@given(st.text())
def test_no_parameter_ends_the_text_it_stands_in(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        return
    tree = ast.parse(example("Python", queue=value))
    (url,) = (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith("https://")
    )

    assert dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)) == {"queue": value}
    for language in LANGUAGES:
        assert not set("'\"\\`$\n ") & set(url), language


def test_the_curl_example_is_one_shell_command_with_one_header() -> None:
    source = example("curl")

    shell = 'curl() { printf \'%s\\n\' "$#" "$@"; }\n' + source
    words = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)

    assert words.stdout.splitlines() == [
        "3",
        URL,
        "-H",
        f"Authorization: Bearer {TOKEN_PLACEHOLDER}",
    ]
