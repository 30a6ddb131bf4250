"""The pages' Content-Security-Policy: no inline script or style but those of the build itself.

Neither 'unsafe-inline' nor 'unsafe-eval' is in it. So in a page served in production no handler
may use what Reflex hands to ``eval``: ``rx.call_script``, ``rx.call_function``, ``rx.toast``.
"""

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Final, Self

from clerk_tinybird_app.clerk.publishable_key import PublishableKey
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.environment import origin_of

_INLINE_FILE: Final = "inline.json"

FOR_OTHER_ANSWERS: Final = "default-src 'none'; frame-ancestors 'none'"
"""The policy of whatever is no page: nothing runs in it, should a browser be made to show it."""

_INLINE_ELEMENTS: Final = ("script", "style")

# Clerk's UI and Reflex's own style library fill an empty element through the DOM.
_EMPTY_STYLE: Final = ""

# In @clerk/ui 1.36 the field for a code has this one, which makes its caret blink.
_CLERK_CARET: Final = "'sha256-KQDhUccuEkZUQDnfbVDeY+ev2LZ+73AQR7ro4JppAY8='"

# https://clerk.com/docs/guides/secure/best-practices/csp-headers: avatars, and the bot protection.
_CLERK_IMAGES: Final = "https://img.clerk.com"
_CLERK_CHALLENGES: Final = ("https://challenges.cloudflare.com", "https://*.protect.clerk.com")
_CLERK_PROTECTION: Final = "https://*.protect.clerk.com:*"


class UnknownPagesError(RuntimeError):
    """What the built pages hold inline is not known, so no policy can be made for them."""


@dataclass(frozen=True)
class Inline:
    """What the built pages hold inline, as a policy names it: ``'sha256-…'``, each once.

    Attributes:
        scripts: Of the script elements.
        styles: Of the style elements.
        style_attributes: Of the style attributes.
    """

    scripts: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    style_attributes: tuple[str, ...] = ()

    @classmethod
    def of(cls, pages: Iterable[str]) -> Self:
        """Collect what the HTML of ``pages`` holds."""
        reader = _InlineReader()
        for page in pages:
            reader.read(page)
        found = (reader.scripts, reader.styles, reader.style_attributes)
        return cls(*(tuple(sorted(map(_source, texts))) for texts in found))

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read what ``save`` has written.

        Raises:
            UnknownPagesError: It cannot be read; the text says what to do.
        """
        try:
            kept = json.loads(file.read_text(encoding="utf-8"))
            return cls(**{name: tuple(map(str, found)) for name, found in kept.items()})
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise UnknownPagesError(
                f"{file} cannot be read, and without it the browser would refuse every script of "
                f"the pages. Build the frontend again, for instance with `make prod`. ({error})"
            ) from error

    def save(self, file: Path) -> None:
        """Write it down for the server that will serve these pages."""
        file.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")


def inline_file(static_dir: Path) -> Path:
    """Return where it is kept what the pages in ``static_dir`` hold inline: never served."""
    return static_dir.parent / _INLINE_FILE


def page_policy(inline: Inline, settings: Settings) -> str:
    """Return the policy of the pages that hold ``inline``, with the services of ``settings``."""
    own_api = origin_of(settings.api_url)
    scripts, images, frames = ["'self'"], ["'self'", "data:"], ["'none'"]
    connections = ["'self'", _tinybird(settings)]
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
        # Allows these attributes and no other.
        styles += ["'unsafe-hashes'", *inline.style_attributes]
    directives = {
        "default-src": ["'none'"],
        "script-src": [*scripts, *inline.scripts],
        "style-src": styles,
        "img-src": images,
        "font-src": ["'self'"],
        "connect-src": connections,
        # Clerk's SDK makes its two workers of text.
        "worker-src": ["'self'", "blob:"],
        "frame-src": frames,
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(" ".join((name, *sources)) for name, sources in directives.items())


def _tinybird(settings: Settings) -> str:
    """Return the origin that the pages' example request goes to, for whoever runs it there."""
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
