"""Additions to Reflex's frontend build: theme, policies, and where the pages find the backend."""

import os
import re
from pathlib import Path
from typing import Any, Final

from reflex.plugins import Plugin, TailwindV4Plugin
from reflex_base import constants
from reflex_base.environment import environment
from reflex_base.utils.exceptions import ConfigError

from clerk_tinybird_app import routes
from clerk_tinybird_app.reflex_internals.as_built import EXPORTING_VARIABLE
from clerk_tinybird_app.serving.content_security import Inline, inline_file, save_pages
from clerk_tinybird_app.serving.static_host import static_host_files
from clerk_tinybird_app.settings import Settings

_COLORS: Final = ("bg", "ink", "soft", "warn", "bad")
"""Those that small layout needs; all others are named in the style sheets alone."""

STATIC_HOST: Final = "static_host"
"""The folder beside the built pages with the files for the host of an export."""

_PRELOAD: Final = '<link rel="modulepreload"'
_STATE: Final = "utils/state.js"
_ENV_ANCHOR: Final = 'import env from "$/env.json";'
_ADDRESS_ANCHOR: Final = "export const getBackendURL = (url_str) => {"
_OWN_SEARCH: Final = """\
export const getBackendURL = (url) => backendURL(url ?? env.PING) ?? builtURL(url);

const builtURL = (url_str) => {"""
_OWN_SCRIPTS: Final = "$/public/external/clerk_tinybird_app/reflex_internals/served_app"
"""The folder of the JavaScript that ``served_app`` adds to the pages."""

BACKEND_ADDRESS: Final = f"{_OWN_SCRIPTS}/backend_address.jsx"
PATCHES: Final = f"{_OWN_SCRIPTS}/patches.jsx"

_REDUCER_ANCHOR: Final = "replaceEqualDeep(state[key], delta[key])"
_OWN_REDUCER: Final = "replaceEqualDeep(state[key], whole(state[key], delta[key]))"

# It finds Reflex's own text and the text that a build before this one has put there.
_VERSION_ANCHOR: Final = re.compile(
    r'(import reflexEnvironment from "\$/reflex\.json"|const reflexEnvironment = \{.*\});'
)

_ROOT: Final = "app/root.jsx"
_LIBRARIES: Final = re.compile(
    r"  useEffect\(\(\) => \{\s*// Make contexts and state objects available.*?\}, \[\]\);\n",
    re.DOTALL,
)
_WHOLE_IMPORT: Final = re.compile(r"^import \* as (\w+) from .*;\n", re.MULTILINE)

VITE_CONFIG: Final = "vite.config.js"
_PLUGINS_ANCHOR: Final = "alwaysUseReactDomServerNode(),"

_WITHOUT_EFFECTS: Final = "/node_modules\\/(@clerk|engine\\.io-[a-z]+|socket\\.io-[a-z]+)\\//"
_PURE_CALLS_PLUGIN: Final = (
    '{ name: "pure-calls", config: () => ({ build: { rollupOptions: { treeshake: {'
    " propertyReadSideEffects: false,"
    ' manualPureFunctions: ["withClerk", "createBillingPaginatedHook",'
    ' "createAwaitableMutationObserver"],'
    f" moduleSideEffects: [{{ test: {_WITHOUT_EFFECTS}, sideEffects: false }}],"
    " } } } }) },"
)
_WEBSOCKET_ALONE_PLUGIN: Final = (
    '{ name: "websocket-alone", apply: "build", transform: {'
    " filter: { id: /engine\\.io-client\\/build\\/esm\\/transports\\/index\\.js/ },"
    ' handler: () => ({ code: \'import { WS } from "./websocket.js";'
    " export const transports = { websocket: WS };', map: null }) } },"
)


