"""What is added to Vite's configuration."""

from importlib.metadata import version
from pathlib import Path

import pytest
import reflex_base
from reflex_base.compiler import templates
from reflex_base.utils.exceptions import ConfigError

from clerk_tinybird_app.reflex_internals.dev_server import PageHeaders, SameOrigin
from clerk_tinybird_app.reflex_internals.frontend_build import (
    BuildOnce,
    LessScript,
    PaintFirst,
)
from clerk_tinybird_app.settings import Settings

STATE = Path(reflex_base.__file__).parent / ".templates" / "web" / "utils" / "state.js"
VITE_CONFIG = "plugins: [ alwaysUseReactDomServerNode(), ], server: { port: process.env.PORT, }"


def test_the_backends_paths_are_reachable_on_the_pages_port() -> None:
    patched = SameOrigin.patched(VITE_CONFIG, 8123, on_loopback=True)

    for path in ("/api", "/__clerk"):
        assert f'"{path}": {{ target: "http://127.0.0.1:8123", xfwd: true }}' in patched


@pytest.mark.parametrize(("on_loopback", "times"), [(True, 1), (False, 0)])
def test_the_dev_server_listens_on_loopback_unless_the_backend_does_not(
    on_loopback: bool, times: int
) -> None:
    patched = SameOrigin.patched(VITE_CONFIG, 8000, on_loopback=on_loopback)

    assert patched.count('host: "127.0.0.1"') == times


def test_the_dev_server_lends_the_backends_credentials_to_no_other_origin() -> None:
    assert "cors: false," in SameOrigin.patched(VITE_CONFIG, 8000, on_loopback=True)


def test_a_page_in_development_has_the_headers_that_do_not_hinder_vite() -> None:
    patched = PageHeaders.patched(Settings.from_environ({}), ["/"], VITE_CONFIG)

    assert '"X-Content-Type-Options": "nosniff"' in patched
    assert "frame-ancestors 'none'" in patched
    assert "frame-ancestors http" not in patched
    assert "script-src" not in patched


def test_a_template_without_the_places_to_patch_fails_the_build() -> None:
    with pytest.raises(ConfigError, match=r"vite\.config\.js"):
        SameOrigin.patched("export default {}", 8000, on_loopback=True)
    with pytest.raises(ConfigError, match=r"vite\.config\.js"):
        PageHeaders.patched(Settings.from_environ({}), [], "export default {}")
    with pytest.raises(ConfigError, match=r"vite\.config\.js"):
        LessScript.patched("export default {}")


def test_reflexs_own_template_has_the_places_to_patch() -> None:
    source = Path(templates.__file__).read_text(encoding="utf-8")

    assert "port: process.env.PORT," in source
    assert "alwaysUseReactDomServerNode()," in source


def test_a_page_is_painted_before_its_scripts_are_fetched(tmp_path: Path) -> None:
    page = tmp_path / "dashboard" / "index.html"
    page.parent.mkdir()
    page.write_text('<link rel="modulepreload" href="/a.js"/><link rel="stylesheet" href="/a.css">')

    PaintFirst().post_build(static_dir=tmp_path)

    assert page.read_text() == (
        '<link rel="modulepreload" fetchpriority="low" href="/a.js"/>'
        '<link rel="stylesheet" href="/a.css">'
    )


def test_reflexs_script_holds_no_time_however_often_it_is_built() -> None:
    patched = BuildOnce.patched(STATE.read_text(encoding="utf-8"))

    assert "reflex.json" not in patched
    assert f'const reflexEnvironment = {{ version: "{version("reflex")}" }};' in patched
    assert BuildOnce.patched(patched) == patched


def test_a_script_without_the_places_to_patch_fails_the_build() -> None:
    with pytest.raises(ConfigError, match=r"utils/state\.js"):
        BuildOnce.patched("export default {}")


def test_the_root_of_the_pages_keeps_no_libraries_at_hand_but_those_that_it_uses() -> None:
    root = templates.app_root_template(
        imports=[],
        custom_codes=set(),
        hooks={},
        window_libraries=[("React", "react"), ("utils_state", "$/utils/state")],
        render={"contents": "React.createElement('main')"},
        dynamic_imports=set(),
    )

    patched = LessScript.patched_root(root)

    assert "$/utils/state" in root
    assert "window.__reflex" not in patched
    assert "$/utils/state" not in patched
    with pytest.raises(ConfigError, match=r"app/root\.jsx"):
        LessScript.patched_root("export default {}")
