"""Reflex's app with the security headers on every answer, also on those of Reflex itself."""

from collections.abc import Callable
from typing import Final

import reflex as rx
from reflex.utils.prerequisites import get_web_dir
from reflex_base import constants
from reflex_base.environment import environment
from reflex_components_core.base.error_boundary import (  # type: ignore[import-untyped]
    ErrorBoundary,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from clerk_tinybird_app import routes, services
from clerk_tinybird_app.reflex_internals.configuration import is_production
from clerk_tinybird_app.reflex_internals.shared_assets import shared_asset
from clerk_tinybird_app.serving.content_security import (
    Inline,
    UnknownPagesError,
    inline_file,
    load_pages,
)
from clerk_tinybird_app.serving.ends_in_time import EndsInTime
from clerk_tinybird_app.serving.failures import Failures
from clerk_tinybird_app.serving.proxies import BehindProxies
from clerk_tinybird_app.serving.requests import RequestLog
from clerk_tinybird_app.serving.security_headers import SecurityHeaders

# JavaScript files of the components, and Reflex's own, import these.
for _imported in ("event_loop.jsx", "backend_address.jsx", "patches.jsx"):
    shared_asset(_imported)

_Wrap = Callable[[bool], rx.Component]


def error_boundary(failed: rx.Component) -> dict[tuple[int, str], _Wrap]:
    """Return the wrap that shows ``failed`` in the place of a page that could not be drawn.

    It takes the place of Reflex's own, which shows the error's stack to everybody.
    """
    boundary = ErrorBoundary.create(fallback_render=rx.Var.create(failed))
    return {(55, "ErrorBoundary"): lambda _stateful: boundary}


_READING: Final = ("GET", "HEAD")


class ServedApp(rx.App):
    """Reflex's app with middleware around all of it, also around CORS and error answers."""

    def __call__(self) -> ASGIApp:
        """Return the ASGI app.

        Raises:
            SystemExit: The build has not written the file that the policy needs.
        """
        has_pages = environment.REFLEX_MOUNT_FRONTEND_COMPILED_APP.get()
        inline = _inline_of_pages() if has_pages else None
        served = super().__call__()
        if has_pages:
            served = self._without_redirects(served)
        running = services.current()
        pages = routes.dashboard_pages(running.product.dashboard.pages)
        embedded = filter(routes.is_embedded, pages)
        settings = running.settings
        answered = SecurityHeaders(Failures(served), settings, inline, embedded)
        is_on = is_production() if settings.access_log is None else settings.access_log
        logged = RequestLog(answered, is_on=is_on)
        return EndsInTime(BehindProxies(logged, settings.trusted_proxies))

    def _without_redirects(self, served: ASGIApp) -> ASGIApp:
        """Answer a page's path without a redirect to the same path with a slash at its end.

        The redirect's address would begin with http, also behind a proxy that serves https.
        """

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            path = scope.get("path", "")
            is_read = scope["type"] == "http" and scope["method"] in _READING
            if is_read and not path.endswith("/") and self.router(path):
                scope = {**scope, "path": f"{path}/", "raw_path": f"{path}/".encode()}
            await served(scope, receive, send)

        return answer


def _inline_of_pages() -> dict[str, Inline]:
    try:
        return load_pages(inline_file(get_web_dir() / constants.Dirs.STATIC))
    except UnknownPagesError as error:
        raise SystemExit(str(error)) from None