def tailwind() -> TailwindV4Plugin:
    """Return Tailwind with a few of the colours in ``assets/look/tokens.css``."""
    theme = {
        "extend": {
            "colors": {name: f"var(--{name})" for name in _COLORS},
            "fontFamily": {"sans": "var(--font-sans)", "mono": "var(--font-mono)"},
        }
    }
    return TailwindV4Plugin({"darkMode": "class", "theme": theme, "plugins": []})


class BuildOnce(Plugin):
    """Makes two builds of the same sources the same.

    Reflex's page imports a file for Reflex's version, in which the time of the last run is too.
    """

    def pre_compile(self, **context: Any) -> None:
        """Patch Reflex's script before it is written."""
        context["add_modify_task"](_STATE, self.patched)

    @staticmethod
    def patched(script: str) -> str:
        """Return Reflex's ``script``, patched before or not, with the version alone.

        Raises:
            ConfigError: The place to patch is not in Reflex's template any more.
        """
        version = f'const reflexEnvironment = {{ version: "{constants.Reflex.VERSION}" }};'
        script, times = _VERSION_ANCHOR.subn(version, script)
        if times != 1:
            raise ConfigError(f"{_STATE} no longer has '{_VERSION_ANCHOR.pattern}' to patch")
        return script


class PaintFirst(Plugin):
    """Lets the browser paint a prerendered page before it fetches the scripts.

    Without this, the scripts and the style sheets would share the network, and the paint waits for
    the style sheets.
    """

    def post_build(self, **context: Any) -> None:
        """Write the priority into every page, before Reflex compresses the pages."""
        for page in Path(context["static_dir"]).rglob("*.html"):
            page.write_text(self.patched(page.read_text(encoding="utf-8")), encoding="utf-8")

    @staticmethod
    def patched(page: str) -> str:
        """Return ``page`` with a low priority for the preloads of its scripts."""
        return page.replace(_PRELOAD, f'{_PRELOAD} fetchpriority="low"')


class LessScript(Plugin):
    """Leaves out of the built pages what they never call.

    Clerk's package does not say that the calls in its modules have no effect but their value, so
    its hooks for billing stay, and with them a library that fetches for them. The websocket is the
    one way on which Reflex's pages talk, so Socket.IO needs no other. And no state has a var with a
    component, for whose text Reflex's page keeps whole libraries at hand; the pages' policy would
    refuse such a text anyway.
    """

    def pre_compile(self, **context: Any) -> None:
        """Patch Vite's configuration and the root of the pages before they are written."""
        context["add_modify_task"](VITE_CONFIG, self.patched)
        context["add_modify_task"](_ROOT, self.patched_root)

    @staticmethod
    def patched_root(root: str) -> str:
        """Return the ``root`` of the pages without the libraries at hand.

        Raises:
            ConfigError: The place to patch is not in Reflex's template any more.
        """
        root, times = _LIBRARIES.subn("", root)
        if times != 1:
            raise ConfigError(f"{_ROOT} no longer has '{_LIBRARIES.pattern}' to patch")
        return _WHOLE_IMPORT.sub(
            lambda found: found[0] if root.count(found[1]) > found[0].count(found[1]) else "", root
        )

    @staticmethod
    def patched(vite_config: str) -> str:
        """Return ``vite_config`` with what may be left out.

        Raises:
            ConfigError: The place to patch is not in Reflex's template any more.
        """
        return with_plugins(vite_config, _PURE_CALLS_PLUGIN, _WEBSOCKET_ALONE_PLUGIN)


class PagePolicy(Plugin):
    """Writes a file with what the Content-Security-Policy of the built pages must allow.

    It must be the last plugin that reads or changes the pages.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def post_build(self, **context: Any) -> None:
        """Write the file that the server reads at its start, and an export's files for its host."""
        folder = Path(context["static_dir"])
        pages = {_path(file.relative_to(folder)): file for file in folder.rglob("*.html")}
        fallback = folder / constants.ReactRouter.SPA_FALLBACK
        if fallback.exists():
            # Later Reflex copies it to be the page "not found".
            pages[routes.NOT_FOUND] = fallback
        inline = {
            path: Inline.of([page.read_text(encoding="utf-8")]) for path, page in pages.items()
        }
        save_pages(inline, inline_file(folder))
        if is_export():
            # Not beside the pages: what lies there is compressed, and these files are edited.
            beside = folder.parent / STATIC_HOST
            beside.mkdir(exist_ok=True)
            for name, text in static_host_files(
                Inline.of_all(inline.values()), self._settings, pages
            ).items():
                (beside / name).write_text(text, encoding="utf-8")


