"""What an export tells its host and its pages, whose backend is known only when the host starts."""

from pathlib import Path

import pytest

from clerk_tinybird_app.reflex_internals import as_built
from clerk_tinybird_app.reflex_internals.frontend_build import PagePolicy
from clerk_tinybird_app.serving.content_security import Inline, page_policy
from clerk_tinybird_app.serving.static_host import static_host_files
from clerk_tinybird_app.settings import Settings

MANY = Inline(styles=tuple(f"'sha256-{number:044}'" for number in range(200)))


def files(inline: Inline = MANY, *pages: str, **environ: str) -> dict[str, str]:
    return static_host_files(inline, Settings.from_environ(environ), ["/", *pages])


def nginx_value(text: str, name: str) -> str:
    """Return what nginx makes of a variable whose maps have a default alone."""
    block = text.partition(f" ${name} {{\n")[2].partition("}")[0]
    value = block.partition('default "')[2].partition('";')[0]
    for used in [word.strip(";$") for word in value.split() if word.startswith("$pages")]:
        value = value.replace(f"${used}", nginx_value(text, used), 1)
    return value


def test_an_export_without_a_backend_has_one_name_to_replace() -> None:
    made = files()

    assert made["backend.js"] == 'window.backend = "https://backend.invalid";\n'
    assert (
        "connect-src 'self' http://localhost:7181 https://backend.invalid wss://"
        in (made["_headers"])
    )


def test_an_export_with_a_backend_names_it() -> None:
    made = files(REFLEX_API_URL="https://api.example.com/app")

    assert made["backend.js"] == 'window.backend = "https://api.example.com";\n'
    assert "backend.invalid" not in "".join(made.values())


def test_nginx_makes_the_same_policy_with_the_name_that_it_is_given() -> None:
    told = files()["_nginx.conf"]

    policy = nginx_value(told, "pages_policy").replace("$backend", "api.example.com")

    known = Settings.from_environ({"REFLEX_API_URL": "https://api.example.com"})
    assert policy == page_policy(MANY, known)
    # A longer text ends nginx at its start.
    assert max(map(len, told.splitlines())) < 4_096


def test_nginx_lets_those_who_are_named_frame_these_pages_exactly() -> None:
    told = files(MANY, "/dashboard", "/embed", "/embed/a.b", EMBED_ANCESTORS="https://a.example")

    framing = told["_nginx.conf"].partition("$pages_framing")[2]
    assert '    default "DENY";\n    "~^/embed/?(\\?|$)" "";' in framing
    assert r'"~^/embed/a\.b/?(\?|$)" "";' in framing
    assert "/dashboard" not in framing
    assert "frame-ancestors https://a.example" in told["_nginx.conf"]


@pytest.mark.parametrize("is_export", [True, False])
def test_the_files_lie_beside_the_pages_of_an_export_where_nothing_compresses_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_export: bool
) -> None:
    client = tmp_path / "client"
    client.mkdir()
    (client / "index.html").write_text("<p>page</p>")
    if is_export:
        monkeypatch.setenv(as_built.EXPORTING_VARIABLE, "1")

    PagePolicy(Settings.from_environ({})).post_build(static_dir=client)

    beside = tmp_path / "static_host"
    made = {file.name for file in beside.iterdir()} if beside.exists() else set()
    assert made == ({"backend.js", "_headers", "_nginx.conf"} if is_export else set())
    assert [file.name for file in client.iterdir()] == ["index.html"]
