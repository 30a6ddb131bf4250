"""Additions to Vite's server, which shows the pages in development."""

import json
from collections.abc import Callable
from typing import Any, Final

from reflex.plugins import Plugin
from reflex_base import constants
from reflex_base.config import get_config

from clerk_tinybird_app import routes
from clerk_tinybird_app.reflex_internals.frontend_build import VITE_CONFIG, require, with_plugins
from clerk_tinybird_app.serving.security_headers import COMMON
from clerk_tinybird_app.settings.loopback import is_loopback

_SERVER_ANCHOR: Final = "port: process.env.PORT,"

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


class SameOrigin(Plugin):
    """Makes the backend's paths reachable on the frontend's port in development.

    In production Reflex serves both on one port already.
    """

    def pre_compile(self, **context: Any) -> None:
        """Patch Vite's configuration before it is written."""
        modify: Callable[[str, Callable[[str], str]], None] = context["add_modify_task"]
        modify(VITE_CONFIG, self._patched)

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
        require(_SERVER_ANCHOR, vite_config)
        target = f'{{ target: "http://127.0.0.1:{backend_port}", xfwd: true }}'
        proxy = ", ".join(f'"{path}": {target}' for path in routes.BACKEND)
        plugins = (_LOOPBACK_PLUGIN, _HEADERS_PLUGIN) if on_loopback else (_HEADERS_PLUGIN,)
        return with_plugins(vite_config, *plugins).replace(
            _SERVER_ANCHOR, f"{_SERVER_ANCHOR} {_NO_CORS} proxy: {{ {proxy} }},", 1
        )
