"""The headers of every answer of the app, of pages and of errors."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clerk_tinybird_app import routes
from clerk_tinybird_app.serving.content_security import (
    FOR_OTHER_ANSWERS,
    Inline,
    frame_ancestors,
    page_policy,
    policy_of_sources,
)
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.loopback import is_loopback_url

COMMON: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    # publickey-credentials-* is not restricted, because Clerk uses it for passkeys.
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    # The sign-in with another provider may use a pop-up.
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
}
"""The headers that are the same for all answers."""

COMMON_IN_FRAMES: Final = {k: value for k, value in COMMON.items() if k != "X-Frame-Options"}
"""Those of pages that somebody may frame: that header knows no list of origins."""

_POLICY: Final = "Content-Security-Policy"
_HSTS: Final = "Strict-Transport-Security"
# Two years, for this host only: its subdomains may belong to other apps.
_HSTS_VALUE: Final = "max-age=63072000"

_HASHED: Final = re.compile(r"/assets/[^/]+-[\w-]{8}\.\w+", re.ASCII)
"""File names by Vite with a hash of the content; other names stay when the content changes."""

FOREVER: Final = "public, max-age=31536000, immutable"
_ASK_FIRST: Final = "no-cache"
_FOUND: Final = (200, 206, 304)
_NOT_MODIFIED: Final = 304
_NOT_FOUND: Final = 404


class SecurityHeaders:
    """ASGI middleware that adds the headers that an answer does not have yet.

    Args:
        app: The app that answers.
        settings: They say which hosts the pages may use, and whether the app is behind TLS.
        inline: Path -> the inline parts of the page; None when this server serves no pages. Each
            page has a policy of its own: nginx answers 502 when the headers of an answer are
            longer than 4 kB, and the policy of all pages together is nearly that.
        embedded: The paths of the pages that are made for a frame.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        inline: Mapping[str, Inline] | None,
        embedded: Iterable[str] = (),
    ) -> None:
        self._app = app
        self._is_behind_tls = is_behind_tls(settings)
        self._embedded = frozenset(embedded) if settings.embed_ancestors and inline else frozenset()
        pages = inline or {}
        self._policies = {
            path: page_policy(found, settings, is_embedded=path in self._embedded)
            for path, found in pages.items()
        }
        # Of a page that is not built at its own path.
        self._any_policy = FOR_OTHER_ANSWERS
        if pages:
            self._any_policy = page_policy(Inline.of_all(pages.values()), settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass all requests on, and add the headers to HTTP answers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message), message["status"], scope)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders, status: int, scope: Scope) -> None:
        # Exactly: a path that only begins so, such as /embed/../, can lead to any page.
        path = scope["path"].removesuffix("/") or routes.HOME
        is_embedded = path in self._embedded
        for name, value in (COMMON_IN_FRAMES if is_embedded else COMMON).items():
            headers.setdefault(name, value)
        # With 304 a browser keeps the page and its policy, so no new policy is sent.
        if status != _NOT_MODIFIED:
            is_page = headers.get("content-type", "").startswith("text/html")
            built_as = routes.NOT_FOUND if status == _NOT_FOUND else path
            policy = self._policies.get(built_as, self._any_policy)
            headers.setdefault(_POLICY, policy if is_page else FOR_OTHER_ANSWERS)
        if self._is_behind_tls or scope.get("scheme") == "https":
            # A browser that obeys it for this machine opens no other app on it any more.
            host = Headers(scope=scope).get("host", "")
            if not is_loopback_url(f"//{host}"):
                headers.setdefault(_HSTS, _HSTS_VALUE)
        is_hashed = status in _FOUND and _HASHED.fullmatch(scope["path"])
        headers.setdefault("Cache-Control", FOREVER if is_hashed else _ASK_FIRST)
        # Reflex's own server adds its name when there is no such header.
        headers["Server"] = ""


def is_behind_tls(settings: Settings) -> bool:
    """Tell whether users can reach the app by https only."""
    return all(origin.startswith("https:") for origin in settings.origins)


def headers_file(inline: Inline, settings: Settings, pages: Iterable[str] = ()) -> str:
    """Return a ``_headers`` file, as static hosts read it, for pages with these inline parts.

    Args:
        inline: The inline parts of all pages.
        settings: They say which hosts the pages may use, and who may show some in a frame.
        pages: The paths of the pages.
    """
    everywhere = COMMON | {_POLICY: page_policy(inline, settings)}
    framing: list[str] = []
    if settings.embed_ancestors:
        # A host sends the headers of all lines that fit, and a browser obeys each policy. So the
        # policy of everywhere says nothing of frames, and each page says it for itself. A browser
        # obeys X-Frame-Options where no policy does: at a path that is no page, or not exactly.
        everywhere = COMMON | {_POLICY: policy_of_sources(inline, settings)}
        for path in sorted(pages):
            ancestors = frame_ancestors(settings, is_embedded=routes.is_embedded(path))
            framing += [path, f"  {_POLICY}: {ancestors}"]
    if is_behind_tls(settings):
        everywhere[_HSTS] = _HSTS_VALUE
    lines = ["/*", *(f"  {name}: {value}" for name, value in everywhere.items()), *framing]
    return "\n".join([*lines, "/assets/*", f"  Cache-Control: {FOREVER}", ""])
