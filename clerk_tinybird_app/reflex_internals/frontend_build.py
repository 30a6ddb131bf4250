"""Additions to Reflex's frontend build: the theme, one origin in development, the policies."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from reflex.plugins import Plugin, TailwindV4Plugin
from reflex_base import constants
from reflex_base.config import get_config
from reflex_base.utils.exceptions import ConfigError

from clerk_tinybird_app import routes
from clerk_tinybird_app.serving.content_security import Inline, inline_file
from clerk_tinybird_app.serving.security_headers import COMMON, headers_file
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.loopback import is_loopback

_COLORS: Final = ("bg", "ink", "soft", "warn", "bad")
"""Those that small layout needs; all others are named in the style sheets alone."""

_PRELOAD: Final = '<link rel="modulepreload"'
_HEADERS_FILE: Final = "_headers"
"""The file name for Netlify, Cloudflare Pages and others; `make export` copies the file."""

_STATE: Final = "utils/state.js"
# Each finds Reflex's own text and the text that a build before this one has put there.
_VERSION_ANCHOR: Final = re.compile(
    r'(import reflexEnvironment from "\$/reflex\.json"|const reflexEnvironment = \{.*\});'
)
_PORT_ANCHOR: Final = re.compile(
    r"(endpoint\.hostname = frontend_hostname;)( endpoint\.port = window\.location\.port;)?"
)

_VITE_CONFIG: Final = "vite.config.js"
_SERVER_ANCHOR: Final = "port: process.env.PORT,"
_PLUGINS_ANCHOR: Final = "alwaysUseReactDomServerNode(),"

# Vite would allow every localhost origin, and the backend's answer allows credentials.
_NO_CORS: Final = "cors: false,"

# The dev script passes --host, which listens on every interface. A plugin can override that.
_LOOPBACK_PLUGIN: Final = (
    '{ name: "loopback-only", enforce: "post", config: () => ({ server: { host: "127.0.0.1" } }) },'
)

# The policy of scripts and styles is for built pages only: Vite makes new ones all the time.
_HEADERS_IN_DEVELOPMENT: Final = COMMON | {
    "Content-Security-Policy": "object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
}
_HEADERS_PLUGIN: Final = (
    '{ name: "security-headers", configureServer: ({ middlewares }) => {'
    " middlewares.use((request, response, next) => {"
    f" for (const [name, value] of Object.entries({json.dumps(_HEADERS_IN_DEVELOPMENT)}))"
    " response.setHeader(name, value);"
    " next(); }); } },"
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
    """Makes two builds of the same sources the same, and one build fit for every port.

    Reflex's page imports a file for Reflex's version, in which the time of the last run is too. And
    it asks for its backend at the port that was configured when it was built.

    Args:
        has_one_port: Whether the backend is at the port of the pages.
    """

    def __init__(self, *, has_one_port: bool) -> None:
        self._has_one_port = has_one_port

    def pre_compile(self, **context: Any) -> None:
        """Patch Reflex's script before it is written."""
        modify: Callable[[str, Callable[[str], str]], None] = context["add_modify_task"]
        modify(_STATE, self.patched)

    def patched(self, script: str) -> str:
        """Return Reflex's ``script``, patched before or not, with both patches or one.

        Raises:
            ConfigError: The places to patch are not in Reflex's template any more.
        """
        version = f'const reflexEnvironment = {{ version: "{constants.Reflex.VERSION}" }};'
        port = r"\1 endpoint.port = window.location.port;" if self._has_one_port else r"\1"
        for anchor, text in ((_VERSION_ANCHOR, version), (_PORT_ANCHOR, port)):
            script, times = anchor.subn(text, script)
            if times != 1:
                raise ConfigError(f"{_STATE} no longer has '{anchor.pattern}' to patch")
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


class PagePolicy(Plugin):
    """Writes a file with what the Content-Security-Policy of the built pages must allow.

    It must be the last plugin that reads or changes the pages.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def post_build(self, **context: Any) -> None:
        """Write the file that the server reads at its start, and the headers for a static host."""
        folder = Path(context["static_dir"])
        pages = {_path(file.relative_to(folder)): file for file in folder.rglob("*.html")}
        inline = Inline.of(page.read_text(encoding="utf-8") for page in pages.values())
        inline.save(inline_file(folder))
        headers = headers_file(inline, self._settings, pages)
        (folder.parent / _HEADERS_FILE).write_text(headers, encoding="utf-8")


def _path(file: Path) -> str:
    """Return the path of a page that is built as ``file``."""
    name = file.with_suffix("").as_posix().removesuffix("index").rstrip("/")
    return f"/{name}"


class SameOrigin(Plugin):
    """Makes the backend's paths reachable on the frontend's port in development.

    In production Reflex serves both on one port already.
    """

    def pre_compile(self, **context: Any) -> None:
        """Patch Vite's configuration before it is written."""
        modify: Callable[[str, Callable[[str], str]], None] = context["add_modify_task"]
        modify(_VITE_CONFIG, self._patched)

    def _patched(self, vite_config: str) -> str:
        # Read only now, because Reflex changes the port when the configured one is taken.
        config = get_config()
        port = config.backend_port or constants.DefaultPorts.BACKEND_PORT
        return self.patched(vite_config, port, on_loopback=is_loopback(config.backend_host))

    @staticmethod
    def patched(vite_config: str, backend_port: int, *, on_loopback: bool) -> str:
        """Return ``vite_config`` with the proxy and, with ``on_loopback``, the loopback address.

        Raises:
            ConfigError: The places to patch are not in Reflex's template any more.
        """
        for anchor in (_SERVER_ANCHOR, _PLUGINS_ANCHOR):
            if anchor not in vite_config:
                raise ConfigError(f"{_VITE_CONFIG} no longer has '{anchor}' to patch")
        target = f'{{ target: "http://127.0.0.1:{backend_port}", xfwd: true }}'
        proxy = ", ".join(f'"{path}": {target}' for path in routes.BACKEND)
        patched = vite_config.replace(_PLUGINS_ANCHOR, _PLUGINS_ANCHOR + _HEADERS_PLUGIN, 1)
        patched = patched.replace(
            _SERVER_ANCHOR, f"{_SERVER_ANCHOR} {_NO_CORS} proxy: {{ {proxy} }},", 1
        )
        if on_loopback:
            patched = patched.replace(_PLUGINS_ANCHOR, _PLUGINS_ANCHOR + _LOOPBACK_PLUGIN, 1)
        return patched
