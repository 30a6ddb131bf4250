"""What the page shows of a token: its claims and the example requests."""

import json
import subprocess

import pytest

from clerk_tinybird_app.tinybird.claim_lines import claim_lines, claims_json
from clerk_tinybird_app.tinybird.example import LANGUAGES, TOKEN_PLACEHOLDER, example_requests
from clerk_tinybird_app.tinybird.token import TinybirdToken
from tests.sessions import NOW, signed_in, workspace

CLAIMS = TinybirdToken.mint(signed_in(), workspace(), now=NOW).claims
URL = "https://api.tinybird.co/v0/pipes/requests_over_time.json"


def test_the_lines_are_the_claims_and_nothing_else() -> None:
    lines = [" " * line.indent + line.text for line in claim_lines(CLAIMS)]

    assert "\n".join(lines) == claims_json(CLAIMS)
    assert json.loads(claims_json(CLAIMS)) == CLAIMS


def test_exactly_the_fixed_parameters_are_marked() -> None:
    marked = [line.text.strip(" ,") for line in claim_lines(CLAIMS) if line.is_fixed]

    one_scope = [
        '"fixed_params": {',
        '"user_id": "user_ada"',
        '"org_permission": ""',
        '"tenant_id": "user_ada"',
        "}",
    ]
    assert marked == one_scope * len(CLAIMS["scopes"])


def test_a_value_that_looks_like_the_marked_key_marks_nothing() -> None:
    lines = claim_lines({"name": '"fixed_params": {', "limits": {"rps": 1}})

    assert not any(line.is_fixed for line in lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_example_names_the_pipes_address_and_the_token(language: str) -> None:
    source = example_requests("https://api.tinybird.co", "requests_over_time")[language]

    assert URL in source
    assert source.count(TOKEN_PLACEHOLDER) == 1
    assert "Bearer " in source


def test_the_python_example_is_python() -> None:
    compile(example_requests("https://h", "p")["Python"], "example", "exec")


def test_the_curl_example_is_one_shell_command_with_one_header() -> None:
    source = example_requests("https://api.tinybird.co", "requests_over_time")["curl"]

    shell = 'curl() { printf \'%s\\n\' "$#" "$@"; }\n' + source
    words = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)

    assert words.stdout.splitlines() == [
        "3",
        URL,
        "-H",
        f"Authorization: Bearer {TOKEN_PLACEHOLDER}",
    ]
