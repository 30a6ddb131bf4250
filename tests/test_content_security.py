"""The pages' Content-Security-Policy, from what was built and what is configured."""

import base64
import hashlib
from pathlib import Path

import pytest
from reflex_base import constants

from clerk_tinybird_app.reflex_internals.frontend_build import PagePolicy
from clerk_tinybird_app.serving.content_security import (
    Inline,
    UnknownPagesError,
    inline_file,
    load_pages,
    page_policy,
)
from clerk_tinybird_app.settings import Settings
from tests.test_settings import HOST_KEY, LIVE_KEY, TINYBIRD

LOCAL = Settings.from_environ({})
PAGE = (
    '<html><head><script>theme()</script><script src="/a.js"></script>'
    '<style data-emotion="css a">.a{--b:"<"}</style></head><body><p style="width: 5%">a &amp; b</p>'
    '<script type="module" async="">import "/é.js";\nif (1 < 2 && "</p>") {}</script></body></html>'
)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _directives(policy: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (part.split() for part in policy.split("; "))}


def test_every_inline_script_and_style_of_the_pages_is_allowed_by_its_hash() -> None:
    inline = Inline.of([PAGE, PAGE.replace("theme()", "other()")])

    assert set(inline.scripts) == {
        _hash("theme()"),
        _hash("other()"),
        _hash('import "/é.js";\nif (1 < 2 && "</p>") {}'),
    }
    assert inline.styles == (_hash('.a{--b:"<"}'),)
    assert inline.style_attributes == (_hash("width: 5%"),)


def test_nothing_else_that_stands_in_a_page_runs() -> None:
    directives = _directives(page_policy(Inline.of([PAGE]), LOCAL))

    assert directives["default-src"] == ["'none'"]
    assert directives["frame-ancestors"] == ["'none'"]
    assert directives["base-uri"] == ["'none'"]
    for name in ("script-src", "style-src"):
        assert not {"'unsafe-inline'", "'unsafe-eval'", "data:", "blob:", "*"} & {*directives[name]}


def test_style_attributes_cost_nothing_where_the_pages_have_none() -> None:
    without = page_policy(Inline.of([PAGE.replace(' style="width: 5%"', "")]), LOCAL)

    assert "'unsafe-hashes'" not in without
    assert "'unsafe-hashes'" in page_policy(Inline.of([PAGE]), LOCAL)


def test_a_real_clerk_brings_its_own_hosts_and_the_embedded_one_none() -> None:
    real = Settings.from_environ({"CLERK_PUBLISHABLE_KEY": HOST_KEY} | TINYBIRD)
    directives = _directives(page_policy(Inline(), real))
    clerk = "https://happy-cat-1.clerk.accounts.dev"

    assert {clerk, "https://challenges.cloudflare.com"} <= {*directives["script-src"]}
    assert {clerk, TINYBIRD["TINYBIRD_API_URL"]} <= {*directives["connect-src"]}
    assert "https://img.clerk.com" in directives["img-src"]
    assert "https://challenges.cloudflare.com" in directives["frame-src"]
    assert "https:" not in page_policy(Inline(), LOCAL)


@pytest.mark.parametrize(
    ("key", "token_page", "is_named"),
    [
        *((HOST_KEY, "", True), (LIVE_KEY, "", False)),
        *((LIVE_KEY, "1", True), (HOST_KEY, "0", False)),
    ],
)
def test_only_where_the_token_page_shows_tokens_may_pages_ask_tinybird(
    key: str, token_page: str, is_named: bool
) -> None:
    settings = Settings.from_environ(TINYBIRD | {
        "CLERK_PUBLISHABLE_KEY": key, "TOKEN_PAGE": token_page,
        "CLERK_AUTHORIZED_PARTIES": "https://app.example.com",
    })  # fmt: skip

    policy = page_policy(Inline(), settings)

    assert (TINYBIRD["TINYBIRD_API_URL"] in policy) is is_named


def test_without_a_token_page_nobody_may_ask_the_embedded_tinybird_either() -> None:
    policy = page_policy(Inline(), Settings.from_environ({"TOKEN_PAGE": "0"}))

    assert _directives(policy)["connect-src"] == ["'self'"]


def test_a_backend_on_another_origin_may_be_called_with_its_websocket() -> None:
    apart = Settings.from_environ({"REFLEX_API_URL": "http://localhost:8000"})
    directives = _directives(page_policy(Inline(), apart))

    assert {"http://localhost:8000", "ws://localhost:8000"} <= {*directives["connect-src"]}
    assert "http://localhost:8000" in directives["script-src"]


def test_what_the_build_found_is_what_the_server_reads(tmp_path: Path) -> None:
    static_dir = tmp_path / "client"
    static_dir.mkdir()
    (static_dir / "index.html").write_text(PAGE, encoding="utf-8")

    PagePolicy(LOCAL).post_build(static_dir=static_dir)

    assert load_pages(inline_file(static_dir)) == {"/": Inline.of([PAGE])}
    assert [file.name for file in static_dir.iterdir()] == ["index.html"]


def test_the_page_not_found_is_known_before_reflex_makes_it(tmp_path: Path) -> None:
    static_dir = tmp_path / "client"
    static_dir.mkdir()
    (static_dir / constants.ReactRouter.SPA_FALLBACK).write_text(PAGE, encoding="utf-8")

    PagePolicy(LOCAL).post_build(static_dir=static_dir)

    assert load_pages(inline_file(static_dir))["/404"] == Inline.of([PAGE])


@pytest.mark.parametrize(
    "kept", [None, "", "[]", '{"/": {"scripts": 1}}', '{"/": {"others": []}}', '{"scripts": ["x"]}']
)
def test_pages_of_which_nothing_is_known_are_not_served(tmp_path: Path, kept: str | None) -> None:
    file = tmp_path / "inline.json"
    if kept is not None:
        file.write_text(kept)

    with pytest.raises(UnknownPagesError, match="make prod"):
        load_pages(file)
