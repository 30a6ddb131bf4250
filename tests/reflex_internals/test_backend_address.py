"""Where built pages look for their backend: what the script says, and how it is built in."""

import json
import subprocess
from pathlib import Path
from typing import Final

import pytest
from reflex_base import constants
from reflex_base.environment import environment
from reflex_base.utils.exceptions import ConfigError

from clerk_tinybird_app.bun import BUN
from clerk_tinybird_app.reflex_internals import as_built, served_app
from clerk_tinybird_app.reflex_internals.frontend_build import BACKEND_ADDRESS, BackendAddress
from clerk_tinybird_app.settings import Settings

SCRIPT: Final = Path(served_app.__file__).with_name("backend_address.jsx")
TEMPLATE: Final = Path(constants.__file__).parents[1] / ".templates/web/utils/state.js"
BUILT: Final = "ws://localhost:3000/_event"
BAKED: Final = Settings.from_environ({"REFLEX_API_URL": "https://api.example.com"})


def said(expression: str, *, page: str, backend: str, named: str | None = None) -> object:
    """Return what the script says in a page at an address, in a build of a kind."""
    own = SCRIPT.read_text().replace(
        'import env from "$/env.json";', f"const env = {{ BACKEND: {json.dumps(backend)} }};"
    )
    window = f"globalThis.window = {{ location: new URL({json.dumps(page)}) }};"
    window += f"window.backend = {json.dumps(named)};" if named else ""
    run = f"{window}\n{own}\nconsole.log(JSON.stringify({expression}))"
    done = subprocess.run(
        [BUN, "run", "-"], input=run, capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("page", "backend", "named", "socket"),
    [
        ("https://app.example.com/x", "page", None, "wss://app.example.com/_event"),
        ("https://app.example.com:8443/", "page", None, "wss://app.example.com:8443/_event"),
        # As when a container's port 3000 is published as 8080.
        ("http://192.0.2.1:8080/", "page", None, "ws://192.0.2.1:8080/_event"),
        ("https://pages.example", "file", "https://api.example", "wss://api.example/_event"),
        ("http://localhost:1", "file", "http://localhost:8000", "ws://localhost:8000/_event"),
        # A static host that passes `/_event` on needs no file.
        ("https://pages.example", "file", None, "wss://pages.example/_event"),
        # The file wins over what was built in.
        ("https://pages.example", "", "https://api.example", "wss://api.example/_event"),
        ("https://pages.example", "", None, None),
    ],
)
def test_the_websocket_goes_where_the_page_came_from_or_the_file_says(
    page: str, backend: str, named: str | None, socket: str | None
) -> None:
    expression = f"backendURL({json.dumps(BUILT)})"

    assert said(expression, page=page, backend=backend, named=named) == socket


def test_a_page_knows_whether_somebody_has_named_its_backend() -> None:
    def is_named(backend: str, named: str | None = None) -> object:
        return said("isBackendNamed()", page="https://pages.example", backend=backend, named=named)

    assert is_named("page") is True
    assert is_named("") is True
    assert is_named("file") is False
    assert is_named("file", "https://backend.invalid") is False
    assert is_named("file", "https://api.example") is True


@pytest.mark.parametrize(
    ("backend", "named"),
    [("page", "'https://elsewhere.example'"), ("page", "{}"), ("file", "{}")],
    ids=["pages that read no file", "an element in them", "an element in an export"],
)
def test_only_the_file_of_an_export_names_a_backend(backend: str, named: str) -> None:
    asked = f"[backendURL({json.dumps(BUILT)}), atBackend('/x'), isBackendNamed()]"
    found = said(
        f"(window.backend = {named}, {asked})", page="https://app.example.com/", backend=backend
    )

    assert found == ["wss://app.example.com/_event", "/x", backend == "page"]


def test_reflexs_script_asks_the_apps_own_first_however_often_it_is_patched() -> None:
    patched = BackendAddress.patched(TEMPLATE.read_text())

    assert BackendAddress.patched(patched) == patched
    assert f'import {{ backendURL }} from "{BACKEND_ADDRESS}";' in patched
    assert "=> backendURL(url ?? env.PING) ?? builtURL(url);" in patched
    assert patched.count("export const getBackendURL") == 1


def test_the_script_is_where_reflexs_script_looks_for_it() -> None:
    module = served_app.__name__.replace(".", "/")

    assert f"$/public/external/{module}/{SCRIPT.name}" == BACKEND_ADDRESS


def test_a_template_without_the_places_to_patch_fails_the_build() -> None:
    with pytest.raises(ConfigError, match=r"state\.js"):
        BackendAddress.patched("export const other = 1;")


@pytest.mark.parametrize(
    ("settings", "mode", "is_export", "backend"),
    [
        (Settings(), constants.Env.PROD, False, "page"),
        (Settings(), constants.Env.PROD, True, "file"),
        (Settings(), constants.Env.DEV, False, ""),
        (BAKED, constants.Env.PROD, False, ""),
        (BAKED, constants.Env.PROD, True, ""),
    ],
)
def test_the_pages_are_told_of_what_kind_their_build_is(
    settings: Settings,
    mode: constants.Env,
    is_export: bool,
    backend: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(environment.REFLEX_ENV_MODE.name, mode.value)
    if is_export:
        monkeypatch.setenv(as_built.EXPORTING_VARIABLE, "1")

    assert BackendAddress(settings).update_env_json() == {"BACKEND": backend}
