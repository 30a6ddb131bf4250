"""The files beside an exported frontend that tell its host, and the pages, what they must know.

The backend's address is known when the host starts, not when the pages are built. Until then its
place is held by a name that leads nowhere: in ``backend.js``, which the pages read, and in the
Content-Security-Policy, which has to allow it.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from clerk_tinybird_app import routes
from clerk_tinybird_app.serving.content_security import Inline, frame_ancestors, policy_of_sources
from clerk_tinybird_app.serving.security_headers import headers_file
from clerk_tinybird_app.settings import Settings
from clerk_tinybird_app.settings.environment import origin_of

NOWHERE: Final = "backend.invalid"
"""A name of the domain that never leads anywhere (RFC 2606)."""

_NGINX_BACKEND: Final = "$backend"

_NGINX_LONGEST: Final = 2_000
"""The most characters of a text in nginx's files; from 4,096 on it does not start."""


def static_host_files(inline: Inline, settings: Settings, pages: Iterable[str]) -> dict[str, str]:
    """Return name -> content of the files for the host of an exported frontend.

    - ``backend.js`` says where the backend is.
    - ``_headers`` is for Netlify and others.
    - ``_nginx.conf`` is the same for nginx; ``deploy/nginx-static.conf`` includes it.

    Args:
        inline: The inline parts of all pages.
        settings: They may name the backend's address.
        pages: The paths of the pages.
    """
    known = settings if settings.api_url else replace(settings, api_url=f"https://{NOWHERE}")
    paths = sorted(pages)
    return {
        routes.BACKEND_SCRIPT.strip("/"): f'window.backend = "{origin_of(known.api_url)}";\n',
        "_headers": headers_file(inline, known, paths),
        "_nginx.conf": _nginx(inline, known, paths),
    }


def _nginx(inline: Inline, settings: Settings, pages: Iterable[str]) -> str:
    """Return the maps from a request to the two headers that nginx cannot know."""
    parts = textwrap.wrap(
        policy_of_sources(inline, settings),
        _NGINX_LONGEST,
        break_long_words=False,
        break_on_hyphens=False,
    )
    names = [f"$pages_sources_{number}" for number in range(len(parts))]
    sources = " ".join(names)
    policies = {"default": f"{sources}; {frame_ancestors(settings, is_embedded=False)}"}
    framing = {"default": "DENY"}
    for path in pages:
        if settings.embed_ancestors and routes.is_embedded(path):
            # Exactly: a path that only begins so can lead to any page.
            exactly = rf'"~^{re.escape(path)}/?(\?|$)"'
            policies[exactly] = f"{sources}; {frame_ancestors(settings, is_embedded=True)}"
            # It knows no list of origins.
            framing[exactly] = ""
    maps = [
        *(_map("''", name, {"default": part}) for name, part in zip(names, parts, strict=True)),
        _map("$request_uri", "$pages_policy", policies),
        _map("$request_uri", "$pages_framing", framing),
    ]
    head = "# Made by `make export` for these very pages: their policy, and who may frame them.\n"
    return (head + "".join(maps)).replace(NOWHERE, _NGINX_BACKEND)


def _map(source: str, name: str, values: Mapping[str, str]) -> str:
    lines = "".join(f'    {key} "{value}";\n' for key, value in values.items())
    return f"map {source} {name} {{\n{lines}}}\n"
