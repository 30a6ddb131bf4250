"""Reflex's app with the security headers on every answer, also on those of Reflex itself."""

from typing import Final

import reflex as rx
from reflex.app import default_error_boundary
from reflex.utils.prerequisites import get_web_dir
from reflex_base import constants
from reflex_base.environment import environment
from starlette.types import ASGIApp, Receive, Scope, Send

from clerk_tinybird_app import routes, services
from clerk_tinybird_app.reflex_internals.configuration import is_production
from clerk_tinybird_app.serving.content_security import Inline, UnknownPagesError, inline_file
from clerk_tinybird_app.serving.failures import Failures
from clerk_tinybird_app.serving.requests import RequestLog
from clerk_tinybird_app.serving.security_headers import SecurityHeaders

# The components' JavaScript files import this file.
rx.asset("event_loop.jsx", shared=True)

KEPT_WRAPS: Final = {(55, "ErrorBoundary"): lambda _stateful: default_error_boundary()}
"""One of Reflex's three default wraps. An app that names wraps of its own must repeat it."""

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
        return RequestLog(answered, is_on=is_on)

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


def _inline_of_pages() -> Inline:
    try:
        return Inline.load(inline_file(get_web_dir() / constants.Dirs.STATIC))
    except UnknownPagesError as error:
        raise SystemExit(str(error)) from None