class BackendAddress(Plugin):
    """Makes built pages call the backend at their own address, scheme and port included.

    It does nothing in development, where the backend has a port of its own, and when an address
    of the backend is built in.

    Args:
        settings: They may name the backend's address.
    """

    def __init__(self, settings: Settings) -> None:
        self._is_built_in = bool(settings.api_url)

    def pre_compile(self, **context: Any) -> None:
        """Patch the script of the page's websocket."""
        context["add_modify_task"](_STATE, self.patched)

    def update_env_json(self, **_context: Any) -> dict[str, str]:
        """Say to the pages where their backend is: at their own address, or where a file says.

        All of it stands here and not in the patch, because the patched script stays in ``.web``.
        """
        is_built = environment.REFLEX_ENV_MODE.get() == constants.Env.PROD
        if self._is_built_in or not is_built:
            return {"BACKEND": ""}
        return {"BACKEND": "file" if is_export() else "page"}

    @staticmethod
    def patched(script: str) -> str:
        """Return ``script``, which may be patched already, with the app's own search first.

        Raises:
            ConfigError: The places to patch are not in Reflex's template any more.
        """
        return _with_own(script, _ADDRESS_ANCHOR, _OWN_SEARCH, "backendURL", BACKEND_ADDRESS)


class Patches(Plugin):
    """Makes pages take patches: what changed in a value, see ``patches``."""

    def pre_compile(self, **context: Any) -> None:
        """Patch the script with the reducer of every state."""
        context["add_modify_task"](_STATE, self.patched)

    @staticmethod
    def patched(script: str) -> str:
        """Return ``script``, which may be patched already, with the app's own way to a value.

        Raises:
            ConfigError: The places to patch are not in Reflex's template any more.
        """
        return _with_own(script, _REDUCER_ANCHOR, _OWN_REDUCER, "whole", PATCHES)


def _with_own(script: str, anchor: str, own: str, name: str, module: str) -> str:
    """Put ``own`` in the place of ``anchor``, and import the ``name`` that it uses, once."""
    if module in script:
        return script
    for each in (_ENV_ANCHOR, anchor):
        if each not in script:
            raise ConfigError(f"{_STATE} no longer has '{each}' to patch")
    imported = f'{_ENV_ANCHOR}\nimport {{ {name} }} from "{module}";'
    return script.replace(_ENV_ANCHOR, imported, 1).replace(anchor, own, 1)


def is_export() -> bool:
    """Tell whether the pages are built for a static host, as `make export` does."""
    return EXPORTING_VARIABLE in os.environ


def _path(file: Path) -> str:
    """Return the path of a page that is built as ``file``."""
    name = file.with_suffix("").as_posix().removesuffix("index").rstrip("/")
    return f"/{name}"


def with_plugins(vite_config: str, *plugins: str) -> str:
    """Return Vite's configuration with more plugins in front.

    Raises:
        ConfigError: It has no place for them any more.
    """
    require(_PLUGINS_ANCHOR, vite_config)
    return vite_config.replace(_PLUGINS_ANCHOR, "".join((_PLUGINS_ANCHOR, *plugins)), 1)


def require(anchor: str, vite_config: str) -> None:
    """Refuse a configuration of Vite's without ``anchor``."""
    if anchor not in vite_config:
        raise ConfigError(f"{VITE_CONFIG} no longer has '{anchor}' to patch")
