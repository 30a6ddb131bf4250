"""The Content-Security-Policy of pages: it allows only inline scripts and styles of the build.

It contains neither 'unsafe-inline' nor 'unsafe-eval'. So in production no handler may use what
Reflex runs with ``eval``: ``rx.call_script``, ``rx.call_function``, ``rx.toast``.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Final, Self

from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.environment import origin_of

_INLINE_FILE: Final = "inline.json"

FOR_OTHER_ANSWERS: Final = "default-src 'none'; frame-ancestors 'none'"
"""The policy of answers that are no pages. It forbids everything, if a browser shows one."""

_INLINE_ELEMENTS: Final = ("script", "style")

# Clerk's UI and Reflex's style library add an empty style element and fill it by script.
_EMPTY_STYLE: Final = ""

# The style of the field for a code in @clerk/ui 1.36, which makes its caret blink.
_CLERK_CARET: Final = "'sha256-KQDhUccuEkZUQDnfbVDeY+ev2LZ+73AQR7ro4JppAY8='"

# https://clerk.com/docs/guides/secure/best-practices/csp-headers says: for avatars, and for the
# bot protection.
_CLERK_IMAGES: Final = "https://img.clerk.com"
_CLERK_CHALLENGES: Final = ("https://challenges.cloudflare.com", "https://*.protect.clerk.com")
_CLERK_PROTECTION: Final = "https://*.protect.clerk.com:*"


class UnknownPagesError(RuntimeError):
    """The inline parts of the built pages are not known, so there can be no policy for them."""


@dataclass(frozen=True)
class Inline:
    """The hashes of the inline parts of the built pages, as a policy names them: ``'sha256-…'``.

    Attributes:
        scripts: The hashes of the script elements.
        styles: The hashes of the style elements.
        style_attributes: The hashes of the style attributes.
    """

    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    style_attributes: tuple[str, ...] = ()

    @classmethod
    def of(cls, pages: Iterable[str]) -> Self:
        """Collect the hashes from the HTML of ``pages``."""
        reader = _InlineReader()
        for page in pages:
            reader.read(page)
        found = (reader.scripts, reader.styles, reader.style_attributes)
        return cls(*(tuple(sorted(map(_source, texts))) for texts in found))

    @classmethod
    def of_all(cls, inlines: Iterable[Self]) -> Self:
        """Return the hashes of several pages together."""
        parts = zip(*map(astuple, inlines), strict=True)
        return cls(*(tuple(sorted(set().union(*part))) for part in parts))


def save_pages(pages: Mapping[str, Inline], file: Path) -> None:
    """Write the hashes of pages, path -> hashes, for the server that will serve these pages."""
    kept = {path: asdict(inline) for path, inline in pages.items()}
    file.write_text(json.dumps(kept, indent=1), encoding="utf-8")


def load_pages(file: Path) -> dict[str, Inline]:
    """Read the file that ``save_pages`` has written.

    Raises:
        UnknownPagesError: It cannot be read; the text says what to do.
    """
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        return {
            path: Inline(**{name: tuple(map(str, found)) for name, found in inline.items()})
            for path, inline in kept.items()
        }
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UnknownPagesError(
            f"{file} cannot be read, and without it the browser would refuse every script of "
            "the pages. Delete this build and build again, for instance with `make prod`. "
            f"({error})"
        ) from error


def inline_file(static_dir: Path) -> Path:
    """Return the file with the hashes of the pages in ``static_dir``; it is never served."""
    return static_dir.parent / _INLINE_FILE


def frame_ancestors(settings: Settings, *, is_embedded: bool) -> str:
    """Return the directive of who may show a page in a frame: nobody, but for pages made for it."""
    origins = settings.embed_ancestors if is_embedded else ()
    return " ".join(("frame-ancestors", *(origins or ("'none'",))))


def page_policy(inline: Inline, settings: Settings, *, is_embedded: bool = False) -> str:
    """Return the policy of pages with these inline parts, for the services of ``settings``.

    Args:
        inline: The inline parts of the pages that it is for.
        settings: They name the services, and who may show a page in a frame.
        is_embedded: True for the pages that are made for a frame.
    """
    ancestors = frame_ancestors(settings, is_embedded=is_embedded)
    return f"{policy_of_sources(inline, settings)}; {ancestors}"


def policy_of_sources(inline: Inline, settings: Settings) -> str:
    """Return what is the same in the policies of all pages."""
    own_api = origin_of(settings.api_url)
    scripts, images, frames = ["'self'"], ["'self'", "data:"], ["'none'"]
    connections = ["'self'"]
    if settings.shows_token_page:
        # In the policies of all pages: whoever comes to it from another page keeps that one's.
        connections.append(_tinybird(settings))
    if own_api:
        connections += [own_api, own_api.replace("http", "ws", 1)]
    if settings.is_clerk_local:
        scripts += [own_api] if own_api else []
    else:
        clerk = f"https://{PublishableKey.parse(settings.clerk_publishable_key).host}"
        scripts += [clerk, *_CLERK_CHALLENGES]
        connections += [clerk, _CLERK_PROTECTION]
        images.append(_CLERK_IMAGES)
        frames = list(_CLERK_CHALLENGES)
    styles = ["'self'", _source(_EMPTY_STYLE), _CLERK_CARET, *inline.styles]
    if inline.style_attributes:
        # It allows the attributes with these hashes, and no other attributes.
        styles += ["'unsafe-hashes'", *inline.style_attributes]
    directives = {
        "default-src": ["'none'"],
        "script-src": [*scripts, *inline.scripts],
        "style-src": styles,
        "img-src": images,
        "font-src": ["'self'"],
        "connect-src": connections,
        # Clerk's SDK makes its two workers from text.
        "worker-src": ["'self'", "blob:"],
        "frame-src": frames,
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
    }
    return "; ".join(" ".join((name, *sources)) for name, sources in directives.items())


def _tinybird(settings: Settings) -> str:
    """Return the origin of the token page's example request, for who runs it in the console."""
    if settings.is_tinybird_local:
        return f"http://localhost:{settings.tb_local_port}"
    return settings.tinybird_api_url


def _source(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


class _InlineReader(HTMLParser):
    """Finds the inline scripts, styles and style attributes of pages."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.scripts: set[str] = set()
        self.styles: set[str] = set()
        self.style_attributes: set[str] = set()
        self._inside: str | None = None
        self._text: list[str] = []

    def read(self, page: str) -> None:
        self.feed(page)
        self.close()
        self.reset()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if style := given.get("style"):
            self.style_attributes.add(style)
        if tag in _INLINE_ELEMENTS and "src" not in given:
            self._inside, self._text = tag, []

    def handle_data(self, data: str) -> None:
        if self._inside:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            found = self.scripts if tag == "script" else self.styles
            found.add("".join(self._text))
            self._inside = None
