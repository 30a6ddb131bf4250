"""Additions to Vite's server, which shows the pages in development."""

import json
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from reflex.plugins import Plugin
from reflex_base import constants
from reflex_base.config import get_config

from clerk_tinybird_app import routes
from clerk_tinybird_app.reflex_internals.frontend_build import VITE_CONFIG, require, with_plugins
from clerk_tinybird_app.serving.content_security import frame_ancestors
from clerk_tinybird_app.serving.security_headers import COMMON, COMMON_IN_FRAMES
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.loopback import is_loopback

_SERVER_ANCHOR: Final = "port: process.env.PORT,"

# Vite would allow every localhost origin, and the backend's answer allows credentials.
_NO_CORS: Final = "cors: false,"

# The dev script passes --host, which listens on every interface. A plugin can override that.
_LOOPBACK_PLUGIN: Final = (
    '{ name: "loopback-only", enforce: "post", config: () => ({ server: { host: "127.0.0.1" } }) },'
)

# Without that of scripts and styles, because Vite makes new ones all the time.
_POLICY: Final = "object-src 'none'; base-uri 'none'"


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
        plugins = (_LOOPBACK_PLUGIN,) if on_loopback else ()
        return with_plugins(vite_config, *plugins).replace(
            _SERVER_ANCHOR, f"{_SERVER_ANCHOR} {_NO_CORS} proxy: {{ {proxy} }},", 1
        )


class PageHeaders(Plugin):
    """Gives every page in development the headers that do not hinder Vite.

    Args:
        settings: They say who may show some pages in a frame.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def pre_compile(self, **context: Any) -> None:
        """Patch Vite's configuration before it is written."""
        pages = [f"/{page.route}" for page in context["unevaluated_pages"]]
        context["add_modify_task"](VITE_CONFIG, partial(self.patched, self._settings, pages))

    @staticmethod
    def patched(settings: Settings, pages: Iterable[str], vite_config: str) -> str:
        """Return ``vite_config`` with the headers of the ``pages`` and of all else.

        Raises:
            ConfigError: The place to patch is not in Reflex's template any more.
        """
        embedded = {
            path: _headers(settings, is_embedded=True) for path in pages if routes.is_embedded(path)
        }
        plugin = (
            '{ name: "security-headers", configureServer: ({ middlewares }) => {'
            " middlewares.use(({ url }, response, next) => {"
            r' const path = url.split("?")[0].replace(/(.)\/$/, "$1");'
            f" const headers = {json.dumps(embedded)}[path]"
            f" ?? {json.dumps(_headers(settings, is_embedded=False))};"
            " for (const each of Object.entries(headers)) response.setHeader(...each);"
            " next(); }); } },"
        )
        return with_plugins(vite_config, plugin)


def _headers(settings: Settings, *, is_embedded: bool) -> dict[str, str]:
    policy = f"{_POLICY}; {frame_ancestors(settings, is_embedded=is_embedded)}"
    common = COMMON_IN_FRAMES if is_embedded else COMMON
    return common | {"Content-Security-Policy": policy}
